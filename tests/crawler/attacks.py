"""A loopback server that speaks in bytes, and crawls of it: what no well-behaved server library would send."""

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs
from loopback import ABOUT, Answer, Crawled, Site, make_source, make_study, run_crawl

Act = bytes | Callable[[socket.socket], None]
"""The whole answer, or what is done with the connection once the request's head was read."""

STORY = ABOUT.format(title="Glass Echo", words="").encode()
"""A page that a crawl keeps."""


def answer(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + body


def page(body: bytes, *lines: str) -> bytes:
    return answer(body, "Content-Type: text/html; charset=utf-8", *lines)


def redirect(target: str) -> bytes:
    return answer(b"", f"Location: {target}", status="302 Found")


class RawServer:
    """Acts by path; what has none is 404."""

    def __init__(self, acts: Mapping[str, Act]) -> None:
        self.acts = acts
        self.heads: list[tuple[str, bytes]] = []
        """Path and head of each request, in their order."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.heads]

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                some = link.recv(1 << 16)
                if not some:
                    return
                head += some
            path = head.split(b" ")[1].decode()
            self.heads.append((path, head))
            act = self.acts.get(path, answer(b"", status="404 Not Found"))
            if isinstance(act, bytes):
                link.sendall(act)
            else:
                act(link)


def led_to(site: Site, server: RawServer, folder: Path, paths: Sequence[str], **options: object) -> Crawled:
    """A crawl whose feed, on a site of its own, lists these pages of the server."""
    return led_to_all(site, dict.fromkeys(paths, server), folder, **options)


def led_to_all(site: Site, servers: Mapping[str, RawServer], folder: Path, **options: object) -> Crawled:
    """The same of several servers, each with the page that it is asked for."""
    links = [server.url(path) for path, server in servers.items()]
    items = "".join(f"<item><title>Glass Echo</title><link>{link}</link></item>" for link in links)
    site.answers["/feed"] = Answer(f"<rss><channel>{items}</channel></rss>".encode())
    hosts = tuple({server.host: None for server in servers.values()})
    source = attrs.evolve(make_source(site, feeds=("/feed",)), domains=(site.host, *hosts))
    settings = {"allow_hosts": list(hosts), "retries": 0, "timeout_s": 4, **options}
    return run_crawl(make_study(source), folder, **settings)
