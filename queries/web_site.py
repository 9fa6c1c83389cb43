"""What the pages of the web UI share: the study as it stands, templates, and pages kept for as long as it does."""

import getpass
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlencode

import attrs
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kb.settings import Settings
from kb.workspace import Workspace
from queries import review
from queries.links import Pages
from queries.lookup import Desk
from queries.picture import Picture, Pictures
from queries.web_guard import Door

T = TypeVar("T")

PAGE = 50
"""Rows of a table on one page."""
PATIENCE_S = 1.5
"""How long a page waits for the first reading of the coverage before it says that it is going on."""


class NotReadYetError(Exception):
    """The first picture of the study is not there yet."""


class NotHereError(Exception):
    """Nothing has this address."""


class Kept:
    """Pages of the latest picture as text, the latest used longest."""

    def __init__(self, most: int = 512, most_bytes: int = 128 << 20) -> None:
        """`most_bytes`: an address can be spelled in any number of ways, and an overview has megabytes."""
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._number = 0
        self._pages: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def held(self, address: str, number: int) -> bytes | None:
        """The page of a picture by the picture's number; None where it is not kept."""
        with self._lock:
            if number > self._number:
                self._pages.clear()  # a page that was taken down is not even kept
                self._bytes = 0
                self._number = number
            if number != self._number or address not in self._pages:
                return None
            self._pages.move_to_end(address)
            return self._pages[address]

    def get(self, address: str, number: int, make: Callable[[], str]) -> bytes:
        """The same, made where it is not kept."""
        found = self.held(address, number)
        if found is not None:
            return found
        made = make().encode("utf-8", "replace")
        with self._lock:
            if number == self._number and address not in self._pages:
                self._pages[address] = made
                self._bytes += len(made)
                while len(self._pages) > self._most or (self._bytes > self._most_bytes and len(self._pages) > 1):
                    self._bytes -= len(self._pages.popitem(last=False)[1])
        return made


@attrs.frozen(kw_only=True)
class Part:
    """One page of a long table."""

    rows: Sequence[Any]
    page: int
    pages: int
    total: int
    earlier: str
    """Address of the page before; empty on the first."""
    later: str


@attrs.frozen(kw_only=True, eq=False)
class Site:
    """The web UI of one study."""

    settings: Settings
    workspace: Workspace
    desk: Desk
    pictures: Pictures
    door: Door
    templates: Environment
    kept: Kept = attrs.field(factory=Kept)
    _cases: dict[int, tuple[object, tuple[review.Case, ...]]] = attrs.field(factory=dict, init=False)
    """By the number of the latest picture, its cases and the judgements that they were made with."""

    def picture(self) -> Picture:
        found = self.pictures.latest(PATIENCE_S)
        if found is None:
            raise NotReadYetError(self.pictures.problem)
        return found

    def cases(self, picture: Picture) -> tuple[review.Case, ...]:
        """What there is to decide, as people have decided up to this moment."""
        judgements = self.workspace.reader.judgements()
        stamp = [(each.id, each.withdrawn_at) for each in judgements]
        held = self._cases.get(picture.number)
        if held and held[0] == stamp:
            return held[1]
        found = review.cases_of(picture.findings, picture.reading.names, review.standing(judgements))
        self._cases.clear()
        self._cases[picture.number] = (stamp, tuple(found))
        return tuple(found)

    def page(self, name: str, picture: Picture | None = None, *, status: int = 200, **values: Any) -> Response:
        """A template with what every page shows."""
        return HTMLResponse(self.text(name, picture, **values), status_code=status)

    def text(self, name: str, picture: Picture | None = None, **values: Any) -> str:
        report = picture.placed.report if picture else None
        shared = {
            "report": report,
            "links": Pages(report) if report else None,
            "study_title": self.workspace.study.title,
            "problem": self.pictures.problem,
        }
        return self.templates.get_template(name).render(**(shared | values))

    def keeping(self, request: Request, picture: Picture, make: Callable[[], str]) -> Response:
        """A page that depends on the picture and its address alone."""
        return HTMLResponse(self.kept.get(_address(request), picture.number, make))

    def kept_page(self, request: Request) -> Response | None:
        """A page that is kept, without a thread of its own."""
        picture = self.pictures.latest()
        found = self.kept.held(_address(request), picture.number) if picture else None
        return HTMLResponse(found) if found is not None else None

    def form(self, request: Request) -> dict[str, str]:
        """What a form needs besides its own fields."""
        return {"csrf": self.door.form_token(request.state.session), "user": self.who(request)}

    def who(self, request: Request) -> str:
        """Who decided last in this browser, else the account; empty where neither is known or others may come in."""
        given = unquote(request.cookies.get(self.user_cookie, ""))[:80]
        if given or self.door.token is not None:
            return given
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return ""

    @property
    def user_cookie(self) -> str:
        return f"{self.door.cookie}_user"


def _address(request: Request) -> str:
    """What is asked for: the query, in which no blank stands, and the path, in which a `?` may."""
    return f"{request.url.query} {request.scope['path']}"


def part_of(request: Request, rows: Sequence[T], size: int = PAGE) -> Part:
    """The rows of the page that the address asks for."""
    page = number_of(request, "page")
    pages = max(1, ceil(len(rows) / size))
    page = min(page, pages)
    return part(request, rows[(page - 1) * size : page * size], page, len(rows), size)


def part(request: Request, rows: Sequence[T], page: int, total: int, size: int = PAGE) -> Part:
    """Rows that were read for one page alone."""
    pages = max(1, ceil(total / size))
    return Part(
        rows=rows,
        page=page,
        pages=pages,
        total=total,
        earlier=_paged(request, page - 1) if page > 1 else "",
        later=_paged(request, page + 1) if page < pages else "",
    )


def number_of(request: Request, name: str) -> int:
    """A number from 1 in the address; 1 for anything else."""
    return max(1, min(number_in(request.query_params.get(name, "")) or 1, 1_000_000))


def number_in(given: str) -> int | None:
    """A whole number that an address writes; None for anything else: Python takes `²` for a digit and for no number."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else None


def _paged(request: Request, page: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("page", "part")]
    return f"{quote(request.scope['path'])}?{urlencode([*kept, ('page', str(page))])}"
