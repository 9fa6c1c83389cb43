"""A small study with everything that one can have: captures, records, judgements, visits, alerts, every index."""

import sqlite3
from contextlib import closing
from pathlib import Path

from making import NOON
from newsdesk import keep_stories, opened

from kb.fulltext import make_fulltext
from kb.pipeline import build
from kb.records import Judgement, Visit
from kb.tellings import Alert, Delivery

JUDGEMENT = Judgement(
    subject="finding:1", verdict="confirmed", user="ann", made_at=NOON, note="seen", withdrawn_at=None
)
VISIT = Visit(
    url="https://star.example/x", at=NOON, action="dropped", reason="no alias", status=200, found_in=None, source=None
)
ALERT = Alert(
    key="finding:1",
    covers=(),
    kind="altered-quote",
    severity=2,
    fired_at=NOON,
    title="Altered",
    why="a quote differs",
    summary="one word",
    diff=(("same", "a nap"),),
    places=(),
)
DELIVERY = Delivery(alert=ALERT.id, notifier="notifier:1", status="sent", at=NOON, tries=1, problem="")


def made_in(folder: Path, **given: str | None) -> None:
    """Make it; `given`: further settings."""
    with opened(folder, **given) as workspace:
        keep_stories(workspace)
        build(workspace)
        make_fulltext(workspace.store)
        workspace.store.remember_study("night-naps", (folder / "claims.yaml").read_text("utf-8"), NOON)
        workspace.judgements.add([JUDGEMENT])
        workspace.store.add_visits([VISIT])
        workspace.store.add_alerts([ALERT], [DELIVERY])


def shrunk(database: Path) -> None:
    """Written anew in pages of 512 bytes, the least that SQLite knows: fewer bytes that hold nothing."""
    with closing(sqlite3.connect(database)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA page_size=512")
        connection.execute("VACUUM")
        connection.execute(f"PRAGMA journal_mode={mode}")
