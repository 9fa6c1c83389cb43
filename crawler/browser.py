"""Pages that JavaScript makes, read through a browser: settings for scrapy-playwright, and what the browser may ask.

Only for sources that claims.yaml marks with `browser: true`, and only with the extra `retold[browser]` installed. The
crawl's guard, robots.txt and pauses hold for the page itself; whatever the page asks for on its own goes through
`unwanted` (nothing that is not needed to read). All that the browser asks goes through crawler.gate (nothing private).
"""

import shutil
from collections.abc import Awaitable, Callable, Collection
from importlib.util import find_spec
from typing import Any

from crawler.guard import refusal
from kb.errors import UserError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""Commands that start a Chromium, as distributions call it."""
SETTLED_MS = 5_000
"""How long a page may go on loading after its document is there before it is read as it stands."""
_HEAVY = frozenset(["image", "media", "font", "websocket", "manifest", "ping"])
"""What a page asks for that shows no words."""
QUIET = (
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-quic", "--disable-gpu",
    "--js-flags=--max-old-space-size=512",  # MiB; V8 takes 4 GiB before it ends a script that fills its memory
    # Both names of one switch: calls between browsers would go around the proxy.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)  # fmt: skip
"""What makes Chromium ask for nothing but what it is told to."""
_RESOLVES_NOTHING = ("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",)
"""Names are resolved by crawler.gate alone; its own address is a number."""


def require_browser(path: str | None) -> str:
    """The browser's command; UserError with what to install where the extra or the browser is missing."""
    if find_spec("scrapy_playwright") is None:
        raise UserError("a source has `browser: true`, which needs: pip install 'retold[browser]'")
    found = path or next((known for name in NAMES if (known := shutil.which(name))), None)
    if found is None:
        raise UserError(
            "a source has `browser: true`, but no Chromium is installed; install one (Debian: apt-get install chromium)"
            " or name it in RETOLD_CRAWL__BROWSER"
        )
    return found


def browser_settings(
    command: str, *, proxy: str, own_proxy: bool, allowed: Collection[str], sandbox: bool, agent: str
) -> dict[str, Any]:
    """Scrapy's settings by which requests with `meta` of `rendered` go through the browser, and no others.

    `proxy`: the crawl's gate, or where `own_proxy` one that the user set, which then resolves all names.
    """
    launch: dict[str, Any] = {
        "executable_path": command,
        "headless": True,
        "args": [*QUIET, *(() if own_proxy else _RESOLVES_NOTHING)],
        "chromium_sandbox": sandbox,
        "proxy": {"server": proxy},
    }
    handler = "crawler.rendering.BrowserHandler"
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch,
        "PLAYWRIGHT_ABORT_REQUEST": unwanted(frozenset(allowed), proxied=own_proxy),
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 4,
        "PLAYWRIGHT_TARGET_CLOSED_MAX_RETRIES": 1,  # once more where another page took the browser down with it
        "PLAYWRIGHT_CONTEXTS": {"plain": {"user_agent": agent, "service_workers": "block", "accept_downloads": False}},
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
    }


def rendered() -> dict[str, Any]:
    """The `meta` of a request that the browser makes: read once the page has come to rest, or as it stands then."""
    from scrapy_playwright.page import PageMethod

    return {
        "playwright": True,
        "playwright_context": "plain",
        "playwright_page_methods": [PageMethod("evaluate", _COME_TO_REST)],
    }


_COME_TO_REST = f"""() => new Promise(done => {{
  let timer = setTimeout(done, 500);
  const watch = new MutationObserver(() => {{ clearTimeout(timer); timer = setTimeout(done, 500); }});
  watch.observe(document.documentElement, {{childList: true, subtree: true, characterData: true}});
  setTimeout(() => {{ watch.disconnect(); done(); }}, {SETTLED_MS});
}})"""
"""Half a second without any change of the document, `SETTLED_MS` at most."""


def unwanted(allowed: Collection[str], *, proxied: bool) -> Callable[[Any], Awaitable[bool]]:
    """Which of the browser's requests are dropped: heavy ones, and those that the guard would refuse by their address.

    What a name resolves to is judged by crawler.gate, where the connection is made.
    """

    async def drop(request: Any) -> bool:
        if request.resource_type in _HEAVY or request.url.startswith(("data:", "blob:")):
            return request.resource_type in _HEAVY
        return refusal(request.url, allowed, proxied=proxied) is not None

    return drop
