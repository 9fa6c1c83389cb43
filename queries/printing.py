"""What commands print for people: progress bars, counts, hits, traces. Page text is stripped of control characters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from queries import phrases
from queries.listing import NOTHING_YET
from queries.plain import counted as counted_noun
from queries.plain import one_line, unread_told

if TYPE_CHECKING:
    from crawler.backfill import BackfillSummary
    from crawler.imports import ImportSummary
    from crawler.runner import CrawlEvent, CrawlSummary
    from kb.pipeline import BuildSummary
    from kb.speakers import Voice
    from kb.workspace import Workspace
    from queries.review import Case
    from queries.trace import Trace


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage of a build."""
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done)

        yield advance


@contextmanager
def crawling(console: Console) -> Iterator[Callable[["CrawlEvent"], None]]:
    """A running count of what a crawl does."""
    with console.status("crawling") as status:
        counts: dict[str, int] = {}

        def on_event(event: "CrawlEvent") -> None:
            counts[event.action] = counts.get(event.action, 0) + 1
            status.update("crawling: " + counted(counts))

        yield on_event


class Output(Console):
    """Standard output for people: lines are not folded, and a reader that closes the pipe is no error."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(file=out, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def counted(counts: Mapping[str, int]) -> str:
    """`12 kept, 3 dropped`; `nothing` for no counts."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count) or "nothing"


def captured(workspace: "Workspace", notes: Console) -> None:
    """Say so when there is nothing to answer from, or not all of it: silence would read as a clean result."""
    unread = workspace.reader.unread()
    if unread:
        notes.print(unread_told(unread), style="yellow")
    elif not workspace.store.count_snapshots():
        notes.print(NOTHING_YET)


def cases(shown: Sequence["Case"], out: TextIO) -> None:
    """The queue: what is to be decided, with the id that `review confirm` takes."""
    console = Output(out)
    for case in shown:
        verdict = "lost" if case.lost else case.judgement.verdict if case.judgement else "open"
        console.print(f"{verdict:<9} {case.confidence:.2f}  {escape(one_line(case.summary))}")
        console.print(f"          {escape(one_line(case.subject))}", style="dim")
        if case.judgement and case.judgement.note:
            console.print(f"          {escape(one_line(f'{case.judgement.user}: {case.judgement.note}'))}")


def revisions(made: Sequence[Mapping[str, Any]], out: TextIO) -> None:
    """Old and new wording of what changed, under the address and the two capture times."""
    console = Output(out)
    for revision in made:
        times = f"{revision['before']['captured_at']} -> {revision['after']['captured_at']}"
        marks = ", ".join(note["kind"] for note in revision["marked"]) or "nothing marks it"
        console.print(escape(one_line(f"{revision['url']}  {times}  {revision['extent']}, {marks}")), style="bold")
        for sign, words in _changes(revision):
            console.print(f"  {sign} {escape(one_line(words))}")


