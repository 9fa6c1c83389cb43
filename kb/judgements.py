"""Judgements on their way to disk: the log first, then the record store, and each caught up from the other."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import attrs

from kb.judgementlog import JudgementLog
from kb.reader import Reader
from kb.records import Judgement, canonical_json, sha256
from kb.store import RecordStore

_STEP = timedelta(microseconds=1)


class Judgements:
    """The only writer of judgements. What it has returned from survives a crash, and the loss of the record store."""

    def __init__(self, log: JudgementLog, store: RecordStore) -> None:
        self.log = log
        self._store = store

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For whoever looks at what stands and then decides: nobody else decides meanwhile."""
        with self.log.alone():
            yield

    def add(self, judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
        """Enter them, all or none. Each comes later than what was entered about its subject before, whatever the clock
        said: it may have been set back, and the last one stands.
        """
        with self.alone(), self._kept_alike():
            latest: dict[str, datetime] = {}
            for held in Reader(self._store).judgements():
                latest[held.subject] = held.made_at
            made = tuple(attrs.evolve(each, made_at=_after(each, latest.get(each.subject))) for each in judgements)
            self.log.append(made)
            self._store.add_judgements(made)
        return made

    def withdraw(self, judgement: Judgement, at: datetime) -> Judgement | None:
        """Take one back, not before it was made; None where it had been already."""
        with self.alone(), self._kept_alike():
            held = {each.id: each for each in Reader(self._store).judgements()}
            if held[judgement.id].withdrawn_at:
                return None
            when = max(at, judgement.made_at)
            gone = attrs.evolve(judgement, withdrawn_at=when)
            self.log.append([gone])
            self._store.withdraw_judgement(gone.id, when)
        return gone

    def catch_up(self) -> None:
        """Give the record store what only the log has, and the log what only the record store has.

        Either may have been lost or replaced by an older copy, and older versions of retold had no log. A judgement is
        never unmade, so both together are what was decided. Nothing is compared while both are as they were when they
        were last found alike: a comparison reads every line and every row.
        """
        state = self._state()
        if state in (None, self._store.agreed()):
            return
        if self._differing() == ((), ()):
            if state and state == self._state():  # what was compared
                self._store.agree(state)
            return
        with suppress(OSError), self.alone():  # on a full or read-only disk the next opening tries again
            unlogged, unstored = self._differing()
            self.log.append(unlogged)
            self._store.add_judgements(unstored)
            for judgement in unstored:
                if judgement.withdrawn_at:
                    self._store.withdraw_judgement(judgement.id, judgement.withdrawn_at)
            self._note()

    @contextmanager
    def _kept_alike(self) -> Iterator[None]:
        """Around what is entered in both: where they were known to be alike, they still are."""
        alike = self._state() in (None, self._store.agreed())
        yield
        if alike:
            self._note()

    def _note(self) -> None:
        if state := self._state():
            self._store.agree(state)

    def _state(self) -> str | None:
        """Changes with every byte of the log and with every row that comes, goes or is withdrawn; None before these."""
        log, rows = self.log.digest(), Reader(self._store).decided()
        return sha256(canonical_json([log, rows]).encode()) if log or rows else None

    def _differing(self) -> tuple[tuple[Judgement, ...], tuple[Judgement, ...]]:
        """What the log lacks, and what the record store lacks; a damaged row is neither."""
        logged, stored = self.log.held(), Reader(self._store).judgements_by_id()
        return (
            tuple(each for key, each in stored.items() if key == each.id and _is_news(each, logged.get(key))),
            tuple(each for key, each in logged.items() if _is_news(each, stored.get(key))),
        )


def _is_news(judgement: Judgement, known: Judgement | None) -> bool:
    return known is None or bool(judgement.withdrawn_at and not known.withdrawn_at)


def _after(judgement: Judgement, last: datetime | None) -> datetime:
    return judgement.made_at if last is None else max(judgement.made_at, last + _STEP)
