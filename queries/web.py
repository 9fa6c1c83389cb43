"""`retold serve`: the study in a browser, on this machine or, with a token, for others.

The pages show the view models of the reports through the same templates. What they show is computed in the background
for each state of the data (queries.picture), and kept as text until that changes.
"""

import hashlib
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from importlib.resources import files

import anyio
import uvicorn
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kb.errors import RetoldError, UserError
from kb.workspace import Workspace
from queries import web_pages, web_review
from queries.charts import mark
from queries.days import now
from queries.lookup import Desk, Question
from queries.markup import html_templates
from queries.picture import Pictures
from queries.web_api import document
from queries.web_guard import Door, Guard, form, is_loopback
from queries.web_limits import SHARED, read
from queries.web_patience import Impatient
from queries.web_site import NotHereError, NotReadYetError, Site

Page = Callable[[Site, Request], Response]

PAGES: tuple[tuple[str, Page], ...] = (
    ("/", web_pages.overview),
    ("/search", web_pages.search),
    ("/findings", web_pages.findings),
    ("/findings/{key}", web_review.finding),
    ("/quotes/{slug}", web_pages.quote),
    ("/claims/{slug}", web_pages.claim),
    ("/outlets", web_pages.outlets),
    ("/outlets/{slug}", web_pages.outlet),
    ("/outlets/{slug}/letter", web_pages.letter),
    ("/articles", web_pages.articles),
    ("/articles/{key}", web_pages.article),
    ("/review", web_review.queue),
    ("/review/log", web_review.log),
    ("/crawl", web_pages.crawl),
)

STATIC = {"style.css": ("text/css", ("report.css", "web.css")), "live.js": ("text/javascript", ("live.js",))}
"""By name: media type, and the files that make it up."""

MAKING = 2
"""Pages that are made side by side; further ones wait for their turn. One thread of Python's runs at a time: the more
there are, the longer one that computes outside of Python waits to come back.
"""
SWITCH_S = 0.0005
"""After how long a thread of Python's lets another one on. A search gives way some thirty times, in the model, the
index and the record store; at the usual 5 ms, each time behind a page that is being written, it takes many times as
long as its work.
"""
GOODBYE_S = 3
"""How long answers that are under way may take when the server is stopped."""


def door(
    host: str, port: int, token: str | None, names: tuple[str, ...], *, tls: bool = False, limit: str | None = None
) -> Door:
    """Who may come in: on loopback anybody on this machine, elsewhere whoever has the token.

    `limit`: requests of one client, as of queries.web_limits; None for what fits, which on loopback is none.
    """
    if token is not None and len(token) < 12:
        raise UserError("--token: at least 12 signs, or anybody could try them all; leave it out to get one")
    needed = token or (None if is_loopback(host) else secrets.token_urlsafe(24))
    chosen = limit or (SHARED if needed else "none")
    kept = None if chosen == "none" else chosen
    if kept:
        read(kept)  # a slip is told now, not at the first request
    return Door(host=host, port=port, token=needed, names=names, tls=tls, limit=kept)


def app(workspace: Workspace, entrance: Door) -> Starlette:
    """The web UI of an open workspace; its lifespan starts and ends what runs in the background."""
    assets = {name: _asset(*parts) for name, parts in STATIC.items()}
    site = Site(
        settings=workspace.settings,
        workspace=workspace,
        desk=Desk(workspace),
        pictures=Pictures(workspace),
        door=entrance,
        templates=_templates(assets),
    )

    making = anyio.CapacityLimiter(MAKING)

    async def static(request: Request) -> Response:
        kind, body = assets.get(request.path_params["name"], (None, b""))
        if kind is None:
            raise HTTPException(404)
        return Response(body, media_type=kind, headers={"Cache-Control": "max-age=31536000, immutable"})

    async def judge(request: Request) -> Response:
        fields = await form(request, entrance)
        if isinstance(fields, Response):
            return fields
        return await run_in_threadpool(_answered, site, lambda: web_review.judge(site, request, fields))

    async def missing(request: Request, _: Exception) -> Response:
        return await run_in_threadpool(_answered, site, lambda: _not_here(site))

    answering = Starlette(
        routes=[
            Route("/openapi.json", _described),
            Route("/static/{name}", static),
            Route("/favicon.ico", _no_icon),
            Route("/review", judge, methods=["POST"]),
            *(Route(path, _endpoint(site, page, making)) for path, page in PAGES),
        ],
        middleware=[Middleware(Guard, door=entrance, free=[f"/static/{name}" for name in STATIC])],
        exception_handlers={404: missing},
        lifespan=_lifespan(site),
    )
    answering.router.redirect_slashes = False  # an address is known or it is not
    return answering


