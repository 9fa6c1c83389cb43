"""Looking through a news archive, against FastWARC's bare iteration and trafilatura on every page.

    python -m bench backfill [--records RECORDS] [--every EVERY]

The archive is made of the pages given, repeated, and one page of the newsroom in every `--every`. All three read the
same file in this process, one after the other, twice; the least CPU time of each counts. What the bare iteration does
is what any reader must: undo the compression and find the next record. The pages found are compared with those that
`crawler.focus` keeps when it judges every page whole.
"""

import gzip
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from bench.newsroom import NEWSROOM
from crawler.focus import judge
from crawler.pages import read_page
from crawler.sifting import Piece, Sifting
from crawler.spiders import FetchedPage
from crawler.terms import terms_of
from kb import study as studies
from kb.claims import Study

Value = TypeVar("Value")
PAGES = Path("../shared/data/pages/pages.jsonl.gz")
MAX_BYTES = 10_000_000
EXTRACTED = 200
"""Pages that trafilatura reads; its time for one is multiplied."""


def run(
    pages: Path = PAGES, study: Path = NEWSROOM / "claims.yaml", records: int = 4_000, every: int = 500
) -> Mapping[str, Any]:
    """Records per CPU second of each way, ratios, and whether the same pages were found."""
    loaded = studies.load(study)
    with tempfile.TemporaryDirectory(prefix="retold-bench-") as folder:
        file = Path(folder) / "news.warc.gz"
        plain = _write(file, pages, records, every)
        sifting, compiling = _timed(lambda: _compiled(loaded))
        bare = min(_timed(lambda: _bare(file))[1] for _ in range(2))
        ours = [_timed(lambda: sifting.sift(Piece(str(file)))) for _ in range(2)]
        seconds = min(spent for _, spent in ours)
        found = sorted(item.capture.final_url for _, item in ours[0][0].found if isinstance(item, FetchedPage))
        extracted = _extracting(file) * records
        kept = sorted(_judged_whole(file, loaded))
        size = file.stat().st_size
    return {
        "records": records,
        "bytes": plain,
        "file_bytes": size,
        "records_per_cpu_s": {
            "fastwarc": round(records / bare),
            "retold": round(records / seconds),
            "trafilatura": round(records / extracted, 1),
        },
        "of_fastwarc": round(bare / seconds, 3),
        "times_trafilatura": round(extracted / seconds, 1),
        "compiling_s": round(compiling, 2),
        "found": len(found),
        "judged_whole": len(kept),
        "same": found == kept,
    }


def _write(file: Path, pages: Path, records: int, every: int) -> int:
    with gzip.open(pages, "rt", encoding="utf-8") as lines:
        others = [str(json.loads(line)["html"]).encode() for line in lines]
    own = [path.read_bytes() for path in sorted((NEWSROOM / "sites").rglob("*.html"))]
    size = 0
    with file.open("wb") as opened:
        writer = WARCWriter(opened, gzip=True)
        for number in range(records):
            on, nth = number % every == every // 2, number // every
            body = own[nth * 7 % len(own)] if on else others[number % len(others)]
            http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], "HTTP/1.1")
            url = f"https://{'on' if on else 'off'}.example/{number}"
            date = {"WARC-Date": f"2026-05-{1 + number % 28:02d}T10:00:00Z"}
            writer.write_record(
                writer.create_warc_record(
                    url, "response", io.BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=date
                )
            )
            size += len(body)
    return size


def _compiled(study: Study) -> Sifting:
    sifting = Sifting([study], MAX_BYTES)
    sifting.compile()
    return sifting


def _bare(file: Path) -> int:
    return sum(1 for _ in ArchiveIterator(str(file), record_types=WarcRecordType.response, parse_http=False))


def _bodies(file: Path) -> Iterator[tuple[str, bytes]]:
    for record in ArchiveIterator(str(file), record_types=WarcRecordType.response, auto_decode="all"):
        yield str(record.headers.get("WARC-Target-URI")), record.reader.read()


def _extracting(file: Path) -> float:
    """CPU seconds of trafilatura for one page."""
    bodies = [body for _, (_, body) in zip(range(EXTRACTED), _bodies(file), strict=False)]
    return _timed(lambda: [trafilatura.extract(body) for body in bodies])[1] / len(bodies)


def _judged_whole(file: Path, study: Study) -> Iterator[str]:
    terms = terms_of(study)
    known: dict[bytes, bool] = {}
    for url, body in _bodies(file):
        if body not in known:
            page = read_page(body, "utf-8", "text/html", url)
            known[body] = page is not None and judge(page, terms).relation != "off"
        if known[body]:
            yield url


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    started = time.process_time()
    value = work()
    return value, time.process_time() - started
