"""Which records of a web archive may concern a study: scans of their raw bytes, for all studies at once.

A page about a study names it, one of its speakers or one of its documents, or prints a run of a reference quote. One
scan looks for parts of every sign, which passes over most of an archive at gigabytes a second; what it stops at is
held against the whole sign. Both use Hyperscan (Wang et al., NSDI 2019). What the scan costs grows with the quotes of
the studies, whose everyday words start its automaton in every page; so beyond a dozen studies their quotes are
looked for in what the page says without its markup, a tenth of its bytes, where four words are plain text and their
number costs nothing. All this lets through too much rather than too little: `focus.judge` decides.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import attrs

from crawler.spellings import ESCAPED, Sign, folded, signs_of, unescaped
from crawler.terms import Terms
from kb.claims import Study
from kb.errors import UserError

_ENCODED = rb"\n(?:content-encoding:[ \t]*(?:gzip|x-gzip|br|deflate|zstd)|transfer-encoding:[ \t]*chunked)"
"""A head that says the body is not its bytes as they are; crawls that undid it renamed the header."""
_WIDE_HEAD = 4_096
"""Bytes in which a body of two or four bytes a letter has shown a NUL."""
MANY_QUOTES = 1_200
"""Patterns of quotes, some 18 studies', from which the text is cut out first: a third of a millisecond a page, and then
as much for one as for a thousand studies."""
_RUNNING = rb">[^<>]{20}"
"""Twenty bytes of running text; a menu's words are shorter."""
_AROUND = 200
"""Bytes before and after it that may belong to its sentence, in other tags."""
_NAMED = 2
"""What a name counts; a number counts half, since a single one stands in every thirtieth page."""


