"""What a long-lived process shows of a study: read and computed once for each state of the data, in the background.

A build changes the data item by item and takes what others had; nothing is read anew while one is at work.
"""

import threading
from collections.abc import Mapping

import attrs

from kb.claims import Study
from kb.coverage import Coverage, Retelling, Revision
from kb.errors import RetoldError
from kb.exclusive import at_work
from kb.reader import Reader
from kb.records import Judgement, Tool, sha256
from kb.settings import Settings
from kb.speakers import names_of
from kb.workspace import Workspace
from queries import review
from queries.asking import current, tally, traces
from queries.check import Finding
from queries.findings import Decided
from queries.placed import Placed
from queries.report import Tally, view
from queries.trace import Trace

LOOK_S = 1.0
"""How often it is looked whether the data changed."""


@attrs.frozen(kw_only=True, eq=False)
class Picture:
    """The study as it stood at one time."""

    number: int
    """From 1; another one after every change."""
    derived: tuple[object, ...]
    """What was derived, as `Reader.standing` and the study's file tell it."""
    judged: tuple[tuple[str, bool], ...]
    """Judgements by id, and whether they were withdrawn."""
    coverage: Coverage
    articles: Mapping[str, Retelling]
    """By id."""
    findings: tuple[Finding, ...]
    traces: tuple[Trace, ...]
    tally: Tally
    tools: tuple[Tool, ...]
    names: review.Names
    placed: Placed
    revisions: Mapping[str, tuple[Revision, ...]]
    """By article id, the oldest first."""

    @property
    def study(self) -> Study:
        return self.coverage.study


class Pictures:
    """The latest picture of a data folder; another process may build meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._current: Picture | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._wanted = False
        self.problem = ""
        """Why the latest look failed; empty where it did not."""
        self._thread = threading.Thread(target=self._keep_up, name="pictures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends after the look that is going on; nobody waits for that, it only reads."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def latest(self, wait_s: float = 0.0) -> Picture | None:
        """The picture; None where the first is not there yet after so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._current or self._ended, wait_s)
            return self._current

    def after_judgement(self, wait_s: float) -> None:
        """Look at once; come back when the picture has what people decided, or after so long."""
        with self._changed:
            before = self._current
            self._wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._current is not before or self._ended, wait_s)

    def _keep_up(self) -> None:
        with Workspace(self._settings) as looking:
            while not self._ended:
                try:
                    made = self._renewed(looking.reader, self._current)
                    self.problem = ""
                except (RetoldError, OSError, KeyError) as error:  # KeyError: read between two commits of a build
                    made, self.problem = None, str(error)
                with self._changed:
                    if made:
                        self._current = made
                        self._changed.notify_all()
                    self._changed.wait_for(lambda: self._wanted or self._ended, LOOK_S)
                    self._wanted = False

    def _renewed(self, reader: Reader, before: Picture | None) -> Picture | None:
        """The picture of now; None where the one before still is."""
        derived = (*reader.standing(), sha256(self._settings.study.read_bytes()))
        judgements = reader.judgements()
        judged = tuple((each.id, each.withdrawn_at is not None) for each in judgements)
        if before and (derived == before.derived or at_work(self._settings.data_dir)):
            if judged == before.judged:
                return None
            if _about_names(judgements) == _about_names(judgements, before):
                return _restated(before, judgements, judged)
        with Workspace(self._settings) as workspace:  # anew: claims.yaml may have changed
            return _drawn(workspace, derived, judgements, judged, 1 + (before.number if before else 0))


def _about_names(judgements: list[Judgement], before: Picture | None = None) -> frozenset[str]:
    """Ids of the judgements that merge or part names, as they stand, or as they stood in a picture: what is found and
    traced depends on them.
    """
    about = {each.id: each.withdrawn_at is not None for each in judgements if names_of(each.subject)}
    if before is not None:
        about = {key: withdrawn for key, withdrawn in before.judged if key in about}
    return frozenset(key for key, withdrawn in about.items() if not withdrawn)


def _drawn(
    workspace: Workspace,
    derived: tuple[object, ...],
    judgements: list[Judgement],
    judged: tuple[tuple[str, bool], ...],
    number: int,
) -> Picture:
    coverage, findings, resolve = current(workspace)
    traced = tuple(traces(coverage, resolve))
    counted, tools = tally(workspace), tuple(workspace.reader.tools())
    status = review.status(review.standing(judgements))
    revisions: dict[str, list[Revision]] = {}
    for revision in coverage.revisions:
        revisions.setdefault(revision.after.article.id, []).append(revision)
    return Picture(
        number=number,
        derived=derived,
        judged=judged,
        coverage=coverage,
        articles={retelling.article.id: retelling for retelling in coverage.retellings},
        findings=findings,
        traces=traced,
        tally=counted,
        tools=tools,
        names=review.Names.of(workspace),
        placed=Placed.of(view(coverage, Decided(findings, status), traced, counted, tools)),
        revisions={key: tuple(each) for key, each in revisions.items()},
    )


def _restated(before: Picture, judgements: list[Judgement], judged: tuple[tuple[str, bool], ...]) -> Picture:
    """The same with what people have decided since."""
    status = review.status(review.standing(judgements))
    report = view(before.coverage, Decided(before.findings, status), before.traces, before.tally, before.tools)
    return attrs.evolve(before, number=before.number + 1, judged=judged, placed=Placed.of(report))
