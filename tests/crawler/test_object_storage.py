"""News archives in object storage, read from moto's server: S3's protocol over HTTP, without Amazon.

s3fs and moto are no dependencies of retold (docs/backfill.md): `make objects` puts them in a folder of their own, and
`make test` runs this once more with that on PYTHONPATH.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from test_backfill import Desk, about, desk, named, off, urls, warc  # noqa: F401  # desk: a fixture

from kb.errors import UserError

pytest.importorskip("s3fs", reason="run apart, with what `make objects` installs")
moto_server = pytest.importorskip("moto.server", reason="run apart, with what `make objects` installs")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of boto and moto
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PAGES = [(f"https://a.example/{number}", about(f"Word {number}. {os.urandom(4000).hex()}")) for number in range(60)]


class Storage:
    """A bucket `news`, and ways to reach its server badly."""

    def __init__(self, host: str, port: int, patch: pytest.MonkeyPatch) -> None:
        import boto3

        self.place = (host, port)
        self._patch = patch
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        self.through(port)
        self._client = boto3.client("s3")
        self._client.create_bucket(Bucket="news")

    def put(self, key: str, body: bytes) -> None:
        self._client.put_object(Bucket="news", Key=key, Body=body)

    def through(self, port: int) -> None:
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        self._patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")

    def without_keys(self) -> None:
        self.through(self.place[1])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self._patch.delenv(name)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield Storage(*server.get_host_and_port(), monkeypatch)
    server.stop()


def cutting(place: tuple[str, int], after: int, times: int) -> int:
    """The port of a server between, which hangs up in the middle of an answer of so many bytes, so many times."""
    listening = socket.create_server(("127.0.0.1", 0))
    left = [times]

    def serve() -> None:
        while True:
            client, _ = listening.accept()
            upstream = socket.create_connection(place)
            for way in ((client, upstream, None), (upstream, client, after)):
                threading.Thread(target=passed, args=way, daemon=True).start()

    def passed(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        sent = 0
        try:
            while data := source.recv(65_536):
                if limit and left[0] and sent + len(data) > limit:
                    left[0] -= 1
                    break
                sink.sendall(data)
                sent += len(data)
            for end in (source, sink):
                end.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def test_archives_in_a_bucket_are_found_and_read_once(desk: Desk, storage: Storage) -> None:  # noqa: F811
    storage.put("crawl/1.warc.gz", warc(("https://a.example/one", about()), ("https://a.example/off", off(1))))
    storage.put("crawl/2.warc.gz", warc(*PAGES))
    storage.put("warc.paths", b"crawl/1.warc.gz\ncrawl/2.warc.gz\ncrawl/3.warc.gz\n")
    both = ["s3://news/crawl/1.warc.gz", "s3://news/crawl/2.warc.gz"]
    assert named("s3://news/crawl/*.warc.gz") == both
    assert named("s3://news/warc.paths") == [*both, "s3://news/crawl/3.warc.gz"]
    assert named("-", base="s3://news/", stdin=b"crawl/1.warc.gz\n") == both[:1]
    summary = desk.run(*named("s3://news/warc.paths"))
    assert summary.counts == {"glass-echo": {"kept": 61}}
    [problem] = summary.problems
    assert problem.where == "s3://news/crawl/3.warc.gz"
    assert desk.run(*both).already == 2
    assert (desk.snapshots()[0].found_in or "").startswith("s3://news/crawl/")


def test_connection_that_drops_once_is_taken_up_again(desk: Desk, storage: Storage) -> None:  # noqa: F811
    storage.put("1.warc.gz", warc(*PAGES))
    storage.through(cutting(storage.place, after=100_000, times=1))
    summary = desk.run("s3://news/1.warc.gz")
    assert summary.complete
    assert urls(desk.snapshots()) == sorted(url for url, _ in PAGES)


def test_file_whose_connection_always_drops_is_told_and_read_later(desk: Desk, storage: Storage) -> None:  # noqa: F811
    storage.put("1.warc.gz", warc(*PAGES))
    storage.through(cutting(storage.place, after=100_000, times=1_000))
    [problem] = desk.run("s3://news/1.warc.gz").problems
    assert problem.where == "s3://news/1.warc.gz"
    assert "cannot be read beyond its record" in problem.what
    storage.through(storage.place[1])
    assert desk.run("s3://news/1.warc.gz").counts == {"glass-echo": {"kept": 60}}


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        (lambda storage: storage.through(9), "Could not connect"),
        (lambda storage: storage.without_keys(), "credentials"),
        (lambda storage: None, r"none\.paths"),
    ],
    ids=["no server", "no keys", "no list"],
)
def test_list_that_cannot_be_had_is_told_in_words(
    storage: Storage, spoilt: Callable[[Storage], None], told: str
) -> None:
    spoilt(storage)
    with pytest.raises(UserError, match=told):
        named("s3://news/none.paths")
