"""Which executor runs a stage."""

from kb.executor import Executor, Limits, SerialExecutor
from kb.ray_executor import BATCH, RayExecutor
from kb.settings import Settings
from kb.workers import Crew, ProcessExecutor

LEAST = 24
"""Items from which further workers repay their start: each takes about a second to load a model."""


def choose(
    settings: Settings,
    count: int,
    *,
    parallel: bool = True,
    graphics: bool = False,
    least: int = LEAST,
    batch: int = BATCH,
) -> Executor:
    """Workers only for work that repays their start.

    `parallel`: whether the stage gains from more than one process; `graphics`: whether it uses a GPU where there is
    one; `batch`: items that travel together.
    """
    workers = settings.worker_count if parallel else 1
    if workers == 1 or count < least:
        return SerialExecutor()
    if settings.executor == "ray":
        return RayExecutor(workers, settings.ray_address, batch, graphics=graphics)
    return ProcessExecutor(workers)


def choose_limited(settings: Settings, count: int, crew: Crew) -> Executor:
    """For a stage that reads what strangers wrote: in a worker however few there are, for only a process can be killed.

    Not where the settings ask for this process alone, or for no limits.
    """
    limits = limits_of(settings)
    if not limits or not count:
        return choose(settings, count)
    several = settings.worker_count > 1 and count >= LEAST
    if several and settings.executor == "ray":
        return RayExecutor(settings.worker_count, settings.ray_address, limits=limits)
    return ProcessExecutor(settings.worker_count if several else 1, limits, crew)


def limits_of(settings: Settings) -> Limits:
    """What one document may take: nothing is limited in this process itself."""
    if settings.workers == 1:
        return Limits()
    return Limits(seconds=settings.document_timeout_s, bytes=settings.document_max_bytes)
