"""The command `revisions`: what changed between the captures of an article."""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from queries.options import Options, print_lines

if TYPE_CHECKING:
    from kb.coverage import Revision
    from kb.workspace import Workspace


def revisions(
    ctx: typer.Context,
    url: Annotated[str | None, typer.Argument(help="One article; all when left out.")] = None,
) -> None:
    """Show what changed in the articles between one capture and the next, with what marks the change.

    Example: retold revisions https://news.example/story
    """
    from queries import printing

    options: Options = ctx.obj
    with options.workspace() as workspace:
        made = list(_made(workspace, url))
    if options.json:
        print_lines(made)
    else:
        printing.revisions(made, sys.stdout)
    options.console().print(f"{len(made)} revisions")


def _made(workspace: "Workspace", url: str | None) -> Iterator[Mapping[str, Any]]:
    from kb.errors import UserError

    coverage = workspace.reader.coverage(workspace.study)
    known = {retelling.article.canonical_url for retelling in coverage.retellings}
    if url is not None and url not in known:
        raise UserError(f"no article {url!r} is held; `retold quotes` names the addresses")
    for revision in coverage.revisions:
        if url in (None, revision.after.article.canonical_url):
            yield _plain(revision)


def _plain(revision: "Revision") -> Mapping[str, Any]:
    from kb.records import Span, rfc3339
    from kb.revisions import changes

    before, after = revision.before, revision.after
    made = changes(revision)
    return {
        "url": after.article.canonical_url,
        "source": after.article.source,
        "before": {"captured_at": rfc3339(before.snapshot.fetched_at), "snapshot": before.snapshot.body_sha256},
        "after": {"captured_at": rfc3339(after.snapshot.fetched_at), "snapshot": after.snapshot.body_sha256},
        "extent": made.extent,
        "title": [before.extraction.title, after.extraction.title]
        if before.extraction.title != after.extraction.title
        else None,
        "changed": [
            {
                "before": before.words(Span(change.before.start, change.before.end)),
                "after": after.words(Span(change.after.start, change.after.end)),
                "edits": [{"op": e.op, "from": e.before, "to": e.after} for e in change.aligned.edits],
                "sense_kept": change.aligned.sense_kept,
            }
            for change in made.changed
        ],
        "dropped": [before.words(Span(gone.before.start, gone.before.end)) for gone in made.dropped],
        "added": [after.words(Span(new.start, new.end)) for new in made.added],
        "marked": [{"kind": note.kind, "text": after.words(note.span)} for note in made.marked],
    }


COMMANDS = (revisions,)
