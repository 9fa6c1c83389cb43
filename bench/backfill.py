"""Looking through a news archive, against FastWARC's bare iteration and trafilatura on every page.

    python -m bench backfill [--records RECORDS] [--every EVERY] [--studies STUDIES]

The archive is made of the pages given, repeated, and one page of the newsroom in every `--every`. All three read the
same file in this process, one after the other, twice; the least CPU time of each counts. What the bare iteration does
is what any reader must: undo the compression and find the next record. The pages found are compared with those that
`crawler.focus` keeps when it judges every page whole.

With `--studies`, as many are looked for in one pass, the newsroom's and invented ones (`bench.invented`), beside a pass
for the newsroom's alone. A second archive has three pages on each: by a speaker's name, by its title, by half a quote;
there each study's pages are compared with those that a pass of its own finds.
"""

import gzip
import html
import io
import json
import pickle
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from bench import invented
from bench.newsroom import NEWSROOM
from crawler.focus import judge
from crawler.pages import read_page
from crawler.prefilter import Prefilter
from crawler.sifting import Piece, Sifted, Sifting
from crawler.spiders import FetchedPage
from crawler.terms import terms_of
from kb import study as claims
from kb.claims import Study

Value = TypeVar("Value")
PAGES = Path("../shared/data/pages/pages.jsonl.gz")
MAX_BYTES = 10_000_000
EXTRACTED = 200
"""Pages that trafilatura reads; its time for one is multiplied."""
SCANNED = 450
"""Pages that are held in memory to time the scan alone."""


def run(
    pages: Path = PAGES,
    study: Path = NEWSROOM / "claims.yaml",
    records: int = 4_000,
    every: int = 500,
    studies: int = 1,
) -> Mapping[str, Any]:
    """Records per CPU second of each way, ratios, and whether the same pages were found."""
    loaded = claims.load(study)
    with tempfile.TemporaryDirectory(prefix="retold-bench-") as folder:
        file = Path(folder) / "news.warc.gz"
        plain = _write(file, pages, records, every)
        bare = min(_timed(lambda: _bare(file))[1] for _ in range(2))
        seconds, compiling, sifted = _sifting([loaded], file)
        found = _kept(sifted, 0)
        wanted = [loaded, *invented.studies(studies - 1)]
        several = _several(wanted, file, seconds, len(sifted.found)) if studies > 1 else {}
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
        **several,
    }


def _sifting(several: Sequence[Study], file: Path) -> tuple[float, float, Sifted]:
    """CPU seconds of a pass, the lesser of two, and of compiling before it; what was found."""
    sifting, compiling = _timed(lambda: _compiled(several))
    ours = [_timed(lambda: sifting.sift(Piece(str(file)))) for _ in range(2)]
    return min(spent for _, spent in ours), compiling, ours[0][0]


def _several(several: Sequence[Study], file: Path, alone: float, judged: int) -> Mapping[str, Any]:
    """A pass for all beside one for the first, which took `alone`; and whether each has the pages of its own pass."""
    before = _resident()
    held = _compiled(several)
    resident = _resident() - before
    seconds, compiling, sifted = _sifting(several, file)
    scanned, first = _scanning(several, file), _scanning(several[:1], file)
    told = {
        "studies": len(several),
        "of_one_study": round(alone / seconds, 3),
        "scanned_of_one_study": round(scanned / first, 3),
        "scanned_mb_per_cpu_s": {"one": round(first), "all": round(scanned)},
        "judged": {"one": judged, "all": len(sifted.found)},
        "compiling_s": round(compiling, 2),
        "resident_mb": round(resident / 1e6, 1),
        "pickled_mb": round(len(pickle.dumps(held)) / 1e6, 1),
    }
    small = file.with_name("small.warc.gz")
    with small.open("wb") as opened:
        writer = WARCWriter(opened, gzip=True)
        for number, page in enumerate(_on_each(several)):
            _add(writer, f"https://each.example/{number}", page, 1)
    together = _compiled(several).sift(Piece(str(small)))
    own = [_kept(_compiled([study]).sift(Piece(str(small))), 0) for study in several]
    same = [_kept(together, at) for at in range(len(several))] == own
    return {"several": told | {"pages_of_all": sum(map(len, own)), "same_as_own_passes": same}}


def _scanning(several: Sequence[Study], file: Path) -> float:
    """Megabytes per CPU second of the scan alone, the better of two; what is compiled on the way is there by then."""
    bodies = [body for _, (_, body) in zip(range(SCANNED), _bodies(file), strict=False)]
    prefilter = Prefilter([(study, terms_of(study)) for study in several])
    seconds = min(_timed(lambda: [prefilter.stirs(body) for body in bodies])[1] for _ in range(2))
    return sum(map(len, bodies)) / seconds / 1e6


def _on_each(several: Sequence[Study]) -> Iterator[bytes]:
    filler = "<p>The council met on Tuesday and spoke about the budget, the roads and the weather of the year.</p>" * 5
    for study in several:
        said = study.quotes[0].text.split()
        for words in (study.speakers[0].name, study.title, " ".join(said[: max(8, len(said) // 2)])):
            told = f"<p>As was said there: {html.escape(words)} &mdash; and more was told of it.</p>"
            yield f"<html><body><article><h1>{study.title}</h1>{told}{filler}</article></body></html>".encode()


def _kept(sifted: Sifted, study: int) -> list[str]:
    return sorted(item.capture.final_url for at, item in sifted.found if at == study and isinstance(item, FetchedPage))


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


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
            _add(writer, f"https://{'on' if on else 'off'}.example/{number}", body, 1 + number % 28)
            size += len(body)
    return size


def _add(writer: WARCWriter, url: str, body: bytes, day: int) -> None:
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], "HTTP/1.1")
    date = {"WARC-Date": f"2026-05-{day:02d}T10:00:00Z"}
    writer.write_record(
        writer.create_warc_record(
            url, "response", io.BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=date
        )
    )


def _compiled(several: Sequence[Study]) -> Sifting:
    sifting = Sifting(several, MAX_BYTES)
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
