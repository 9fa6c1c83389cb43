"""`verify`: whether all is as it was captured, decided and derived; `mend` makes again what can be made again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from kb import checkpoint, fulltext, rederiving, remains, signatures, soundness
from kb.archive import Problem
from kb.capturelog import LOG
from kb.errors import UserError
from kb.pipeline import build
from kb.records import rfc3339
from kb.remains import Stretch
from kb.workspace import Workspace
from queries.plain import counted

if TYPE_CHECKING:
    from rich.console import Console


@attrs.frozen(kw_only=True)
class Verified:
    """What `verify` found."""

    captures: int
    problems: tuple[Problem, ...]
    unlogged: tuple[Stretch, ...]
    """Bytes of WARC files that the log does not name, as a killed crawl leaves them: no damage."""
    vouched: str | None = None
    """Of a checkpoint: who signed it when, and what came since."""


REMEDIES: Mapping[str, str] = {
    "log": "nothing makes a log line again: the captures that it names can still be read where their records are "
    "whole, but when and in which order they were made is not proven; restore captures.jsonl from a backup",
    "warc": "nothing makes a record again: restore the WARC file from a backup or an export, or `retold add URL` "
    "captures what stands there now; what was derived stays until its stage is rebuilt",
    "body": "nothing makes a body again: restore the WARC file from a backup or an export, or `retold add URL` "
    "captures what stands there now; what was derived stays until its stage is rebuilt",
    "judgements": "nothing makes a line of the judgement log again: restore judgements.jsonl from a backup; what was "
    "decided stands in the record store too, and `retold review log` prints it",
    "store": "`retold doctor --fix` writes the indexes anew; where that does not help, move records.db away with its "
    "-wal and -shm: `retold build` makes all of it again but visits and alerts",
    "kept": "nothing makes visits and alerts again: restore the record store from a backup, or `retold doctor --fix` "
    "keeps these rows as they stand now",
    "entered": "`retold doctor --fix` enters these rows again from their log",
    "derived": "`retold doctor --fix` makes these rows again from the archive",
    "search": "`retold doctor --fix` makes it again from the record store",
    "rederived": "`retold build --rebuild extract --rebuild annotate --rebuild credits --rebuild embed` makes all rows "
    "again from the captures; ask who could write to the record store, for the seals of these rows fit",
    "checkpoint": "what the checkpoint has seen was changed after it was signed: restore the archive from a backup of "
    "that time, and ask who could write to the data folder",
}
"""What can be done about each kind of damage."""

CAPTURED = ("warc", "body")
"""Kinds of damage that cost a capture."""

MENDED = ("store", "kept", "entered", "derived", "search")
"""Kinds of damage that `mend` looks after."""


def verify(workspace: Workspace) -> Verified:
    """Everything re-read. The workspace need not have been entered: a record store that cannot be opened is damage."""
    problems = workspace.archive.verify()
    judged = workspace.judgement_log.problems()
    problems += [Problem(where=where, what=what, kind="judgements") for where, what in judged]
    logged_whole = not any(problem.kind == "log" for problem in problems)
    unlogged = remains.unlogged(workspace.archive) if logged_whole else []
    problems += remains.doubled(workspace.archive, unlogged)
    try:
        problems += _of_store(workspace, logged_whole=logged_whole)
    except soundness.UNREADABLE as error:
        problems.append(soundness.unreadable("the record store", error))
    return Verified(captures=workspace.archive.count(), problems=tuple(problems), unlogged=tuple(unlogged))


def deeply(found: Verified, workspace: Workspace) -> Verified:
    """The same with everything derived once more; nothing is compared where captures or rows are damaged already."""
    if found.problems:
        return found
    return attrs.evolve(found, problems=tuple(rederiving.unlike_captures(workspace)))


def held_against(found: Verified, workspace: Workspace, file: Path, key: str) -> Verified:
    """The same with what a signed checkpoint says. DataError where this key did not sign it."""
    signature = file.with_name(file.name + signatures.SUFFIX)
    for needed in (file, signature):
        if not needed.is_file():
            raise UserError(
                f"there is no file {needed}: a checkpoint is two files, name the one without {signatures.SUFFIX}"
            )
    signed = signatures.check(file.read_bytes(), signature.read_bytes(), key)
    earlier = checkpoint.parse(file.read_text("utf-8"))
    if any(problem.kind == "log" and problem.where.startswith(LOG) for problem in found.problems):
        compared = checkpoint.Compared(problems=(), since=("a damaged log, which no checkpoint can be held against",))
    else:
        study = workspace.study.slug
        compared = checkpoint.compare(earlier, study, workspace.archive, workspace.judgement_log)
    told = f"{file.name}, signed by {signed.key}: {signed.comment}; since then {', '.join(compared.since) or 'nothing'}"
    return attrs.evolve(found, problems=(*found.problems, *compared.problems), vouched=told)


def _of_store(workspace: Workspace, *, logged_whole: bool) -> list[Problem]:
    store = workspace.store
    problems = soundness.store_problems(store)
    if any(problem.kind == "store" for problem in problems):
        return problems  # what else it would say rests on what is broken
    if logged_whole:  # lines that cannot be read are not missing
        problems += _unlike_logs(workspace)
    return problems + soundness.search_problems(store, workspace.indexing)


def _unlike_logs(workspace: Workspace) -> list[Problem]:
    """What the record store and the logs in the archive say differently."""
    logged = {snapshot.id: snapshot for snapshot in workspace.archive.entries()}
    stored = workspace.store.snapshots()
    lost = [
        Problem(where=snapshot.requested_url, what="captured, but not in the log", kind="log")
        for snapshot in stored
        if snapshot.id not in logged
    ]
    return [
        *lost,
        *soundness.unlike_log(stored, logged),
        *soundness.unlike_judged(workspace.reader.judgements_by_id(), workspace.judgement_log.held()),
    ]


def mend(workspace: Workspace) -> tuple[Problem, ...]:
    """Make again what can be: rows from the logs and the archive, indexes from the rows. What was found before."""
    found = verify(workspace).problems
    kinds = {problem.kind for problem in found}
    if not kinds.intersection(MENDED):
        return found
    store = workspace.store
    fulltext.drop_fulltext(store)  # first: its triggers stumble over a changed wording
    stages = soundness.drop_damaged(store)
    soundness.seal_kept(store)
    if "entered" in kinds:
        logged = list(workspace.archive.entries())
        soundness.enter_again(store, logged, workspace.judgement_log.held().values())
    fulltext.make_fulltext(store)
    if kinds.intersection(("store", "derived")):
        build(workspace, rebuild=sorted(stages))
        store.commit(None, (), workspace.study_wordings)  # a page's spelling of the same words comes first
        workspace.indexing.reconcile()
    if "search" in kinds:
        workspace.indexing.make_anew()
    return found


def verified_json(found: Verified) -> Mapping[str, object]:
    """`verify --json`."""
    return {
        "captures": found.captures,
        "problems": [
            {
                "where": problem.where,
                "what": problem.what,
                "kind": problem.kind,
                "url": problem.url,
                "fetched_at": rfc3339(problem.fetched_at) if problem.fetched_at else None,
                "rebuilt_by": "retold doctor --fix" if problem.kind in MENDED else None,
                "remedy": REMEDIES[problem.kind],
            }
            for problem in found.problems
        ],
        "unlogged": [attrs.asdict(stretch) for stretch in found.unlogged],
        "checkpoint": found.vouched,
    }


def print_verified(found: Verified, console: "Console") -> None:
    """The same as text."""
    for problem in found.problems:
        console.print(f"damaged  {problem.where}: {problem.what}", style="red", markup=False, soft_wrap=True)
    for address, number in _lost(found.problems).items():
        told = f"lost     {counted(number, 'capture')} of {address}"
        console.print(told, style="red", markup=False, soft_wrap=True)
    for remedy in dict.fromkeys(REMEDIES[problem.kind] for problem in found.problems):
        console.print(f"remedy   {remedy}", soft_wrap=True, markup=False)
    for stretch in found.unlogged:
        told = f"{stretch.warc}: {stretch.end - stretch.start} bytes at {stretch.start} that the log does not name"
        console.print(f"note     {told}, as a killed crawl leaves them; nothing rests on them", soft_wrap=True)
    if found.vouched:
        console.print(f"checkpoint {found.vouched}", soft_wrap=True, markup=False)
    console.print(f"verify    {counted(found.captures, 'capture')}, {len(found.problems)} damaged")


def print_mended(found: Sequence[Problem], console: "Console") -> None:
    """What `doctor --fix` made again, and what nothing makes again."""
    for problem in found:
        did = "mended  " if problem.kind in MENDED else "damaged "
        console.print(f"{did}  {problem.where}: {problem.what}", markup=False, soft_wrap=True)
    for remedy in dict.fromkeys(REMEDIES[each.kind] for each in found if each.kind not in MENDED):
        console.print(f"remedy    {remedy}", soft_wrap=True, markup=False)


def _lost(problems: Sequence[Problem]) -> Mapping[str, int]:
    """Addresses of captures whose bytes are damaged, with how many captures: from there they could be fetched again."""
    found: dict[str, int] = {}
    for problem in problems:
        if problem.kind in CAPTURED and problem.url:
            found[problem.url] = found.get(problem.url, 0) + 1
    return found
