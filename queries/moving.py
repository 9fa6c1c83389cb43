"""`copy`: the record store into another one, with the proof that nothing was lost."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from kb import folders
from kb.advisory import held_on_server
from kb.copying import Copied, Progress, copy
from kb.errors import UserError
from kb.exclusive import RUN
from kb.postgres import is_postgres, place
from kb.store import RecordStore

if TYPE_CHECKING:
    from rich.console import Console

    from kb.workspace import Workspace

LOCAL = "local"
"""The name of SQLite inside the data folder."""


def copy_store(workspace: "Workspace", to: str, on_progress: Progress) -> tuple[Copied, ...]:
    """Copy the record store of a workspace, which the caller has for itself, to an address or to `local`."""
    url = f"sqlite:///{folders.database(workspace.settings.data_dir)}" if to == LOCAL else to
    if is_postgres(url) and place(url) == place(workspace.settings.database_url):
        raise UserError(f"{place(url)} is the record store in use: name an empty database or schema to copy to")
    with (
        held_on_server(url, RUN, "retold copy") if is_postgres(url) else nullcontext(),
        RecordStore.open(url) as target,
    ):
        return copy(workspace.store, target, on_progress)


def named(url: str) -> str:
    """An address without user and password."""
    return place(url) if is_postgres(url) else url


def copied_json(to: str, copied: Sequence[Copied]) -> Mapping[str, object]:
    """`copy --json`."""
    tables = [
        {
            "table": table.table,
            "source": {"rows": table.source_rows, "sha256": table.source_sha256},
            "target": {"rows": table.target_rows, "sha256": table.target_sha256},
        }
        for table in copied
    ]
    return {"to": named(to), "same": all(table.same for table in copied), "tables": tables}


def print_copied(to: str, copied: Sequence[Copied], console: "Console") -> None:
    """The same as text."""
    for table in copied:
        digests = f"{table.source_sha256[:16]} = {table.target_sha256[:16]}"
        console.print(f"{table.table:<12} {table.source_rows:>10} = {table.target_rows:>10} rows  {digests}")
    console.print(f"copied to {named(to)}: both hold the same", soft_wrap=True, markup=False)
