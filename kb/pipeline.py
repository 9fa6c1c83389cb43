"""build(): the one loop over the stages, from captures to what can be asked.

Stages are run in order; each takes from the record store what it has not dealt with yet, so the loop is
the queue, the cache and the resume point at once. No stage calls another.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs

from kb.errors import UnstorableError
from kb.executor import Attempt, Derived, Item, printable
from kb.executors import choose, choose_limited, limits_of
from kb.records import Outcome, Status, Tool
from kb.rejected import Code, Rejected
from kb.stages import AnnotateStage, CreditStage, EmbedStage, ExtractStage, PairStage
from kb.store import RecordStore
from kb.workers import Crew
from kb.workspace import Workspace


class Stage(Protocol):
    """One step of the build."""

    name: str
    parallel: bool
    """Whether it gains from several processes of one machine."""
    distributed: bool
    """Whether it gains from several machines."""
    graphics: bool
    """Whether its models run on a GPU where there is one."""
    limited: bool
    """Whether it reads what strangers wrote, so that each document is held to its limits."""

    @property
    def tool(self) -> Tool:
        """Under which its outcomes are kept; its params name the tools it consults."""
        ...

    @property
    def makes(self) -> Mapping[str, Tool]:
        """Tables it fills, with the tool of their records."""
        ...

    def pending(self, workspace: Workspace) -> list[str]:
        """Keys of the inputs that it has still to deal with."""
        ...

    def items(self, workspace: Workspace, keys: Sequence[str]) -> Iterator[Item]:
        """Those inputs with what the work needs, loaded as they are asked for."""
        ...

    def run(self, payload: Any) -> Derived | Rejected: ...


@attrs.frozen(kw_only=True)
class StageSummary:
    """What one stage did in a build."""

    stage: str
    done: int
    rejected: Mapping[str, int]
    """By code."""
    failed: Mapping[str, str]
    """Input id -> what was raised; those of earlier builds that failed for good among them."""
    seconds: float


@attrs.frozen(kw_only=True)
class BuildSummary:
    stages: tuple[StageSummary, ...]
    indexed: int
    """Vectors added to the index."""
    unindexed: int
    """Vectors removed from it."""

    @property
    def complete(self) -> bool:
        return not any(stage.failed for stage in self.stages)


STAGES = ("extract", "annotate", "credits", "embed", "pair")

_BUILT_ON = {"extract": ("credits",), "annotate": ("pair",), "embed": ("pair",)}
"""Stages whose inputs keep their ids when a stage starts over, so that they would not notice."""

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how many of its items are done, and of how many."""


def build(workspace: Workspace, *, rebuild: Sequence[str] = (), on_progress: Progress | None = None) -> BuildSummary:
    """Derive everything that is pending; the stages named in `rebuild` start over."""
    stages = _stages(workspace)
    limits = limits_of(workspace.settings)
    if limits:
        workspace.store.allow(str(limits), (Code.TOOK_TOO_LONG, Code.TOOK_TOO_MUCH_MEMORY))
    again = {*rebuild, *(after for name in rebuild for after in _BUILT_ON.get(name, ()))}
    for stage in stages:
        if stage.name in again:
            workspace.store.forget(stage.name, stage.makes)
    with Crew(workspace.settings.worker_count, limits) as crew:
        summaries = [_run(stage, workspace, crew, on_progress or _silent) for stage in stages]
    added, removed = workspace.indexing.reconcile()
    return BuildSummary(stages=tuple(summaries), indexed=added, unindexed=removed)


def _stages(workspace: Workspace) -> Sequence[Stage]:
    annotate = AnnotateStage(workspace.settings.spacy_model)
    embed = EmbedStage(workspace.embedder)
    paired = {"passages": annotate.makes["passages"], "quotes": annotate.makes["quotes"], **embed.makes}
    return (
        ExtractStage(workspace.archive),
        annotate,
        CreditStage(),
        embed,
        PairStage(workspace.study, paired, workspace.entailment),
    )


def _run(stage: Stage, workspace: Workspace, crew: Crew, on_progress: Progress) -> StageSummary:
    started = time.perf_counter()
    store = workspace.store
    store.register({tool.id: tool for tool in (stage.tool, *stage.makes.values())}.values())
    keys = stage.pending(workspace)
    before = store.failures(stage.name, stage.tool.id)
    codes: Counter[str] = Counter()
    settings = workspace.settings
    parallel = stage.parallel or (stage.distributed and settings.executor == "ray")
    if stage.limited:
        executor = choose_limited(settings, len(keys), crew)
    else:
        crew.rest()
        executor = choose(settings, len(keys), parallel=parallel, graphics=stage.graphics)
    done = 0
    for number, attempt in enumerate(executor.map(stage, stage.items(workspace, keys)), 1):
        outcome = _commit(store, attempt, _outcome(stage, attempt, _tries(before, attempt)))
        codes[outcome.code] += outcome.status == "rejected"
        done += outcome.status == "done"
        on_progress(stage.name, number, len(keys))
    store.activate(stage.name, stage.tool.id, {table: tool.id for table, tool in stage.makes.items()})
    return StageSummary(
        stage=stage.name,
        done=done,
        rejected=dict(+codes),
        failed={key: outcome.code for key, outcome in store.failures(stage.name, stage.tool.id).items()},
        seconds=time.perf_counter() - started,
    )


def _tries(before: Mapping[str, Outcome], attempt: Attempt) -> int:
    earlier = before.get(attempt.item.key)
    return earlier.tries + 1 if earlier else 1


def _commit(store: RecordStore, attempt: Attempt, outcome: Outcome) -> Outcome:
    """Store what an attempt made; the outcome as it was stored."""
    derived = attempt.result if isinstance(attempt.result, Derived) else Derived(())
    try:
        store.commit(outcome, derived.records, derived.wordings)
    except UnstorableError as error:
        outcome = attrs.evolve(outcome, status="failed", code=printable(str(error)))
        store.commit(outcome, ())
    return outcome


def _outcome(stage: Stage, attempt: Attempt, tries: int) -> Outcome:
    status: Status = "done"
    code = ""
    if attempt.error is not None:
        status, code = "failed", attempt.error
    elif isinstance(attempt.result, Rejected):
        status, code = "rejected", str(attempt.result.code)
    return Outcome(
        stage=stage.name,
        input=attempt.item.key,
        tool=stage.tool.id,
        status=status,
        code=code,
        tries=tries,
        duration_ms=attempt.duration_ms,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""
