"""The feeds of claims.yaml as an OPML 2.0 subscription list."""

from collections.abc import Iterator
from email.utils import format_datetime
from typing import TextIO
from xml.etree import ElementTree as ET

from queries.holdings import Holdings
from queries.linked_data import iri, xml_text

_ASKS = "{query}"
"""Stands in feeds of search services, which only a crawl fills: a feed reader would ask for it as it is."""


def opml(held: Holdings, out: TextIO) -> int:
    """An outline for each source with feeds, and one for feeds of no source; how many feeds these are."""
    study = held.coverage.study
    root = ET.Element("opml", version="2.0")
    root.append(ET.Comment(f" {held.software} "))
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "title").text = xml_text(f"{study.title}: feeds")
    ET.SubElement(head, "dateCreated").text = format_datetime(held.at.replace(microsecond=0), usegmt=True)
    body = ET.SubElement(root, "body")
    count = 0
    for name, feeds in _feeds(held):
        if feeds:
            group = ET.SubElement(body, "outline", text=name, title=name)
            for feed in feeds:
                ET.SubElement(group, "outline", type="rss", text=name, title=name, xmlUrl=feed)
            count += len(feeds)
    if not count:  # a body must have an outline
        ET.SubElement(body, "outline", text="no feeds")
    ET.indent(root)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n")
    return count


def _feeds(held: Holdings) -> Iterator[tuple[str, list[str]]]:
    study = held.coverage.study
    for name, feeds in [*((source.name, source.feeds) for source in study.sources), ("Further feeds", study.feeds)]:
        addresses = [iri(feed) for feed in feeds if _ASKS not in feed]
        yield xml_text(name), [address for address in addresses if address]
