"""Alerts on their way to people: entered in the record store, then sent to each notifier, never twice."""

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import attrs

from kb.claims import Study
from kb.tellings import Alert, Delivery, DeliveryStatus, Place, notifier_id
from kb.workspace import Workspace
from queries.plain import one_line, printable

MESSAGES = 10
"""Alerts that get a message of their own in one run; further ones share a last message, by title: a first run over
a large coverage must not send a hundred mails."""

TITLES = 50
"""Titles in that last message."""

TITLE = 200
"""Characters of each."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_CALLING = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Sent:
    """How a notifier fared."""

    notifier: str
    """`alerts.1 (mailto)`: never the address itself, which may hold a password."""
    sent: int
    waiting: int
    """Alerts that are tried again in the next run."""
    unknown: int
    """Alerts that an earlier run was sending when it was killed: nobody knows, and they are not sent again."""
    problem: str
    """Why something is waiting; empty where nothing is."""


class NotifierError(Exception):
    """A notifier did not take a message, or is none."""


def enter(workspace: Workspace, alerts: Sequence[Alert], at: datetime) -> None:
    """Keep new alerts, and that they have to go to every notifier that claims.yaml names now."""
    notifiers = [notifier_id(address) for address in workspace.study.alerts]
    workspace.store.add_alerts(
        alerts,
        [
            Delivery(alert=alert.id, notifier=notifier, status="waiting", at=at, tries=0, problem="")
            for alert in alerts
            for notifier in notifiers
        ],
    )


def told(alerts: Sequence[Alert]) -> set[str]:
    """The keys of everything that was told."""
    return {key for alert in alerts for key in (alert.key, *alert.covers)}


def problems(study: Study, environment: Mapping[str, str]) -> Iterator[str]:
    """Why notifiers of a study cannot be used, told before the work rather than after it."""
    for number, address in enumerate(study.alerts):
        try:
            Notifier(address, environment)
        except NotifierError as error:
            yield f"{name_of(number, address)}: {error}"


def deliver(
    workspace: Workspace, environment: Mapping[str, str], at: datetime, *, rejected: Collection[str] = ()
) -> list[Sent]:
    """Send what waits. A notifier that fails once is left for the next run; nothing is raised for it.

    `rejected`: ids of findings that a person has put aside; what waits about them is not sent any more.
    """
    post = _Post(workspace=workspace, environment=environment, at=at, rejected=rejected)
    alerts = {alert.id: alert for alert in workspace.reader.alerts()}
    open_ones: dict[str, list[Waiting]] = {}
    for delivery in workspace.reader.deliveries():
        open_ones.setdefault(delivery.notifier, []).append((alerts[delivery.alert], delivery))
    return [
        post.to(name_of(number, address), address, open_ones.pop(notifier_id(address), []))
        for number, address in enumerate(workspace.study.alerts)
    ]


Waiting = tuple[Alert, Delivery]


@attrs.frozen(kw_only=True)
class _Post:
    workspace: Workspace
    environment: Mapping[str, str]
    at: datetime
    rejected: Collection[str]

    def to(self, name: str, address: str, waiting: Sequence[Waiting]) -> Sent:
        """Everything that waits for one notifier."""
        lost = [one for one in waiting if one[1].status == "trying"]
        self._enter(lost, "unknown", "the run that sent it was killed")
        rest = [one for one in waiting if one[1].status != "trying"]
        self._enter([one for one in rest if one[0].key in self.rejected], "withdrawn", "the finding was rejected")
        queue = sorted((one for one in rest if one[0].key not in self.rejected), key=lambda one: -one[0].severity)
        sent, problem = 0, ""
        if queue:
            try:
                notifier = Notifier(address, self.environment)
                for some in _portions(queue):
                    self._send(notifier, some)
                    sent += len(some)
            except NotifierError as error:
                problem = str(error)
        return Sent(notifier=name, sent=sent, waiting=len(queue) - sent, unknown=len(lost), problem=problem)

    def _send(self, notifier: "Notifier", some: Sequence[Waiting]) -> None:
        alerts = [alert for alert, _ in some]
        self._enter(some, "trying", "")
        try:
            notifier.send(*message(alerts), grave=any(alert.severity > 2 for alert in alerts))
        except NotifierError as error:
            self._enter(some, "failed", str(error))
            raise
        self._enter(some, "sent", "")

    def _enter(self, some: Sequence[Waiting], status: DeliveryStatus, problem: str) -> None:
        tried = status in ("sent", "failed")
        self.workspace.store.mark(
            [
                attrs.evolve(delivery, status=status, problem=problem, at=self.at, tries=delivery.tries + tried)
                for _, delivery in some
            ]
        )


def _portions(queue: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    """Each message's alerts."""
    if len(queue) <= MESSAGES:
        return [[one] for one in queue]
    return [*([one] for one in queue[: MESSAGES - 1]), queue[MESSAGES - 1 :]]


