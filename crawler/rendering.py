"""The browser's download handler: a page that never comes to rest, or that grows without end, costs only itself.

Imported by Scrapy alone, and only where a source has `browser: true`: scrapy-playwright is an extra.
"""

import asyncio
from contextlib import suppress
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.browser import SETTLED_MS
from crawler.downloads import limit_heads
from crawler.guard import RefusedError

CLOSING_S = 10.0
"""For a page, and for the browser, to close."""
_READ_AT = "retold_read_at"
"""In a request's `meta`, the page's address before its text is read. Playwright asks for it once more afterwards, and a
page that sets out for another's address in time would have its own words captured under that."""
_LENGTH = "document.documentElement ? document.documentElement.outerHTML.length : 0"


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # untyped
    """scrapy-playwright's, with the crawl's limits of time and size for what the page makes of itself.

    Playwright waits without end for a page whose script is in a loop, and takes a document of any size into memory.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        limit_heads(self)
        self._most: int = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        timeout_s: float = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self.config.navigation_timeout_ms = timeout_s * 1000
        self._patience_s = timeout_s + SETTLED_MS / 1000

    async def _create_page(self, request: Request, spider: Spider) -> Any:
        """A page that gives its place to the next one even if it does not close."""
        page = await super()._create_page(request, spider)
        places = self.context_wrappers[request.meta["playwright_context"]].semaphore
        close = page.close

        async def closed() -> None:
            try:
                async with asyncio.timeout(CLOSING_S):
                    await close()
            except TimeoutError:
                places.release()

        page.close = closed
        return page

    async def _download_request_with_page(self, request: Request, page: Any, spider: Spider) -> Response:
        try:
            async with asyncio.timeout(self._patience_s):
                response: Response = await super()._download_request_with_page(request, page, spider)
        except TimeoutError as error:
            raise DownloadTimeoutError(request.url) from error
        if len(response.body) > self._most:
            raise RefusedError(f"larger than {self._most} bytes")
        if response.url != request.meta.pop(_READ_AT, response.url):
            raise RefusedError("it went on to another address while it was read")
        return response

    async def _apply_page_methods(self, page: Any, request: Request, spider: Spider) -> None:
        """Then stop the page's scripts, and measure it in a world that they cannot reach into, before it is read."""
        await super()._apply_page_methods(page, request, spider)
        session = await page.context.new_cdp_session(page)
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
        frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        world = await session.send("Page.createIsolatedWorld", {"frameId": frame})
        context = world["executionContextId"]
        told = await session.send("Runtime.evaluate", {"expression": _LENGTH, "contextId": context})
        if told["result"].get("value", self._most + 1) > self._most:
            raise RefusedError(f"larger than {self._most} bytes")
        request.meta[_READ_AT] = page.url

    async def _close(self) -> None:
        with suppress(TimeoutError):  # the process ends soon, and its browser with it
            async with asyncio.timeout(CLOSING_S):
                await super()._close()
