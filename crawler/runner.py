"""crawl(plan, settings) -> CrawlSummary, in a child process: Scrapy's event loop cannot be started twice in one.

The child gets the plan as a line of JSON on stdin and prints JSON lines: one for each visit, at the end the
summary. It stops by itself, cleanly, when stdin closes, that is when the parent goes away.
"""

import json
import os
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

import attrs
import cattrs

from crawler.plan import CrawlPlan, to_json
from kb.errors import CrawlError, DataError, RetoldError, UserError
from kb.settings import Settings

GRACE_S = 20.0
"""How long a child may take to finish what it has under way after it was told to stop."""


@attrs.frozen(kw_only=True)
class CrawlEvent:
    """One step of a crawl, for a progress display."""

    action: str
    """As in Visit."""
    url: str
    source: str | None
    reason: str
    asked: int
    """Pages asked so far."""


@attrs.frozen(kw_only=True)
class SourceError:
    """Something that was not had and that a later crawl may get."""

    source: str | None
    url: str
    reason: str


@attrs.frozen(kw_only=True)
class CrawlSummary:
    """How a crawl went."""

    counts: Mapping[str, int]
    """Addresses by Visit action; those left without a visit (held, doubles) are not among them."""
    errors: tuple[SourceError, ...]
    """Ways in that gave nothing and pages that failed for reasons that may pass."""
    complete: bool
    """Ran to its end with no error and no limit reached."""
    stopped: str | None
    """Why it ended early; None where it did not."""
    requests: int
    """All that were sent, robots.txt and retries included."""
    pages: int
    """Pages asked, conditional requests included."""
    resumed: bool
    """It went on where an interrupted crawl had ended."""
    seconds: float


def crawl(plan: CrawlPlan, settings: Settings, on_event: Callable[[CrawlEvent], None] | None = None) -> CrawlSummary:
    """Run a crawl to its end. CrawlError when the process could not run; all that was captured is kept even then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "crawler.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the child in good order
    )
    assert child.stdin
    assert child.stdout
    assert child.stderr
    last_words: deque[str] = deque(maxlen=20)
    listener = threading.Thread(target=_drain, args=(child.stderr, last_words), daemon=True)
    listener.start()
    try:
        answer = _converse(child.stdin, child.stdout, f"{to_json(plan)}\n{settings.model_dump_json()}\n", on_event)
    finally:
        code = _end(child)
        listener.join(timeout=GRACE_S)
        child.stderr.close()
    return _summary(answer, code, last_words)


def _converse(
    stdin: IO[bytes], stdout: IO[bytes], order: str, on_event: Callable[[CrawlEvent], None] | None
) -> dict[str, Any] | None:
    """Give the order, hear the events; the last line, or None when there was none."""
    try:
        stdin.write(order.encode())
        stdin.flush()
    except BrokenPipeError:
        return None
    for line in stdout:
        said: dict[str, Any] = json.loads(line)
        if "event" not in said:
            return said
        if on_event:
            on_event(cattrs.structure(said["event"], CrawlEvent))
    return None


def _drain(stderr: IO[bytes], last_words: deque[str]) -> None:
    for line in stderr:
        last_words.append(line.decode("utf-8", "replace").rstrip()[:500])


def _end(child: subprocess.Popen[bytes]) -> int:
    assert child.stdin
    with suppress(BrokenPipeError):
        child.stdin.close()
    try:
        code = child.wait(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        code = child.wait()
    if child.stdout:
        child.stdout.close()
    return code


def _summary(answer: dict[str, Any] | None, code: int, last_words: deque[str]) -> CrawlSummary:
    if answer and "summary" in answer:
        return cattrs.structure(answer["summary"], CrawlSummary)
    if answer:
        kinds: dict[str, type[RetoldError]] = {"user": UserError, "data": DataError}
        raise kinds.get(answer["kind"], CrawlError)(answer["error"])
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    said = f": {last_words[-1]}" if last_words else ""
    raise CrawlError(f"the crawl process {how}; what it had captured is kept, `retold crawl` goes on from there{said}")


def tally(visits: Counter[str]) -> dict[str, int]:
    """Counts in the order in which people read them."""
    order = ("kept", "mention", "unchanged", "dropped", "refused", "failed")
    return {action: visits[action] for action in order if visits[action]}
