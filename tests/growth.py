"""Whether work grows with its input and no faster, as a ratio: the machines are too noisy for seconds."""

import time
from collections.abc import Callable

TIMES = 8
"""How much larger the second input is; quadratic work would take TIMES squared as long."""


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether work on TIMES the size takes less than three times TIMES as long; the least of three runs counts."""
    small, large = _seconds(work, size), _seconds(work, size * TIMES)
    return large < 3 * TIMES * max(small, 0.005)


def _seconds(work: Callable[[int], object], size: int) -> float:
    tries = []
    for _ in range(3):
        started = time.process_time()
        work(size)
        tries.append(time.process_time() - started)
    return min(tries)
