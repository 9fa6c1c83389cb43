"""What every test needs: no telemetry, one thread a library, property tests that are quick and repeatable."""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from postgres import MISSING, Server, programs, running

from bench.chroma_server import ChromaServer
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
def full_study(tmp_path_factory: pytest.TempPathFactory, parser_loaded_once: None) -> Path:
    """A folder with everything that a study has, made once; whoever changes it takes a copy."""
    from fullstudy import made_in

    folder = tmp_path_factory.mktemp("full")
    made_in(folder)
    return folder


@pytest.fixture(scope="session")
def ray_here() -> Iterator[None]:
    """Ray's workers are started with this process's paths: stages of tests lie in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A real Chroma server, started once; whoever kills it starts it again."""
    server = ChromaServer(tmp_path_factory.mktemp("chroma") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real PostgreSQL, started once."""
    found = programs()
    if found is None:
        pytest.skip(MISSING)
    with running(found) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """The address of an empty record store on PostgreSQL: a schema of its own."""
    return postgres_server.url()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty record store, once on each database that retold knows."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/records.db"
    return str(request.getfixturevalue("postgres_url"))
