"""The web UI's own routes as an OpenAPI 3.1 document, written from the routes that are served."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Route

from queries.plain import release
from queries.web_limits import SHARED

_PAGE = {"page": {"type": "integer", "minimum": 1, "maximum": 1_000_000}}
_TEXT = {"type": "string"}
_FILTERS = ("q", "kind", "speaker", "source", "since", "until", "language", "verdict", "mode", "k", "part")
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    "/search": dict.fromkeys(_FILTERS, _TEXT),
    "/findings": {"rule": _TEXT, **_PAGE},
    "/quotes/{slug}": _PAGE,
    "/claims/{slug}": _PAGE,
    "/outlets": _PAGE,
    "/outlets/{slug}": _PAGE,
    "/articles": _PAGE,
    "/review": {"all": _TEXT, **_PAGE},
    "/review/log": _PAGE,
    "/crawl": {"action": _TEXT, "part": _TEXT, **_PAGE},
}
"""What each page reads of its address; anything else in it is passed over, and what makes no sense is as if absent."""
_FORM = {
    "type": "object",
    "required": ["csrf", "subject", "verdict"],
    "properties": {
        "csrf": {"type": "string", "description": "As written into the form of this session."},
        "subject": _TEXT,
        "verdict": {"enum": ["confirmed", "rejected", "unsure", "withdraw"]},
        "user": {"type": "string", "maxLength": 80},
        "note": {"type": "string", "maxLength": 1_000},
        "back": _TEXT,
    },
}
_TYPES = {
    "/static/{name}": ("text/css", "text/javascript"),
    "/openapi.json": ("application/json",),
    "/outlets/{slug}/letter": ("text/plain",),
    "/favicon.ico": (),
}
"""What is no page of HTML."""
_PLAIN: Mapping[str, Any] = {"text/plain": {}}
_REFUSALS: Mapping[str, str] = {
    "401": "A token is needed, and was not given or is wrong.",
    "403": "Sent or loaded from another site, or a form of another session.",
    "405": "Only GET, HEAD and POST are known, and POST at /review alone.",
    "414": "The address is longer than 4 KiB.",
    "421": "This server does not go by that name.",
    "429": f"Too many requests ({SHARED} by default where a token is needed), or tries of the token; see Retry-After.",
}


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes, which are all that the server answers to."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        assert isinstance(route, Route)
        known = paths.setdefault(route.path, {})
        for method in sorted((route.methods or set()) - {"HEAD"}):
            known[method.lower()] = _operation(route, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "retold serve",
            "version": release().removeprefix("retold "),
            "description": "The web UI of one study. Its pages are HTML for people; scripts use `retold --json`.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "retold_PORT",
                    "description": "Set by opening the link with ?token= once; needed on any address but loopback.",
                }
            }
        },
        "security": [{"session": []}, {}],
    }


def _operation(route: Route, method: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": f"{method.lower()}{route.path.translate(str.maketrans('/{}.-', '_____'))}",
        "parameters": list(_parameters(route, method)),
        "responses": _responses(route, method),
    }
    if method == "POST":
        made["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}
    return made


def _parameters(route: Route, method: str) -> Iterator[dict[str, Any]]:
    for name in route.param_convertors:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for name, schema in _QUERIES.get(route.path, {}).items() if method == "GET" else ():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(route: Route, method: str) -> dict[str, Any]:
    told = {status: {"description": why, "content": _PLAIN} for status, why in _REFUSALS.items()}
    page: dict[str, Any] = {"text/html": {}}
    missing = {"404": {"description": "Nothing has this address.", "content": page}} if route.param_convertors else {}
    if method == "POST":
        also = {
            "303": {"description": "Entered; back to where the form was."},
            "400": {"description": "The form says nothing that can be entered.", "content": {**page, **_PLAIN}},
            "404": {"description": "There is no such finding or name to decide about.", "content": page},
            "413": {"description": "The form is larger than 16 KiB.", "content": _PLAIN},
            "415": {"description": "Only plain forms are read.", "content": _PLAIN},
        }
    elif route.path == "/favicon.ico":
        also = {"204": {"description": "There is none."}}
    else:
        types = _TYPES.get(route.path, ("text/html",))
        also = {"200": {"description": "As asked.", "content": {kind: {} for kind in types}}}
    waiting = {
        "503": {"description": "The coverage is being read for the first time; see Retry-After.", "content": page}
    }
    return told | missing | also | ({} if route.path in _TYPES else waiting)
