"""CSV, JSON Lines, BibTeX and OPML, read by the libraries of others."""

import csv
import io
import json
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from held import AT, COVERAGE, HOSTILE, LOUD, NOTHING, SAID, SHOCKED, finding, held, judgement
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pybtex.database import BibliographyData, parse_string
from pybtex.richtext import Text as RichText

from crawler.entries import Named
from crawler.lists import read_opml
from queries.bibliography import bibtex, tex
from queries.holdings import Holdings
from queries.options import Table
from queries.outlines import opml
from queries.plain import one_line
from queries.rows import FORMULA, cell, write_csv, write_jsonl


def written(write: Callable[..., int], of: Holdings, *rest: Any) -> str:
    out = io.StringIO(newline="")
    write(of, out, *rest)
    return out.getvalue()


def table(of: Holdings, which: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(write_csv, of, which).removeprefix("\ufeff"), newline="")))


# --- Tables ------------------------------------------------------------------------------------------------


@given(st.one_of(st.text(), st.builds(str.__add__, st.sampled_from((*FORMULA, " =", "\x00=")), st.text())))
def test_no_cell_starts_a_formula_and_none_loses_a_word(text):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([cell(text), cell(text)])
    ((first, second),) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert first == second
    assert not first.startswith(FORMULA)
    assert first.removeprefix("'") == one_line(text).removeprefix("'")


@pytest.mark.parametrize("which", Table)
def test_hostile_pages_fill_no_other_cell_and_compute_nothing(which):
    found = table(held(finding(1, summary=HOSTILE, expected=HOSTILE)), which)
    assert found
    assert all(None not in row and None not in row.values() for row in found)
    assert not any(value.startswith(FORMULA) for row in found for value in row.values())
    assert all(row["retold"] == "0.1.0" for row in found)


def test_excel_knows_the_encoding():
    assert written(write_csv, held(), Table.QUOTES).encode().startswith(b"\xef\xbb\xbf")


def test_quotes_have_their_verdict():
    found = {row["text"]: (row["reference"], row["verdict"]) for row in table(held(), Table.QUOTES)}
    assert found[SAID] == ("surprised", "verbatim")
    assert found[SHOCKED] == ("surprised", "altered")


def test_findings_have_status_and_places():
    (row,) = table(held(finding(1), judged=(judgement("finding:1", "rejected"),)), Table.FINDINGS)
    assert (row["status"], row["observed_urls"]) == ("rejected", "https://ledger.example/a|b")


def test_lines_hold_the_article_as_it_was_read():
    rows = [json.loads(line) for line in written(write_jsonl, held(), Table.ARTICLES).splitlines()]
    assert [row["text"] for row in rows] == [retelling.text.text for retelling in COVERAGE.retellings]
    assert {row["title"] for row in rows} >= {HOSTILE}


@pytest.mark.parametrize("which", Table)
def test_nothing_held_gives_a_header_and_no_line(which):
    assert len(written(write_csv, NOTHING, which).splitlines()) == 1
    assert written(write_jsonl, NOTHING, which) == ""


# --- BibTeX ------------------------------------------------------------------------------------------------


# pybtex's reader of LaTeX leaves these names as they are, and dollars escaped.
_NAMES = {"textless": "<", "textgreater": ">", "textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^"}
_NAMED = re.compile(rf"\\({'|'.join(_NAMES)}) ?")


def references(of: Holdings) -> BibliographyData:
    return parse_string(written(bibtex, of), "bibtex")


def test_bibtex_has_documents_and_articles():
    found = references(held())
    paper = found.entries["document-paper"]
    assert (paper.fields["year"], paper.fields["month"], paper.fields["date"]) == ("2026", "April", "2026-04-01")
    assert len(found.entries) == 1 + len(COVERAGE.retellings)
    ledger = next(e for e in found.entries.values() if e.fields.get("howpublished") == "ledger.example")
    assert ledger.fields["url"] == "https://ledger.example/a%7Cb"
    assert [str(person) for person in ledger.persons["author"]] == ["Wu, Ann"]


def test_hostile_title_breaks_no_entry_and_comes_back_from_latex():
    found = references(held())
    loud = next(e for e in found.entries.values() if e.fields["title"].startswith("{=HYPER"))
    read = _NAMED.sub(lambda found: _NAMES[found[1]], str(RichText.from_latex(loud.fields["title"])))
    assert read.replace("\\$", "$") == one_line(HOSTILE)
    assert "url" not in loud.fields
    assert len(loud.persons["author"]) == 2


@given(st.text())
def test_any_title_is_one_field(text):
    (entry,) = parse_string(
        f"@misc{{a,\n  title = {{{{{tex(text)}}}}},\n  year = {{2026}}\n}}", "bibtex"
    ).entries.values()
    assert entry.fields["year"] == "2026"
    assert entry.fields["title"].count("{") == entry.fields["title"].count("}")


def test_document_that_is_part_of_the_coverage_stands_once():
    paper = LOUD.article.canonical_url
    of = held()
    assert sum(e.fields.get("url") == paper for e in references(of).entries.values()) == 0
    study = of.coverage.study
    assert len(references(of).entries) == len(study.documents) + len(of.coverage.retellings)


def test_nothing_held_gives_an_empty_bibliography_with_the_version():
    assert len(references(NOTHING).entries) == 0
    assert "retold 0.1.0" in written(bibtex, NOTHING)


# --- OPML --------------------------------------------------------------------------------------------------


# OPML 2.0 (opml.org/spec2.opml): head, body, and what an outline of type rss must have.
OPML = etree.RelaxNG(
    etree.fromstring(
        """<element name="opml" xmlns="http://relaxng.org/ns/structure/1.0">
  <attribute name="version"><value>2.0</value></attribute>
  <element name="head"><interleave>
    <optional><element name="title"><text/></element></optional>
    <optional><element name="dateCreated"><text/></element></optional>
  </interleave></element>
  <element name="body"><oneOrMore><element name="outline">
    <attribute name="text"/><optional><attribute name="title"/></optional>
    <zeroOrMore><element name="outline">
      <attribute name="type"><value>rss</value></attribute>
      <attribute name="text"/><attribute name="title"/><attribute name="xmlUrl"/>
    </element></zeroOrMore>
  </element></oneOrMore></element>
</element>"""
    )
)


def test_add_takes_the_feeds_and_search_services_are_left_out():
    found = list(read_opml(written(opml, held()).encode(), "feeds.opml"))
    assert all(isinstance(entry, Named) and entry.feed for entry in found)
    assert [entry.url for entry in found] == ["https://harbour.example/rss?a=1&b=2", "https://all.example/feed"]


def test_outlines_have_what_opml_demands():
    for of in (held(), NOTHING):
        root = etree.fromstring(written(opml, of).encode())
        OPML.assertValid(etree.ElementTree(root))
        assert parsedate_to_datetime(root.findtext("head/dateCreated")) == AT
        assert b"retold 0.1.0" in etree.tostring(root)


def test_name_of_a_source_stays_a_name():
    groups = etree.fromstring(written(opml, held()).encode()).findall("body/outline")
    assert [group.get("text") for group in groups] == ["Harbour <b>& Gazette", "Further feeds"]