async def _described(request: Request) -> Response:
    return JSONResponse(document(request.app.routes))


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)  # browsers ask for one unasked


def serve(workspace: Workspace, entrance: Door, *, told: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `told` gets the link to open once the port is taken."""
    config = uvicorn.Config(
        app(workspace, entrance),
        host=entrance.host,
        port=entrance.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GOODBYE_S,
        proxy_headers=False,
        ws="none",
        http=Impatient,
    )
    try:
        sockets = [config.bind_socket()]
    except SystemExit as error:  # uvicorn's way to say that the port is taken
        raise UserError(f"port {entrance.port} at {entrance.host} cannot be had; choose another: --port") from error
    told(link(entrance))
    with closing(sockets[0]), suppress(KeyboardInterrupt):  # which uvicorn raises again when all has ended
        uvicorn.Server(config).run(sockets=sockets)


def link(entrance: Door) -> str:
    """What to open; the token stands in it once, a cookie keeps it."""
    host = "localhost" if entrance.host in ("0.0.0.0", "::") else entrance.host  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if entrance.tls else 'http'}://{shown}:{entrance.port}/" + (
        f"?token={entrance.token}" if entrance.token else ""
    )


def _templates(assets: Mapping[str, tuple[str, bytes]]) -> Environment:
    made = html_templates()
    digest = hashlib.sha256(b"".join(body for _, body in assets.values())).hexdigest()[:12]
    made.globals |= {"mark": mark, "version": digest}
    made.filters |= {"from_word": web_pages.from_word, "to_word": web_pages.to_word}
    return made


def _asset(kind: str, names: tuple[str, ...]) -> tuple[str, bytes]:
    folder = files("queries").joinpath("static")
    return kind, b"\n".join(folder.joinpath(name).read_bytes() for name in names)


def _endpoint(site: Site, page: Page, making: anyio.CapacityLimiter) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if kept := site.kept_page(request):
            return kept
        return await anyio.to_thread.run_sync(_answered, site, lambda: page(site, request), limiter=making)

    return handle


def _answered(site: Site, page: Callable[[], Response]) -> Response:
    """A page, or one that says why there is none."""
    try:
        return page()
    except NotHereError:
        return _not_here(site)
    except NotReadYetError as error:
        answer = site.page("web/waiting.html", status=503, why=str(error))
        answer.headers["Refresh"] = answer.headers["Retry-After"] = "2"
        return answer
    except RetoldError as error:
        status = 400 if isinstance(error, UserError) else 500
        return site.page("web/message.html", status=status, head="That did not work", said=str(error))


def _not_here(site: Site) -> Response:
    said = "Nothing has this address, or it has gone with a newer reading of the coverage."
    return site.page("web/message.html", status=404, head="Not here", said=said)


def _lifespan(site: Site) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lasting(_: Starlette) -> AsyncIterator[None]:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        site.pictures.start()
        threading.Thread(target=_warm, args=[site], name="warm", daemon=True).start()
        try:
            yield
        finally:
            sys.setswitchinterval(before)
            site.pictures.close()
            await run_in_threadpool(site.desk.close)

    return lasting


def _warm(site: Site) -> None:
    """A first search loads the model and opens the index, so that nobody has to wait for that."""
    if site.workspace.store.count_snapshots():
        site.desk.search(Question(query="study"), now())
