"""Reports that are too large for one file: what stands where, and that every link finds it."""

import re
from pathlib import Path
from urllib.parse import unquote

import attrs
import pytest
from report_fixtures import report

from queries.asking import write
from queries.report import render_files, render_html
from queries.sheets import HEAD, ON_A_SHEET, WHOLE, entries, layout
from queries.views import ReportView

MANY = 1_200


def large(articles: int = MANY, findings: int = 120) -> ReportView:
    """The small report with its rows, findings and captures many times over, numbered anew."""
    small = report()
    assert small.overview
    captures = [
        attrs.evolve(small.captures[0], number=n, citation=attrs.evolve(small.captures[0].citation, capture=n))
        for n in range(1, articles + 1)
    ]
    rows = tuple(attrs.evolve(small.overview.rows[0], citation=each.citation) for each in captures)
    found = tuple(
        attrs.evolve(each, number=n, proofs=tuple(attrs.evolve(p, citation=captures[-n].citation) for p in each.proofs))
        for n, each in enumerate(small.findings * (findings // 3), start=1)
    )
    quote, *others = small.threads
    printed = tuple(attrs.evolve(quote.rows[1], citation=each.citation) for each in captures[:700])
    return attrs.evolve(
        small,
        findings=found,
        captures=tuple(captures),
        overview=attrs.evolve(small.overview, rows=rows),
        threads=(attrs.evolve(quote, rows=printed, findings=(1, 119)), *others),
    )


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return dict(render_files(large(), "naps report.html"))


def ids(html: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', html)


def test_an_ordinary_report_is_one_file_as_ever() -> None:
    assert dict(render_files(report(), "report.html")) == {"report.html": render_html(report())}


def test_a_report_at_the_limit_is_one_file_and_one_entry_more_makes_it_several() -> None:
    base = large(articles=600, findings=3)
    spare = WHOLE - sum(map(len, entries(base).values()))
    full = attrs.evolve(base, findings=base.findings + base.findings[:1] * spare)
    assert layout(full, "r.html").sheets == {}
    assert layout(attrs.evolve(full, findings=full.findings + full.findings[:1]), "r.html").sheets


def test_each_entry_stands_on_exactly_one_sheet(files: dict[str, str]) -> None:
    sheets = [html for path, html in files.items() if "/" in path]
    found = [name for html in sheets for name in ids(html)]
    assert sorted(name for name in found if re.fullmatch(r"finding-\d+", name)) == sorted(
        f"finding-{n}" for n in range(1, 121)
    )
    assert [name for name in found if name.startswith("capture-")] == [f"capture-{n}" for n in range(1, MANY + 1)]


def test_sheets_hold_every_row_of_a_list(files: dict[str, str]) -> None:
    for of, total in (("coverage", MANY), ("quote-surprised", 700)):
        parts = [html for path, html in files.items() if path.startswith(f"naps report-pages/{of}-")]
        assert [html.count('<tr role="row">') - 1 for html in parts] == [
            min(ON_A_SHEET, total - start) for start in range(0, total, ON_A_SHEET)
        ]


def test_every_link_between_the_files_finds_its_target(files: dict[str, str]) -> None:
    targets = {path: set(ids(html)) for path, html in files.items()}
    links = 0
    for path, html in files.items():
        for href in re.findall(r'href="([^"]+)"', html):
            if not href.startswith("http"):
                file, _, anchor = href.partition("#")
                there = str(Path(path).parent / unquote(file)).replace("naps report-pages/../", "") if file else path
                assert there in targets, (path, href)
                assert not anchor or anchor in targets[there], (path, href)
                links += 1
    assert links > MANY


def test_the_first_file_has_the_gravest_findings_and_says_where_all_are(files: dict[str, str]) -> None:
    first = files["naps report.html"]
    assert "finding-50" in ids(first)
    assert "finding-51" not in ids(first)
    assert f"The first {HEAD} of 120 findings stand here." in first
    assert 'href="naps%20report-pages/findings-1.html"' in first


def test_a_finding_past_the_head_is_linked_where_it_stands(files: dict[str, str]) -> None:
    assert 'href="naps%20report-pages/findings-1.html#finding-119">finding 119</a>' in files["naps report.html"]


def test_short_lists_of_a_large_report_stay_whole(files: dict[str, str]) -> None:
    assert not any("rosters" in path or "errors-fell" in path for path in files)
    assert 'id="quote-rosters"' in files["naps report.html"]


def test_heads_are_shorter_where_many_quotes_share_the_first_file() -> None:
    base = large()
    threads = tuple(attrs.evolve(base.threads[0], slug=f"q{n}") for n in range(100))
    planned = layout(attrs.evolve(base, threads=threads), "r.html")
    assert len(planned.head("quote-q1", base.threads[0].rows)) == 10
    assert len(planned.head("findings", base.findings)) == HEAD


def test_ids_are_unique_in_each_file(files: dict[str, str]) -> None:
    assert all(len(ids(html)) == len(set(ids(html))) for html in files.values())


def test_sheets_run_no_script_and_ask_no_network(files: dict[str, str]) -> None:
    assert all("default-src 'none'" in html and "<script>" not in html for html in files.values())


def test_the_same_report_gives_the_same_files(files: dict[str, str]) -> None:
    assert dict(render_files(large(), "naps report.html")) == files


def test_written_sheets_replace_those_of_an_earlier_report(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert write(large(), "html", target) == 9
    own = tmp_path / "report-pages" / "notes-1.html"
    own.write_text("mine")
    assert write(large(findings=3, articles=1_400), "html", target) == 8
    left = {path.name for path in own.parent.iterdir()}
    assert not any(name.startswith("findings") for name in left)
    assert write(report(), "html", target) == 0
    assert [path.name for path in own.parent.iterdir()] == [own.name]
    own.unlink()
    write(large(), "html", target)
    write(report(), "html", target)
    assert not own.parent.exists()
    assert target.read_text(encoding="utf-8") == render_html(report())


def test_other_formats_and_what_is_no_file_get_the_whole(tmp_path: Path) -> None:
    assert write(large(), "json", tmp_path / "report.json") == 0
    assert not (tmp_path / "report-pages").exists()
    assert write(large(), "html", Path("/dev/null")) == 0
