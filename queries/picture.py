"""What a long-lived process shows of a study: read and computed once for each state of the data, in the background.

A build changes the data item by item and takes what others had; nothing is read anew while one is at work.
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import attrs

from kb import takedown
from kb.claims import Study
from kb.coverage import Coverage, Retelling, Revision
from kb.errors import BusyError, RetoldError
from kb.exclusive import at_work
from kb.reader import Reader
from kb.records import Judgement, sha256
from kb.speakers import names_of
from kb.workspace import Workspace
from queries import review
from queries.asking import Reading
from queries.check import Finding
from queries.lookup import TAKING_DOWN
from queries.placed import Placed
from queries.views import FindingView, ReportView

LOOK_S = 1.0
"""How often it is looked whether the data changed."""


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Picture:
    """The study as it stood at one time. What takes long to compute is computed when it is first asked for."""

    number: int
    """From 1; another one after every change."""
    derived: tuple[object, ...]
    """What was derived, as `Reader.standing` and the study's file tell it."""
    judged: tuple[tuple[str, bool], ...]
    """Judgements by id, and whether they were withdrawn."""
    status: Mapping[str, str]
    """What people decided about findings, by id."""
    reading: Reading
    captures: frozenset[str]
    """Ids of the captures that it rests on."""

    @property
    def study(self) -> Study:
        return self.reading.study

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.reading.findings

    @cached_property
    def found(self) -> Mapping[str, Finding]:
        """Findings by id."""
        return {finding.id: finding for finding in self.findings}

    @cached_property
    def shown(self) -> Mapping[str, FindingView]:
        """By id, those that nobody rejected, as pages show them."""
        return {finding.id: finding for finding in self.placed.report.findings}

    @cached_property
    def articles(self) -> Mapping[str, Retelling]:
        """By id."""
        return {retelling.article.id: retelling for retelling in self.reading.coverage.retellings}

    @cached_property
    def placed(self) -> Placed:
        """All that the report shows."""
        return Placed.of(self.report())

    @cached_property
    def revisions(self) -> Mapping[str, tuple[Revision, ...]]:
        """By article id, the oldest first."""
        found: dict[str, list[Revision]] = {}
        for revision in self.reading.coverage.revisions:
            found.setdefault(revision.after.article.id, []).append(revision)
        return {key: tuple(each) for key, each in found.items()}

    def report(self, subject: str | None = None) -> ReportView:
        return self.reading.report(self.status, subject)


class Sight:
    """The latest picture of an open workspace; another process may build, judge or take down meanwhile.

    `ready` is done with a picture before anybody gets it; what it leaves out is computed for whoever asks first. While
    another command is at work the picture stays as it is, but never one that rests on a page that was taken down.
    """

    def __init__(self, workspace: Workspace, ready: Callable[[Picture], object] = lambda _: None) -> None:
        self._workspace = workspace
        self._ready = ready
        self._current: Picture | None = None
        self._numbers = itertools.count(1)
        self._gone = takedown.Gone(workspace.archive)
        self._turn = threading.Lock()

    def latest(self) -> Picture | None:
        """Without looking for anything new; None where there is none that may be shown."""
        current = self._current
        return current if current and self._gone.now().isdisjoint(current.captures) else None

    def look(self) -> Picture:
        """The picture of now, the coverage read if need be.

        BusyError while a page is being taken down, and where a build changed the data during the reading.
        """
        with self._turn:
            if self.latest() is None:
                self._current = None  # what was taken down is not kept in memory either
            if self._current is None and self._workspace.is_taking_down():
                raise BusyError(TAKING_DOWN)
            try:
                made = self._renewed(self._workspace.reader, self._current)
            except KeyError as error:
                raise BusyError("the data changed while it was read; ask again in a moment") from error
            if made:
                self._ready(made)
            self._current = made or self._current
            assert self._current is not None
            return self._current

    def close(self) -> None:
        self._gone.close()

    def _renewed(self, reader: Reader, before: Picture | None) -> Picture | None:
        """The picture of now; None where the one before still is."""
        settings = self._workspace.settings
        self._workspace.follow_study()
        derived = (*reader.standing(), sha256(settings.study.read_bytes()))
        judgements = reader.judgements()
        judged = tuple((each.id, each.withdrawn_at is not None) for each in judgements)
        if before and (derived == before.derived or at_work(settings.data_dir)):
            if judged == before.judged:
                return None
            if _about_names(judgements) == _about_names(judgements, before):
                status = review.status(review.standing(judgements))
                return attrs.evolve(before, number=next(self._numbers), judged=judged, status=status)
        with Workspace(settings) as workspace:  # anew: claims.yaml may have changed, a take-down may have been cut off
            self._gone.again()
            reading = Reading.of(workspace)
        return Picture(
            number=next(self._numbers),
            derived=derived,
            judged=judged,
            status=review.status(review.standing(judgements)),
            reading=reading,
            captures=frozenset(_captures(reading.coverage)),
        )


class Pictures:
    """The latest picture of a workspace, kept up in the background."""

    def __init__(self, workspace: Workspace) -> None:
        self._sight = Sight(workspace, lambda picture: (picture.placed, picture.reading.names))
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
        """The picture; None where after so long there is none that may be shown."""
        found = self._sight.latest()
        if found is None and wait_s:
            with self._changed:
                self._changed.wait_for(lambda: self._sight.latest() or self._ended, wait_s)
            found = self._sight.latest()
        return found

    def after_judgement(self, wait_s: float) -> None:
        """Look at once; come back when the picture has what people decided, or after so long."""
        with self._changed:
            before = self._sight.latest()
            self._wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._sight.latest() is not before or self._ended, wait_s)

    def _keep_up(self) -> None:
        while not self._ended:
            try:
                self._sight.look()
                self.problem = ""
            except (RetoldError, OSError) as error:
                self.problem = str(error)
            with self._changed:
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._wanted or self._ended, LOOK_S)
                self._wanted = False
        self._sight.close()


def _about_names(judgements: list[Judgement], before: Picture | None = None) -> frozenset[str]:
    """Ids of the judgements that merge or part names, as they stand, or as they stood in a picture: what is found and
    traced depends on them.
    """
    about = {each.id: each.withdrawn_at is not None for each in judgements if names_of(each.subject)}
    if before is not None:
        about = {key: withdrawn for key, withdrawn in before.judged if key in about}
    return frozenset(key for key, withdrawn in about.items() if not withdrawn)


def _captures(coverage: Coverage) -> Iterator[str]:
    yield from (retelling.snapshot.id for retelling in coverage.retellings)
    for revision in coverage.revisions:
        yield from (revision.before.snapshot.id, revision.after.snapshot.id)
