"""Other extractors, run by an interpreter of their own, since their pins and ours do not go together.

    python -m venv peers && peers/bin/pip install newspaper4k lxml_html_clean resiliparse news-please
    python -m bench extraction --data PAGES --peers peers/bin/python

Takes a page a line (url, html) and answers a line: of each extractor what it read and the CPU seconds that it took.
What is not installed is left out. It imports nothing of retold.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

Found = dict[str, Any]


def _newspaper4k() -> Callable[[str, str], Found]:
    import newspaper

    def read(html: str, url: str) -> Found:
        article = newspaper.Article(url, fetch_images=False)
        article.download(input_html=html)
        article.parse()
        return _found(article.text, article.title, article.authors, article.publish_date)

    return read


def _news_please() -> Callable[[str, str], Found]:
    from newsplease import NewsPlease

    def read(html: str, url: str) -> Found:
        article = NewsPlease.from_html(html, url=url, fetch_images=False)
        return _found(article.maintext, article.title, article.authors, article.date_publish)

    return read


def _resiliparse() -> Callable[[str, str], Found]:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    def read(html: str, url: str) -> Found:
        tree = HTMLTree.parse(html)
        return _found(extract_plain_text(tree, main_content=True), tree.title, None, None)

    return read


def _found(text: str | None, title: str | None, authors: list[str] | None, date: datetime | str | None) -> Found:
    return {"text": text or "", "title": title or "", "authors": authors or [], "date": str(date or "")[:10]}


def main() -> None:
    """Answer until stdin ends. A page that an extractor fails on is an empty reading."""
    logging.disable(logging.CRITICAL)
    out, sys.stdout = sys.stdout, sys.stderr
    makers = {"newspaper4k": _newspaper4k, "news-please": _news_please, "resiliparse": _resiliparse}
    readers: dict[str, Callable[[str, str], Found]] = {}
    for name, maker in makers.items():
        with suppress(ImportError):
            readers[name] = maker()
    for number, line in enumerate(sys.stdin):
        page = json.loads(line)
        out.write(json.dumps({name: _timed(read, page, warm=not number) for name, read in readers.items()}) + "\n")
        out.flush()


def _timed(read: Callable[[str, str], Found], page: dict[str, str], *, warm: bool) -> Found:
    for _ in range(1 + warm):  # imports and tables that load on first use are no cost of a page
        start, found = time.process_time(), _found(None, None, None, None)
        with suppress(Exception):
            found = read(page["html"], page["url"])
        found["seconds"] = time.process_time() - start
    return found


if __name__ == "__main__":
    main()
