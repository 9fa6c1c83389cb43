"""Findings for other programs: shapes they accept, whatever the pages hold."""

import json
from xml.etree import ElementTree as ET

import attrs
import pytest
from report_fixtures import COVERAGE, FINDINGS, HOSTILE

from kb.errors import UserError
from queries.formats import FORMATS, as_junit, as_sarif, as_text, formatted, observed

HOSTILE_FINDING = attrs.evolve(
    FINDINGS[0], summary=HOSTILE + "\x00\x0b\ufffe ]]> \n\n::error::", expected="\x1b[31m<&>", observed="a\nb\u2028c"
)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_text(form):
    assert formatted(COVERAGE.study, FINDINGS, form)


def test_unknown_format_names_those_there_are():
    with pytest.raises(UserError, match="expected one of text, json, sarif, junit"):
        formatted(COVERAGE.study, FINDINGS, "xml")


def test_json_counts_by_rule():
    plain = json.loads(formatted(COVERAGE.study, FINDINGS, "json"))
    assert sum(plain["counts"].values()) == len(FINDINGS) == len(plain["findings"])


def test_observed_passage_is_the_one_the_finding_is_about():
    assert observed(FINDINGS[0]).role == "observed"


def test_text_ends_with_the_counts():
    assert as_text(FINDINGS).splitlines()[-1].split(", ")[0].split()[0].isdigit()
    assert as_text([]) == "no findings"


def test_text_holds_no_terminal_escape():
    assert "\x1b" not in as_text([HOSTILE_FINDING])


def test_text_block_has_a_line_for_each_part():
    block = as_text([HOSTILE_FINDING]).split("\n\n")[0]
    assert len(block.splitlines()) == 6


def test_sarif_regions_are_the_passages():
    plain = as_sarif(FINDINGS)
    assert plain["version"] == "2.1.0"
    run = plain["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    for result, finding in zip(run["results"], FINDINGS, strict=True):
        region = result["locations"][0]["physicalLocation"]["region"]
        span = observed(finding).span
        assert (region["charOffset"], region["charLength"]) == (span.start, span.end - span.start)
        assert result["level"] in ("note", "warning", "error")
        assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_sarif_of_nothing_has_no_results():
    assert as_sarif([])["runs"][0]["results"] == []


def test_sarif_is_json_whatever_the_page_holds():
    assert json.loads(json.dumps(as_sarif([HOSTILE_FINDING])))


def test_junit_has_a_failed_case_for_each_finding():
    suite = ET.fromstring(as_junit(FINDINGS))
    assert suite.get("failures") == str(len(FINDINGS)) == str(len(suite.findall("testcase/failure")))


def test_junit_of_nothing_is_one_passed_case():
    suite = ET.fromstring(as_junit([]))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert suite.findall("testcase/failure") == []


def test_junit_is_xml_whatever_the_page_holds():
    suite = ET.fromstring(as_junit([HOSTILE_FINDING]))
    assert "<script>" in suite.find("testcase/failure").get("message")
