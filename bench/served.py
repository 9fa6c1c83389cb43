"""The web UI of a data folder on loopback, in a thread, for whoever wants to look at it from outside."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from kb.workspace import Workspace
from queries.web import app, door
from queries.web_patience import Impatient


@contextmanager
def served(
    workspace: Workspace, token: str | None = None, *, limit: str | None = None, tls: bool = False
) -> Iterator[str]:
    """Its address without the last slash; `workspace` is open and stays so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        entrance = door("127.0.0.1", port, token, (), limit=limit, tls=tls)
        config = uvicorn.Config(app(workspace, entrance), log_level="warning", ws="none", http=Impatient)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)