class Prefilter:
    """The patterns of several studies. Travels by pickle, compiled."""

    def __init__(self, studies: Sequence[tuple[Study, Terms]], many_quotes: int = MANY_QUOTES) -> None:
        about: dict[Sign, list[int]] = {}
        for at, (study, terms) in enumerate(studies):
            for sign in signs_of(study, terms):
                about.setdefault(sign, []).append(at)
        cut = len({sign.coarse for sign in about if sign.folded}) > many_quotes
        self._first = _Looked.of(about, lambda sign: b"" if cut and sign.folded else sign.coarse)
        self._text = _Looked.of(about, lambda sign: sign.folded) if cut else None

    def compile(self) -> None:
        """What the first use would do, but for whole signs, each of which is compiled when it is first asked for."""
        self._compiled_first, self._compiled_text, self._compiled_running  # noqa: B018

    def __getstate__(self) -> dict[str, Any]:
        hyperscan = require_hyperscan()
        databases = {name: getattr(self, name) for name in _COMPILED}
        state = {name: value for name, value in self.__dict__.items() if name != "_whole"}
        return state | {name: hyperscan.dumpb(each) if each else None for name, each in databases.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state | {name: state[name] and _loaded(state[name]) for name in _COMPILED}

    @cached_property
    def _compiled_first(self) -> Any:
        return _compiled([_ENCODED, *ESCAPED, *self._first.patterns])

    @cached_property
    def _compiled_text(self) -> Any:
        return _compiled(self._text.patterns) if self._text else None

    @cached_property
    def _compiled_running(self) -> Any:
        return _compiled([_RUNNING], every=True) if self._text else None

    @cached_property
    def _whole(self) -> dict[tuple[bytes, ...], Any]:
        """Compiled whole signs, by their patterns: a few milliseconds each, and most are never asked for."""
        return {}

    def stirs(self, data: bytes) -> bool:
        """Whether a record's head and body are worth a closer look: they concern a study, or are encoded."""
        studies, encoded = self._seen(data)
        return bool(studies) or encoded or is_wide(data)

    def studies(self, body: bytes) -> tuple[int, ...]:
        """Those that a body may concern, by their place in the list."""
        return tuple(sorted(self._seen(body)[0]))

    def _seen(self, data: bytes) -> tuple[set[int], bool]:
        """The studies that bytes as they are concern, and whether they say of themselves that they are encoded."""
        found = _found(self._compiled_first, data)
        encoded = _AT_ENCODED in found
        if any(_AT_ENCODED < at < _AT_SIGNS for at in found):
            plain = unescaped(data)
            if plain != data:
                data, found = plain, _found(self._compiled_first, plain)
        seen = _Weighed(self, data)
        seen.weigh(self._first, [at - _AT_SIGNS for at in found if at >= _AT_SIGNS])
        if self._text:
            seen.weigh(self._text, _found(self._compiled_text, folded(self._running(data))))
        return seen.studies, encoded

    def _running(self, data: bytes) -> bytes:
        """The parts of a page in which it says something; all of it where nothing is a tag."""
        parts = [data[: data.find(b"<") + 1] or data]
        read = len(parts[0])
        for end in _ends(self._compiled_running, data):
            if end > read:
                close = data.find(b"<", end)
                if data[close + 1 : close + 4].lower() not in (b"/sc", b"/st"):  # scripts and styles say nothing
                    start, read = max(read, end - _AROUND), close + _AROUND if close >= 0 else len(data)
                    parts.append(data[start:read])
        return b" ".join(parts)

    def stands(self, patterns: tuple[bytes, ...], data: bytes) -> bool:
        """Whether one of some signs stands there as a whole."""
        if patterns not in self._whole:
            self._whole[patterns] = _compiled(list(patterns))
        return bool(_found(self._whole[patterns], data))


_COMPILED = ("_compiled_first", "_compiled_text", "_compiled_running")
_AT_ENCODED = 0
_AT_SIGNS = 1 + len(ESCAPED)
"""Place of the first sign among the patterns."""


@attrs.frozen
class _Looked:
    """What one scan looks for, and what it means."""

    patterns: tuple[bytes, ...]
    meant: tuple[tuple[tuple[int, tuple[bytes, ...], bool], ...], ...]
    """By pattern: a study, the whole signs that it may be of, and whether these are numbers."""

    @classmethod
    def of(cls, about: "dict[Sign, list[int]]", part: "Any") -> "_Looked":
        meant: dict[bytes, dict[tuple[int, bool], list[bytes]]] = {}
        for sign, studies in about.items():
            if part(sign):
                for study in studies:
                    meant.setdefault(part(sign), {}).setdefault((study, sign.number), []).append(sign.exact)
        return cls(
            tuple(meant),
            tuple(
                tuple((study, tuple(wholes), number) for (study, number), wholes in each.items())
                for each in meant.values()
            ),
        )


class _Weighed:
    """The studies that some bytes concern: by one name, or two different numbers."""

    def __init__(self, prefilter: Prefilter, data: bytes) -> None:
        self._prefilter = prefilter
        self._data = data
        self._weights: dict[int, int] = {}

    @property
    def studies(self) -> set[int]:
        return {study for study, weight in self._weights.items() if weight >= _NAMED}

    def weigh(self, looked: _Looked, found: Iterable[int]) -> None:
        for at in found:
            for study, wholes, number in looked.meant[at]:
                weight = self._weights.get(study, 0)
                if weight < _NAMED and (number or self._prefilter.stands(wholes, self._data)):
                    self._weights[study] = weight + (1 if number else _NAMED)


def _loaded(dumped: bytes) -> Any:
    hyperscan = require_hyperscan()
    database = hyperscan.loadb(dumped, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _compiled(patterns: Sequence[bytes], *, every: bool = False) -> Any:
    """`every`: each place is told, not only that there is one."""
    hyperscan = require_hyperscan()
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL | (0 if every else hyperscan.HS_FLAG_SINGLEMATCH)
    if patterns:
        database.compile(expressions=list(patterns), flags=flags)
    return database


def _found(database: Any, data: bytes) -> list[int]:
    found: list[int] = []
    if data:
        database.scan(data, match_event_handler=_note, context=found)
    return found


def _note(pattern: int, _start: int, _end: int, _flags: int, found: list[int]) -> None:
    found.append(pattern)


def _ends(database: Any, data: bytes) -> list[int]:
    found: list[int] = []
    database.scan(data, match_event_handler=_note_end, context=found)
    return found


def _note_end(_pattern: int, _start: int, end: int, _flags: int, found: list[int]) -> None:
    found.append(end)


def require_hyperscan() -> Any:
    try:
        import hyperscan
    except ImportError as error:
        raise UserError("web archives are searched with Hyperscan: pip install 'retold[backfill]'") from error
    return hyperscan


def is_wide(data: bytes) -> bool:
    """Whether letters of two or four bytes may stand there, which no pattern is written in."""
    return b"\x00" in data[:_WIDE_HEAD]
