"""What every test needs: no telemetry, one thread a library, property tests that are quick and repeatable."""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import settings

from kb.minilm import MiniLM
from kb.settings import silence_telemetry

silence_telemetry()
settings.register_profile("retold", max_examples=60, deadline=None, derandomize=True, database=None)
settings.load_profile("retold")


@pytest.fixture(scope="session")
def embedder() -> MiniLM:
    """The embedded model, loaded once."""
    return MiniLM()


@pytest.fixture(scope="session")
def parser_loaded_once() -> Iterator[None]:
    """Every build makes its own parser; here they share the model behind it."""
    import spacy

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spacy, "load", cache(spacy.load))
        yield


@pytest.fixture(scope="session")
def ray_here() -> Iterator[None]:
    """Ray's workers are started with this process's paths: stages of tests lie in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield
