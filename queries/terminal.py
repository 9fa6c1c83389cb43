"""What the terminal shows at the end of a run. Page text is stripped of terminal controls first."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from queries.plain import counted, one_line
from queries.views import Count, FindingView, Piece, ReportView

_FINDINGS = 5
"""The report has them all."""

_STYLES: Final = {1: "", 2: "yellow", 3: "bold red"}


def summary(view: ReportView, console: Console) -> None:
    """Counts, the gravest findings with their words, and what stayed open."""
    console.print(Text(one_line(view.title), style="bold"))
    console.print(Text(one_line(view.lead)))
    console.print(Text(_captures(view), style="dim"))
    for finding in gravest(view.findings):
        console.print()
        _print_finding(finding, console)
    rest = len(view.findings) - _FINDINGS
    if rest > 0:
        console.print(Text(f"\n{counted(rest, 'more finding')} in the report"))
    if view.undetermined:
        console.print(Text("\nOpen:", style="bold"))
        for line in view.undetermined[:_FINDINGS]:
            console.print(Padding(Text(f"- {one_line(line)}"), (0, 0, 0, 2)))


def gravest(findings: Sequence[FindingView]) -> list[FindingView]:
    """The gravest of each kind, then the next gravest: not five of a kind while another kind waits."""
    firsts = {finding.label: finding for finding in reversed(findings)}
    ordered = sorted(findings, key=lambda finding: (finding is not firsts[finding.label], finding.number))
    return sorted(ordered[:_FINDINGS], key=lambda finding: finding.number)


def _captures(view: ReportView) -> str:
    parts = [f"{counted(view.captures_seen, 'capture')}: {view.kept:,} kept", *_aside(view.rejected)]
    if view.failed:
        parts.append(f"{view.failed:,} failed")
    return ", ".join(parts)


def _aside(counts: Sequence[Count]) -> list[str]:
    return [f"{each.count:,} {one_line(each.label)}" for each in counts]


def _print_finding(finding: FindingView, console: Console) -> None:
    severity = _STYLES[min(max(finding.severity, 1), 3)]
    head = Text.assemble((f"{finding.severity_label}: {finding.label}", severity), " · ")
    head.append(one_line(", ".join(finding.outlets)), style="bold")
    console.print(head)
    body = Text(one_line(finding.summary))
    if finding.truth == "unsettled":
        body.append(f"\nunsettled: {one_line(finding.observed)} / {one_line(finding.expected)}")
    elif finding.diff:
        body.append("\n").append_text(words(finding.diff))
    for source in finding.sources:
        for parent in source.parents[:1]:
            body.append(f"\n{one_line(source.outlet)}: {parent.relation} {one_line(parent.outlet)}", style="dim")
    console.print(Padding(body, (0, 0, 0, 2)))


def words(diff: Sequence[Piece]) -> Text:
    """A word diff that reads without colour: [-removed-] {+added+}, and three dots for what was not quoted."""
    shown = Text()
    for piece in diff:
        text = one_line(piece.text)
        match piece.op:
            case "removed":
                shown.append(f"[-{text}-]", style="red")
            case "added":
                shown.append(f"{{+{text}+}}", style="green")
            case "left-out":
                shown.append("…", style="dim")
            case "same":
                shown.append(text)
        shown.append(" ")
    shown.rstrip()
    return shown