# --- Words ------------------------------------------------------------------------------------------------


def message(alerts: Sequence[Alert]) -> tuple[str, str]:
    """Title and body, in plain text."""
    if len(alerts) == 1:
        return f"retold: {_quiet(one_line(alerts[0].title))}", _quiet(body(alerts[0]))
    titles = [f"- {alert.title}: {alert.summary}"[:TITLE] for alert in alerts[:TITLES]]
    if len(alerts) > TITLES:
        titles.append(f"- and {len(alerts) - TITLES} more")
    told = "\n".join([*titles, "", "Each with its words and links is in the feed and in the report."])
    return f"retold: {len(alerts)} further alerts", _quiet(told)


def body(alert: Alert) -> str:
    """One alert: what it says, the word diff, where it stands, what fired it."""
    lines = [alert.summary]
    if alert.diff:
        lines += ["", marked(alert.diff)]
    lines += ["", *(_line(place) for place in alert.places), "", f"Fired by: {alert.why}"]
    return "\n".join(lines)


def marked(diff: Sequence[tuple[str, str]]) -> str:
    """
    >>> marked([("same", "it is"), ("removed", "not"), ("added", "quite"), ("left-out", "safe")])
    'it is [-not-] {+quite+} …'
    """
    shapes = {"removed": "[-{}-]", "added": "{{+{}+}}", "left-out": "…"}
    return " ".join(shapes.get(op, "{}").format(text) for op, text in diff)


def _line(place: Place) -> str:
    said = f" “{place.exact}”" if place.exact else ""
    return f"{place.label}:{said} {place.outlet}, {place.title}: {place.url} ({place.capture})"


def _quiet(text: str) -> str:
    """A page that says @everyone must not call a whole chat together."""
    return _CALLING.sub("@\u200b", printable(text))


# --- Notifiers --------------------------------------------------------------------------------------------


def name_of(number: int, address: str) -> str:
    """How a notifier is called in messages.

    >>> name_of(0, "mailto://desk:secret@example.org"), name_of(1, "${CHAT}")
    ('alerts.0 (mailto)', 'alerts.1 (${CHAT})')
    """
    return f"alerts.{number} ({address.partition('://')[0]})"


class Notifier:
    """One address of Apprise, its `${NAME}` filled in. NotifierError for one that cannot be used."""

    def __init__(self, address: str, environment: Mapping[str, str]) -> None:
        names = _VARIABLE.findall(address)
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise NotifierError(f"${{{missing[0]}}} is not set in the environment")
        whole = _VARIABLE.fullmatch(address)
        # Alone it is an address; inside one it is a part, in which @ and / must not divide anything.
        self._secrets = [environment[name] for name in names]
        filled = (
            environment[whole[1]]
            if whole
            else _VARIABLE.sub(lambda found: quote(environment[found[1]], safe=""), address)
        )
        self._server = _instance(filled)

    def send(self, title: str, text: str, *, grave: bool) -> None:
        """NotifierError with the service's words when it was not taken."""
        import apprise

        sender = apprise.Apprise()
        sender.add(self._server)
        kind = apprise.NotifyType.WARNING if grave else apprise.NotifyType.INFO
        capture = apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]
        with capture as log:
            taken = sender.notify(text, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
            said = " ".join(log.getvalue().split())
        if not taken:
            raise NotifierError(self._without_secrets(said or "the service did not take it")[:300])

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…").replace(quote(secret, safe=""), "…")
        return text


def _instance(address: str) -> Any:
    with warnings.catch_warnings():
        # Apprise loads all its services at the first use; some import modules that Python is about to drop.
        warnings.simplefilter("ignore")
        import apprise

        asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY, app_id="retold")
        server = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if server is None:
        raise NotifierError("no address that Apprise can use; https://github.com/caronc/apprise lists them")
    return server
