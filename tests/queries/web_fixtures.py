"""A small study in the web UI: two honest pages, a hostile one, and one that was edited between two captures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsdesk import STORIES, keep, keep_stories, opened, page

from bench.served import served
from kb.pipeline import build
from kb.workspace import Workspace

HOSTILE_URL = "https://mill.example/naps"
HOSTILE = "Naps &lt;script&gt;document.title='owned'&lt;/script&gt; &lt;img src=x onerror=alert(1)&gt; cure"
HOSTILE_TOLD = (
    "Nurses &lt;script&gt;document.body.id='owned'&lt;/script&gt; sleep well, the nap study found this week at last.",
    "“We were shocked by how consistently a short nap brought error rates back,” said Elise Moreau &lt;b&gt;.",
    "The javascript:alert(1) study followed nine wards for six weeks, and nobody had a bad night since then.",
)
EDITED_URL = "https://star.example/wards"


@contextmanager
def newsroom(folder: Path) -> Iterator[Workspace]:
    """Captured and built."""
    with opened(folder) as workspace:
        keep_stories(workspace)
        keep(workspace, HOSTILE_URL, page(HOSTILE_URL, HOSTILE_TOLD, title=HOSTILE))
        edited = [told.replace("23 percent", "32 percent") for told in STORIES[EDITED_URL]]
        keep(workspace, EDITED_URL, page(EDITED_URL, edited), hours=5)
        build(workspace)
        yield workspace


@contextmanager
def site(folder: Path, token: str | None = None) -> Iterator[tuple[Workspace, str]]:
    with newsroom(folder) as workspace, served(workspace, token) as address:
        yield workspace, address
