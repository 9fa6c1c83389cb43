"""A webhook on loopback, and small alerts to send to it."""

import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
from making import NOON

from kb.tellings import Alert, Place


class Hook:
    """Takes what Apprise posts to `json://`; answers with `status`, after `delay_s`."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.delay_s = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that is killed is meant
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def address(self) -> str:
        return f"json://{self.host}/hook"

    def titles(self) -> list[str]:
        return [message["title"] for message in self.taken]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.paths.append(self.path)
            if hook.status == 200:
                hook.taken.append(json.loads(body))
            time.sleep(hook.delay_s)
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    return Handler


STAR = Place(
    label="As printed",
    outlet="The Star",
    title="Naps for nurses",
    url="https://star.example/wards",
    exact="We were astonished by how consistently it worked.",
    capture="sha256:ab",
)
ASTONISHED = Alert(
    key="finding:1",
    covers=("new-variant:1",),
    kind="altered-quote",
    severity=3,
    fired_at=NOON,
    title="Altered quote: The Star",
    why="new finding of the rule altered-quote (confidence 94%), id finding:1",
    summary="Words inside the quotation marks were changed.",
    diff=(("same", "We were"), ("removed", "surprised"), ("added", "astonished"), ("left-out", "by it.")),
    places=(STAR,),
)


def alerts(count: int) -> Sequence[Alert]:
    return [attrs.evolve(ASTONISHED, key=f"finding:{n}", title=f"Number {n}", covers=()) for n in range(count)]
