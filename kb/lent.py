"""The vector index in a process that lives long and shares it with builds."""

import gc
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kb.errors import IndexBusyError
from kb.index import LOCK_WAIT_S, WANTED, Neighbours, VectorIndex, Vectors

LOOK_S = 0.5
"""How often a process that lends the index looks whether it is wanted, or free again."""

STALE_S = 10
"""And whether one that was not filled has been."""


class LentIndex:
    """An index for a process that lives long: open for as long as nobody else asks for it.

    A build that finds it taken leaves `.wanted` beside it. It is given back then, at the next question or within
    `LOOK_S`, and opened again, with what the build put in, when it is free.
    """

    def __init__(self, folder: Path, open_now: Callable[[], VectorIndex | None]) -> None:
        """`open_now` opens the index without waiting, None where it is not the last build's; IndexBusyError where
        another process has it.
        """
        self._folder = folder
        self._open_now = open_now
        self._index: VectorIndex | None = None
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._not_before = 0.0
        self._collected = False
        threading.Thread(target=self._give_back, name="lent-index", daemon=True).start()

    def nearest(self, vector: Vectors, k: int) -> Neighbours | None:
        """As VectorIndex.nearest; None while another process has the index or wants it."""
        with self._one_at_a_time:
            if self._wanted():
                self._close()
            elif self._index is None and time.monotonic() >= self._not_before and not self._ended.is_set():
                try:
                    self._index = self._open_now()
                    self._let_be()
                    self._not_before = 0.0 if self._index else time.monotonic() + STALE_S
                except IndexBusyError:
                    self._not_before = time.monotonic() + LOOK_S
            return None if self._index is None else self._index.nearest(vector, k)

    def close(self) -> None:
        self._ended.set()
        with self._one_at_a_time:
            self._close()

    def _let_be(self) -> None:
        """What is loaded by now stays: looked through for garbage over and over, it makes one search in twenty a third
        slower (docs/search.md). Once, since what is closed later would not be given back.
        """
        if self._index and not self._collected:
            self._collected = True
            gc.collect()
            gc.freeze()

    def _give_back(self) -> None:
        while not self._ended.wait(LOOK_S):
            if self._index is not None and self._wanted():
                with self._one_at_a_time:
                    self._close()

    def _wanted(self) -> bool:
        with suppress(FileNotFoundError):  # a wish of a killed process counts no longer, nor one of a wrong clock
            return abs(time.time() - (self._folder / WANTED).stat().st_mtime) < LOCK_WAIT_S
        return False

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None
