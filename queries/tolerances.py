"""Whether a printed number, with its hedge, can stand for the true one: `about`, `more than`, `nearly`, rounding."""

from kb.claims import Expectation
from kb.records import Quantity

ROUNDING = 0.1
"""Share by which a number that says it is rounded may differ; at least 3 points for percentages."""
_LOOSE = frozenset(
    [
        "about",
        "around",
        "roughly",
        "nearly",
        "almost",
        "approximately",
        "some",
        "close to",
        "or so",
        "an estimated",
        "estimated",
        "an average of",
        "virtually",
        "practically",
        "~",
        "≈",
    ]
)
_ABOVE = frozenset(
    [
        "more than",
        "over",
        "at least",
        "above",
        "upwards of",
        "exceeding",
        "just over",
        "well over",
        "greater than",
        "in excess of",
        "as few as",
        "as little as",
        "no fewer than",
        "no less than",
        ">",
        "≥",
        "or more",
    ]
)
_BELOW = frozenset(
    [
        "less than",
        "under",
        "at most",
        "fewer than",
        "below",
        "up to",
        "as many as",
        "no more than",
        "just under",
        "not more than",
        "as much as",
        "barely",
        "<",
        "≤",
        "or fewer",
        "or less",
    ]
)


def agrees(quantity: Quantity, expectation: Expectation) -> bool:
    """Whether a printed number, with its hedge, can stand for the true one."""
    low, high = expectation.value, expectation.high or expectation.value
    first, last = quantity.value, quantity.high or quantity.value
    if first <= high and low <= last:
        return True
    hedge = (quantity.hedge or "").lower()
    if hedge in _ABOVE:
        return first <= high <= 1.5 * first
    if hedge in _BELOW:
        return low <= last <= 2 * low
    room = max(ROUNDING * low, 3.0 if quantity.unit == "percent" else 0.0) if hedge in _LOOSE else 0.0
    if abs(first - low) <= room:
        return True
    return first == round(low, _decimals(first)) and low != int(low)


def _decimals(value: float) -> int:
    return len(str(value).split(".", 1)[1].rstrip("0")) if "." in str(value) else 0
