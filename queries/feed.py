"""Alerts as an Atom feed: one file that any feed reader can follow. Page text is escaped in it."""

from collections.abc import Sequence
from io import StringIO
from typing import Any

from feedgenerator import Atom1Feed
from markupsafe import Markup, escape

from kb.claims import Study
from kb.tellings import Alert, Place
from queries.linked_data import urn, xml_text
from queries.markup import web_address

ENTRIES = 200
"""The latest alerts that the feed shows; the record store has all."""

_TAGS = {"removed": "del", "added": "ins"}


class _Feed(Atom1Feed):  # type: ignore[misc]  # feedgenerator has no types
    """With the program that made it."""

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("generator", "retold", {"version": self.feed["version"]})


def atom(study: Study, alerts: Sequence[Alert], version: str) -> str:
    """The feed of a study's alerts, the latest first. The same alerts give the same bytes; `version` is retold's."""
    home = next((document.url for document in study.documents if web_address(document.url)), urn(study.slug))
    feed = _Feed(
        title=xml_text(f"retold: {study.title}"),
        link=home,
        description="",
        author_name="retold",
        feed_guid=urn(f"study {study.slug}"),
        version=version,
    )
    for alert in sorted(alerts, key=lambda alert: alert.fired_at, reverse=True)[:ENTRIES]:
        feed.add_item(
            title=xml_text(alert.title),
            link=next((place.url for place in reversed(alert.places) if web_address(place.url)), home),
            description=xml_text(_html(alert)),
            unique_id=urn(alert.id),
            pubdate=alert.fired_at,
            updateddate=alert.withdrawn_at or alert.fired_at,
            categories=(xml_text(alert.kind),),
        )
    written = StringIO()
    feed.write(written, "utf-8")
    return written.getvalue()


def _html(alert: Alert) -> Markup:
    parts = [Markup("<p>{}</p>").format(alert.summary)]
    if alert.diff:
        parts.append(Markup("<blockquote>{}</blockquote>").format(Markup(" ").join(map(_piece, alert.diff))))
    parts += [_place(place) for place in alert.places]
    parts.append(Markup("<p><small>Fired by: {}</small></p>").format(alert.why))
    return Markup("").join(parts)


def _piece(piece: tuple[str, str]) -> Markup:
    op, text = piece
    tag = _TAGS.get(op)
    if op == "left-out":
        return Markup("…")
    return Markup("<{0}>{1}</{0}>").format(Markup(tag), text) if tag else escape(text)  # noqa: S704 - our own tags


def _place(place: Place) -> Markup:
    address = web_address(place.url)
    said = Markup(" “{}”").format(place.exact) if place.exact else Markup("")
    title = Markup('<a href="{}">{}</a>').format(address, place.title) if address else escape(place.title)
    return Markup("<p>{}:{} {}, {} <small>({})</small></p>").format(
        place.label, said, place.outlet, title, place.capture
    )
