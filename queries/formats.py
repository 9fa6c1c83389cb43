"""Findings for other programs: SARIF 2.1.0 for code hosts and editors, JUnit XML for build servers, plain text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from kb.claims import Study
from kb.errors import UserError
from queries.check import Finding, Passed
from queries.plain import json_text, one_line
from queries.report import check_json

FORMATS = ("text", "json", "sarif", "junit")
OPEN: Mapping[str, str] = MappingProxyType({})
"""Nobody has decided anything."""
_LEVELS = {1: "note", 2: "warning", 3: "error"}


def formatted(study: Study, findings: Sequence[Finding], form: str, status: Mapping[str, str] = OPEN) -> str:
    """The findings in one of `FORMATS`; `status`: what people decided, by finding id.

    What was rejected is told as such in JSON and text and left out for programs that would fail on it.
    """
    match form:
        case "text":
            return as_text(findings, status)
        case "json":
            return json_text(check_json(study.slug, findings, status), 2)
        case "sarif":
            return json_text(as_sarif(_standing(findings, status)), 2)
        case "junit":
            return as_junit(_standing(findings, status))
        case _:
            raise UserError(f"--format {form!r}: expected one of {', '.join(FORMATS)}")


def _standing(findings: Sequence[Finding], status: Mapping[str, str]) -> list[Finding]:
    return [finding for finding in findings if status.get(finding.id) != "rejected"]


def observed(finding: Finding) -> Passed:
    """The passage that a finding is about."""
    return next((passed for passed in finding.evidence if passed.role == "observed"), finding.evidence[0])


def as_text(findings: Sequence[Finding], status: Mapping[str, str] = OPEN) -> str:
    """A block for each finding: where, what, and the two wordings."""
    blocks = []
    for finding in findings:
        place = observed(finding).retelling
        lines = [
            f"{finding.rule} (severity {finding.severity}, confidence {finding.confidence:.2f}, {finding.truth}, "
            f"{status.get(finding.id, 'open')})",
            f"  {finding.id}",
            f"  {place.article.canonical_url}",
            f"  {one_line(finding.summary)}",
            f"  expected: {one_line(finding.expected)}",
            f"  observed: {one_line(finding.observed)}",
        ]
        blocks.append("\n".join(lines))
    counts = Counter(finding.rule for finding in findings)
    total = ", ".join(f"{count} {rule}" for rule, count in sorted(counts.items())) or "no findings"
    return "\n\n".join([*blocks, total])


def as_sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """SARIF 2.1.0 with regions in code points (`charOffset`, `charLength`)."""
    rules = sorted({finding.rule for finding in findings})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "retold", "rules": [{"id": str(rule)} for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding) for finding in findings],
            }
        ],
    }


def _sarif_result(finding: Finding) -> dict[str, Any]:
    passed = observed(finding)
    region = {"charOffset": passed.span.start, "charLength": passed.span.end - passed.span.start}
    return {
        "ruleId": str(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.summary} Expected: {finding.expected}"},
        "partialFingerprints": {"retold/v1": finding.id},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": passed.retelling.article.canonical_url},
                    "region": region,
                }
            }
        ],
        "properties": {"confidence": finding.confidence, "truth": finding.truth},
    }


def as_junit(findings: Sequence[Finding]) -> str:
    """JUnit XML: a failed case for each finding, one passed case when there is none."""
    count = str(len(findings))
    suite = ET.Element("testsuite", name="retold check", tests=str(max(1, len(findings))), failures=count)
    if not findings:
        ET.SubElement(suite, "testcase", classname="retold", name="no findings")
    for finding in findings:
        where = observed(finding).retelling.article.canonical_url
        case = ET.SubElement(suite, "testcase", classname=str(finding.rule), name=_xml_line(where))
        failure = ET.SubElement(case, "failure", type=str(finding.rule), message=_xml_line(finding.summary))
        failure.text = f"expected: {_xml_line(finding.expected)}\nobserved: {_xml_line(finding.observed)}"
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def _xml_line(text: str) -> str:
    """XML has no place for two code points that a page may hold."""
    return one_line(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
