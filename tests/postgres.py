"""A real PostgreSQL for the tests: Debian's programs, a cluster of its own in a temporary folder, a socket there."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.ports import free_port
from kb.postgres import connect

MISSING = "PostgreSQL's server programs are not installed (Debian: postgresql)"

CONFIGURED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=127.0.0.1")
"""Nothing of it has to outlive a power cut."""


def programs() -> Path | None:
    """The folder of the newest server installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (path := shutil.which("initdb")):
        found = [Path(path).parent]
    return max(found, key=lambda folder: folder.parent.name, default=None)


class Server:
    """A cluster that runs; every study has a schema of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._schemas = 0

    def url(self, schema: str | None = None, *, password: str = "secret", **changes: str) -> str:
        """An address of a schema that nobody used before, or of a named one."""
        self._schemas += schema is None
        name = schema or f"s{self._schemas}_{os.getpid()}"
        named = {"user": "retold", "host": f"127.0.0.1:{self.port}", "database": "retold", **changes}
        return (
            f"postgresql://{named['user']}:{password}@{named['host']}/{named['database']}?options=-csearch_path={name}"
        )


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A server from here to the end of the block; as root, under the account that Debian's package makes."""
    folder = Path(tempfile.mkdtemp(prefix="retold-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["runuser", "-u", "postgres", "--"]
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)

    def do(program: str, *words: str) -> None:
        subprocess.run([*as_user, programs / program, *words], check=True, capture_output=True, cwd="/", timeout=120)

    cluster, port = str(folder / "cluster"), free_port()
    options = " ".join(f"-c {each}" for each in (*CONFIGURED, f"port={port}", f"unix_socket_directories={folder}"))
    try:
        (folder / "password").write_text("secret")
        (folder / "password").chmod(0o644)
        superuser = ("-U", "retold", "--pwfile", str(folder / "password"), "--auth", "scram-sha-256")
        do("initdb", "-D", cluster, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *superuser)
        do("pg_ctl", "-D", cluster, "-w", "-l", str(folder / "log"), "-o", options, "start")
        server = Server(folder, port)
        _create_database(server)
        yield server
    finally:
        if (folder / "cluster" / "postmaster.pid").exists():
            do("pg_ctl", "-D", cluster, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _create_database(server: Server) -> None:
    with connect(server.url("public", database="postgres")) as connection:
        connection.execute("CREATE DATABASE retold")