def _changes(revision: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for change in revision["changed"]:
        yield "-", change["before"]
        yield "+", change["after"]
    for words in revision["dropped"]:
        yield "-", words
    for words in revision["added"]:
        yield "+", words
    for note in revision["marked"]:
        yield "!", note["text"]


def speakers(found: Sequence["Voice"], counts: Mapping[str, int], out: TextIO) -> None:
    """A line for each speaker, other spellings behind it; doubtful ones with a question mark."""
    console = Output(out)
    for voice in found:
        others = [
            f"{spelling}{'?' if spelling in voice.doubtful else ''} ({counts[spelling]})"
            for spelling in voice.spellings
            if spelling != voice.name
        ]
        total = sum(counts[spelling] for spelling in voice.spellings)
        also = f"  also: {', '.join(others)}" if others else ""
        console.print(escape(one_line(f"{total:>5}  {voice.name}{also}")))


def crawled(summary: "CrawlSummary", console: Console, *, asks: bool) -> None:
    """`asks`: the study names ways in, which may all rest."""
    console.print(f"crawl     {counted(summary.counts)} in {summary.seconds:.1f} s")
    for error in summary.errors:
        console.print(f"  {escape(one_line(f'{error.url}: {error.reason}'))}", style="yellow")
    if summary.stopped:
        console.print(f"  stopped early: {escape(one_line(summary.stopped))}", style="yellow")
    if not (asks or summary.requests or summary.counts or summary.errors):
        console.print(
            "  nothing was asked: name feeds, sitemaps or pages of `sources` in claims.yaml, or `feeds` with {query}",
            style="yellow",
        )


def crawled_json(summary: "CrawlSummary") -> Mapping[str, object]:
    return {
        "counts": dict(summary.counts),
        "errors": [{"url": error.url, "reason": error.reason} for error in summary.errors],
        "stopped": summary.stopped or None,
        "seconds": round(summary.seconds, 3),
        "complete": summary.complete,
    }


def imported(summary: "ImportSummary", console: Console) -> None:
    console.print(f"add       {counted(summary.counts)}")
    for problem in summary.problems:
        console.print(f"  {escape(one_line(f'{problem.where}: {problem.what}'))}", style="yellow")
    for error in summary.crawled.errors if summary.crawled else ():
        console.print(f"  {escape(one_line(f'{error.url}: {error.reason}'))}", style="yellow")


def imported_json(summary: "ImportSummary") -> Mapping[str, object]:
    return {
        "counts": dict(summary.counts),
        "problems": [str(problem) for problem in summary.problems],
        "complete": summary.complete,
    }


def backfilled(summary: "BackfillSummary", console: Console) -> None:
    read = counted_noun(summary.files, "file")
    before = f", {summary.already} read before" if summary.already else ""
    console.print(f"backfill  {read}, {counted_noun(summary.records, 'record')}{before}")
    for study, counts in summary.counts.items():
        console.print(f"  {study}: {counted(counts) or 'nothing found'}", markup=False)
    for reason, count in summary.passed.items():
        console.print(f"  {counted_noun(count, 'record')} {reason}", style="yellow")
    for problem in summary.problems:
        console.print(f"  {escape(one_line(f'{problem.where}: {problem.what}'))}", style="yellow", soft_wrap=True)


def backfilled_json(summary: "BackfillSummary") -> Mapping[str, object]:
    return {
        "files": summary.files,
        "already": summary.already,
        "records": summary.records,
        "studies": {study: dict(counts) for study, counts in summary.counts.items()},
        "passed": dict(summary.passed),
        "problems": [{"file": problem.where, "problem": problem.what} for problem in summary.problems],
        "complete": summary.complete,
    }


def built(summary: "BuildSummary", console: Console) -> None:
    for stage in summary.stages:
        counts = {"done": stage.done, **stage.rejected, "failed": len(stage.failed)}
        if any(counts.values()):
            console.print(f"{stage.stage:<9} {counted(counts)} in {stage.seconds:.1f} s")
        for key, problem in stage.failed.items():
            console.print(f"  {key}: {escape(one_line(problem))}", style="yellow")
    if not any(stage.done or stage.rejected or stage.failed for stage in summary.stages):
        console.print("build     nothing to do")


def built_json(summary: "BuildSummary") -> Mapping[str, object]:
    return {
        "stages": [
            {
                "stage": stage.stage,
                "done": stage.done,
                "rejected": dict(stage.rejected),
                "failed": dict(stage.failed),
                "seconds": round(stage.seconds, 3),
            }
            for stage in summary.stages
        ],
        "indexed": summary.indexed,
        "unindexed": summary.unindexed,
        "complete": summary.complete,
    }


def document(read: Mapping[str, Any], out: TextIO) -> None:
    """The quotes of one document, each with its speaker."""
    console = Output(out)
    if read["rejected"]:
        console.print(f"{escape(read['id'])}: {read['rejected']}")
    for quote in read["quotes"]:
        who = quote["speaker_resolved"] or quote["speaker"] or "?"
        console.print(Text(one_line(f"{quote['type']:<8} {who}: {quote['text']}")))


def trace(traced: "Trace", out: TextIO) -> None:
    """First appearance, the articles in order, and who has it from whom."""
    from queries import fidelity

    console = Output(out)
    url = {a.retelling.article.id: one_line(a.retelling.article.canonical_url) for a in traced.appearances}
    found, roots = len(traced.appearances), len(traced.origins)
    console.print(f"{traced.subject}: {counted_noun(found, 'appearance')}, {phrases.origins(roots)}")
    if traced.first:
        console.print(Text(f"first: {url[traced.first.retelling.article.id]}"))
    parents: dict[str, list[str]] = {}
    for edge in traced.edges:
        why = ", ".join(dict.fromkeys(reason.kind for reason in edge.why))
        named = url.get(edge.parent, edge.parent)
        parents.setdefault(edge.child, []).append(f"{edge.relation} {named} ({edge.confidence:.2f}: {why})")
    for appearance in traced.appearances:
        published = appearance.retelling.extraction.published_at
        day = published.date().isoformat() if published else "undated   "
        verdict = f"{appearance.verdict:<14}" if appearance.verdict else ""
        console.print(Text(f"{day}  {appearance.origin:<4} {verdict}{url[appearance.retelling.article.id]}"))
        for line in parents.pop(appearance.retelling.article.id, ()):
            console.print(Text(f"                 {line}"))
    for line in fidelity.told(traced, url):
        console.print(Text(one_line(line)))
    for open_point in traced.undetermined:
        console.print(Text(f"undetermined: {one_line(open_point)}"))
