"""The words in which reports state what the records hold as codes."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from kb.records import Edit, Precision, Stance, Verdict
from kb.rejected import Code
from queries.check import Role, Rule, Truth
from queries.plain import counted
from queries.trace import ProvenanceEdge, Relation, Why, WhyKind

SEVERITIES: Final = {1: "Minor", 2: "Notable", 3: "Serious"}

RULES: Final[dict[str, str]] = {
    Rule.ALTERED_QUOTE: "Altered quote",
    Rule.TRUNCATED_QUOTE: "Quote cut short",
    Rule.MERGED_QUOTE: "Two remarks merged",
    Rule.MISATTRIBUTED_QUOTE: "Quote given to the wrong speaker",
    Rule.NUMBER_CONFLICT: "Conflicting numbers",
    Rule.UNSUPPORTED_PARAPHRASE: "Paraphrase without support",
    Rule.OVERSTATED: "Said more strongly than the study does",
    Rule.CAVEAT_DROPPED: "Reservation left out",
    Rule.CONTRADICTION: "Outlets contradict each other",
    Rule.MISSPELT_NAME: "Misspelt name",
    Rule.AFFILIATION_CONFLICT: "Affiliation at odds",
    Rule.SILENT_EDIT: "Silent edit",
    Rule.CORRECTION: "Correction",
}

VERDICTS: Final[dict[Verdict, str]] = {
    "verbatim": "word for word",
    "trimmed": "shortened",
    "altered": "altered",
    "merged": "merged",
    "misattributed": "wrong speaker",
    "unsupported": "found nowhere else",
}

STANCES: Final[dict[Stance, str]] = {"supports": "states it", "refutes": "contradicts it", "neutral": "mentions it"}


def counting(label: str, number: int) -> str:
    """The label of a verdict or stance behind a number.

    >>> counting("states it", 1), counting("states it", 14), counting("altered", 3)
    ('states it', 'state it', 'altered')
    """
    return label.replace("s it", " it") if number != 1 else label


ROLES: Final[dict[tuple[Truth, Role], str]] = {
    ("settled", "observed"): "As printed",
    ("settled", "expected"): "Held against",
    ("settled", "other"): "Also relevant",
    ("unsettled", "observed"): "One source has",
    ("unsettled", "expected"): "Another has",
    ("unsettled", "other"): "Also relevant",
}

RELATIONS: Final[dict[Relation, str]] = {
    "quoted-from": "quoted from",
    "copied-from": "copied from",
    "rewritten-from": "rewritten from",
    "cites": "cites",
}

REJECTIONS: Final[dict[str, str]] = {
    Code.NOT_HTML: "not a text page (image, PDF, binary)",
    Code.TOO_LARGE: "over the size limit",
    Code.EMPTY: "empty",
    Code.NO_ARTICLE: "no article found on the page",
    Code.LIST_PAGE: "list of headlines, no article",
    Code.LIVE_BLOG: "live blog",
    Code.HTTP_ERROR: "the server answered with an error",
    Code.OFF_TOPIC: "not about the study",
    Code.LANGUAGE: "in a language that is not read yet",
    Code.TOOK_TOO_LONG: "took too long to read",
    Code.TOOK_TOO_MUCH_MEMORY: "took too much memory to read",
}

_REASONS: Final[dict[WhyKind, str]] = {
    "credit": "credits it",
    "link": "links to it",
    "shared-wording": "shares its wording",
    "shared-alteration": "repeats a change it made",
    "time": "appeared after it",
    "wire": "carries the same wire mark",
}

_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def rule(code: str) -> str:
    """A rule in words; one that this list does not know keeps its own name.

    >>> rule("silent-edit")
    'Silent edit'
    """
    return RULES.get(code) or code.replace("-", " ").capitalize()


def findings(labels: Sequence[str]) -> str:
    """How many there are of each kind, the most frequent first.

    >>> findings(["Altered quote", "Silent edit", "Altered quote"])
    '3 findings: altered quote (2), silent edit (1)'
    """
    kinds = Counter(label.lower() for label in labels).most_common()
    return f"{counted(len(labels), 'finding')}: {', '.join(f'{label} ({count:,})' for label, count in kinds)}"


def origins(number: int) -> str:
    """How many independent origins: an article whose source was not recognised counts as one, so there may be fewer.

    >>> origins(0), origins(1), origins(12)
    ('no independent origin', '1 independent origin', 'at most 12 independent origins')
    """
    if number < 2:
        return f"{number or 'no'} independent origin"
    return f"at most {counted(number, 'independent origin')}"


def duration(seconds: float) -> str:
    """The largest unit that fits, rounded; its sign is dropped.

    >>> duration(50), duration(5400), duration(200000)
    ('under a minute', '2 hours', '2 days')
    """
    seconds = abs(seconds)
    if seconds < _MINUTE:
        return "under a minute"
    if seconds < _HOUR:
        return counted(round(seconds / _MINUTE), "minute")
    if seconds < 2 * _DAY:
        return counted(round(seconds / _HOUR), "hour")
    return counted(round(seconds / _DAY), "day")


def reason(why: Why) -> str:
    """Why an article is held to descend from another, in words."""
    words = _REASONS[why.kind]
    if why.kind == "time" and why.lag_s is not None:
        words = f"appeared {duration(why.lag_s)} {'after' if why.lag_s >= 0 else 'before'} it"
    elif why.score is not None:
        words = f"{words} ({round(100 * why.score)}%)"
    return f"{words}: {why.detail}" if why.detail else words


def reasons(edge: ProvenanceEdge) -> tuple[str, ...]:
    return tuple(reason(why) for why in edge.why)


def edit(change: Edit) -> str:
    """A changed run of words as a sentence."""
    match change.op:
        case "replace":
            return f"“{change.before}” became “{change.after}”"
        case "delete":
            return f"“{change.before}” was left out"
        case "insert":
            return f"“{change.after}” was put in"


def day(at: date, year: bool = True) -> str:
    """
    >>> day(datetime(2026, 3, 9)), day(datetime(2026, 3, 9), year=False)
    ('9 Mar 2026', '9 Mar')
    """
    return f"{at.day} {_MONTHS[at.month - 1]}" + (f" {at.year}" if year else "")


def moment(at: datetime | None, precision: Precision, year: bool = True) -> str:
    """A time no more precise than it is known; hours and minutes are UTC and say so beside the year."""
    if at is None or precision == "unknown":
        return "undated"
    if precision == "year":
        return str(at.year)
    if precision == "month":
        return f"{_MONTHS[at.month - 1]} {at.year}"
    if precision == "day":
        return day(at, year)
    return f"{day(at, year)}, {at:%H:%M}" + (" UTC" if year else "")
