"""What people were told of: each alert with what fired it, and how it fared at each notifier."""

from datetime import datetime
from functools import cached_property
from typing import Literal

import attrs

from kb.records import record_id

DeliveryStatus = Literal["waiting", "trying", "sent", "failed", "unknown", "withdrawn"]


@attrs.frozen(kw_only=True)
class Place:
    """A passage that an alert rests on."""

    label: str
    """What it is to the alert: `As printed`, `Held against`."""
    outlet: str
    title: str
    url: str
    exact: str
    """The words there; empty where the whole article is meant."""
    capture: str
    """`sha256:` digest of the bytes as served."""


@attrs.frozen(kw_only=True)
class Alert:
    """One thing worth telling, as it was told: kept, so that no rebuild tells it again."""

    key: str
    """Id of what fired it; made from content, so that it is the same after a rebuild."""
    covers: tuple[str, ...]
    """Keys of further things that it tells with it."""
    kind: str
    """The rule of a finding, `new-origin` or `new-variant`."""
    severity: int
    """1 to 3."""
    fired_at: datetime
    title: str
    why: str
    """What fired it, in words."""
    summary: str
    diff: tuple[tuple[str, str], ...]
    """Runs of words as (`same`, `removed`, `added` or `left-out`, words); empty where it is not about wording."""
    places: tuple[Place, ...]
    withdrawn_at: datetime | None = None
    """When its words went, with a page that it rested on."""

    @cached_property
    def id(self) -> str:
        return record_id("alert", self.key)


@attrs.frozen(kw_only=True)
class Delivery:
    """An alert on its way to one notifier."""

    alert: str
    """Id of the Alert."""
    notifier: str
    """Made from the address as claims.yaml has it; the address itself, which may hold a secret, is not kept."""
    status: DeliveryStatus
    """`trying` is entered before sending: found later, it means that nobody knows whether it arrived (`unknown`).
    `failed` is tried again, unless a person rejects the finding before that (`withdrawn`)."""
    at: datetime
    tries: int
    problem: str

    @cached_property
    def id(self) -> str:
        return record_id("delivery", self.alert, self.notifier)


def notifier_id(address: str) -> str:
    return record_id("notifier", address)
