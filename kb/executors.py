"""Which executor runs a stage."""

from kb.executor import Executor, ProcessExecutor, SerialExecutor
from kb.ray_executor import BATCH, RayExecutor
from kb.settings import Settings


def choose(settings: Settings, count: int, *, parallel: bool = True, least: int = 24, batch: int = BATCH) -> Executor:
    """Workers only for work that repays their start (about a second each to load a model).

    `parallel`: whether the stage gains from more than one process; `batch`: items that travel together.
    """
    workers = settings.worker_count if parallel else 1
    if workers == 1 or count < least:
        return SerialExecutor()
    return RayExecutor(workers, settings.ray_address, batch) if settings.executor == "ray" else ProcessExecutor(workers)
