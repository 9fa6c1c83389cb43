"""Which records of a web archive may concern a study: scans of their raw bytes, for all studies at once.

A page about a study names it, one of its speakers or one of its documents, or prints a run of a reference quote. The
bytes of such a name are many: letters beyond ASCII differ by charset, any letter may be an entity or a JSON escape,
and between two words may stand tags, entities and line ends. So two scans: the first looks for the longest word of
every name and for four words of every run, which passes over most of an archive at gigabytes a second; what it
stops at is held against whole names. Both are Hyperscan databases, whose speed hardly depends on how many patterns
there are (Wang et al., NSDI 2019). They let through too much rather than too little: `focus.judge` decides.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from html.entities import html5
from typing import Any

import attrs

from crawler.signs import QUOTE_RUN, RUN_CONTENT
from crawler.terms import FUNCTION_WORDS, Terms, fold, names_of
from kb.claims import Study
from kb.errors import UserError

_CHARSETS = (
    "utf-8", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859-2",
    "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u", "mac-roman", "cp874", "gb18030", "big5",
    "shift_jis", "euc-jp", "euc-kr",
)  # fmt: skip
"""Charsets that servers still declare (WHATWG Encoding); the others are written like one of these."""
_GAP = rb"(?:[^0-9a-z]|&#?[0-9a-z]+;|\\[nrt]|\\u[0-9a-f]{4}|<[^>]*>)+"
"""What may stand between two words of a name."""
_NEAR = rb"[^0-9a-z].{0,40}?"
"""The same between two words of a quote, where six of them stand in order: a tag, an entity, a line end."""
_TOKEN = re.compile(r"[^\W_]+")
_ENCODED = rb"\n(?:content-encoding:[ \t]*(?:gzip|x-gzip|br|deflate|zstd)|transfer-encoding:[ \t]*chunked)"
"""A head that says the body is not its bytes as they are; crawls that undid it renamed the header."""
COARSE_RUN = 4
"""Words of a run that the first scan looks for. Three stopped it at 111 more of 1,500 pages, a millisecond each."""
_MANY_DIGITS = 4
"""Digits from which a number of a study is a sign; two different ones are needed."""
_WIDE_HEAD = 4_096
"""Bytes in which a body of two or four bytes a letter has shown a NUL."""


class Prefilter:
    """The patterns of several studies. Travels by pickle, compiled: that takes 50 ms a name."""

    def __init__(self, studies: Sequence[tuple[Study, Terms]]) -> None:
        self._coarse: dict[bytes, bool] = {_ENCODED: False}
        """By pattern, whether it is a number, of which one alone says nothing."""
        self._exact: list[bytes] = []
        self._about: list[tuple[int, bool]] = []
        """By exact pattern, the study, and whether it is a number."""
        for at, (study, terms) in enumerate(studies):
            for sign in _signs(study, terms):
                self._coarse[sign.coarse] = sign.number
                self._exact.append(sign.exact)
                self._about.append((at, sign.number))

    def compile(self) -> None:
        for name in _COMPILED:
            getattr(self, name)

    def __getstate__(self) -> dict[str, Any]:
        hyperscan = require_hyperscan()
        compiled = {name: hyperscan.dumpb(getattr(self, name)) for name in _COMPILED}
        return self.__dict__ | compiled

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state | {name: _loaded(state[name]) for name in _COMPILED}

    @cached_property
    def _numbers(self) -> frozenset[int]:
        return frozenset(at for at, number in enumerate(self._coarse.values()) if number)

    @cached_property
    def _compiled_coarse(self) -> Any:
        return _compiled(list(self._coarse))

    @cached_property
    def _compiled_exact(self) -> Any:
        return _compiled(self._exact)

    def stirs(self, data: bytes) -> bool:
        """Whether a record's head and body are worth a closer look: a sign may stand there, or in an encoded body."""
        found = _found(self._compiled_coarse, data)
        return len(found) > 1 or (bool(found) and found[0] not in self._numbers) or is_wide(data)

    def studies(self, body: bytes) -> tuple[int, ...]:
        """Those that a body may concern, by their place in the list."""
        weights: Counter[int] = Counter()
        for pattern in _found(self._compiled_exact, body):
            study, number = self._about[pattern]
            weights[study] += 1 if number else 2
        return tuple(sorted(study for study, weight in weights.items() if weight >= 2))


_COMPILED = ("_compiled_coarse", "_compiled_exact")


def _loaded(dumped: bytes) -> Any:
    hyperscan = require_hyperscan()
    database = hyperscan.loadb(dumped, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _compiled(patterns: list[bytes]) -> Any:
    hyperscan = require_hyperscan()
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    database.compile(expressions=patterns, flags=flags)
    return database


def _found(database: Any, data: bytes) -> list[int]:
    found: list[int] = []
    if data:
        database.scan(data, match_event_handler=_note, context=found)
    return found


def _note(pattern: int, _start: int, _end: int, _flags: int, found: list[int]) -> None:
    found.append(pattern)


def require_hyperscan() -> Any:
    try:
        import hyperscan
    except ImportError as error:
        raise UserError("web archives are searched with Hyperscan: pip install 'retold[backfill]'") from error
    return hyperscan


def is_wide(data: bytes) -> bool:
    """Whether letters of two or four bytes may stand there, which no pattern is written in."""
    return b"\x00" in data[:_WIDE_HEAD]


# --- patterns ---------------------------------------------------------------------------------------


@attrs.frozen
class _Sign:
    exact: bytes
    coarse: bytes
    """A part of it that stands wherever it does."""
    number: bool = False


def _signs(study: Study, terms: Terms) -> Iterator[_Sign]:
    for name in names_of(study):
        tokens = _tokens(name)
        longest = max(tokens, key=len, default="")
        for spelt in (_letter, *(_ESCAPES if name.isascii() else ())):
            if longest:
                yield _Sign(_phrase(tokens, spelt), _word(longest, spelt))
    for quote in study.quotes:
        for run in _runs(_tokens(quote.text)):
            fours = (run[at : at + COARSE_RUN] for at in range(len(run) - COARSE_RUN + 1))
            plain = max(fours, key=lambda four: sum(map(len, four)))
            whole = _NEAR.join(_word(word, _letter) for word in run)
            yield _Sign(whole, _NEAR.join(_word(word, _letter) for word in plain))
    for mark in (*terms.ids, *(address.split("?")[0] for address in terms.addresses)):
        whole = b"".join(_SLASH if letter == "/" else _letter(letter) for letter in mark)
        yield _Sign(whole, _word(max(mark.split("/"), key=len), _letter))
    for number in dict.fromkeys(_large(terms)):
        yield _Sign(_number(number), _number(number), number=True)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


def _runs(tokens: list[str]) -> Iterator[list[str]]:
    """The runs of a quote by which `signs` would know it."""
    for start in range(len(tokens) - QUOTE_RUN + 1):
        run = tokens[start : start + QUOTE_RUN]
        if sum(len(word) > 1 and fold(word) not in FUNCTION_WORDS for word in run) >= RUN_CONTENT:
            yield run


def _large(terms: Terms) -> Iterator[str]:
    return (number for number in terms.numbers if number.isdigit() and len(number) >= _MANY_DIGITS)


def _number(digits: str) -> bytes:
    """`8400` as `8400`, `8,400`, `8.400`, `8 400` and the like, in no longer number."""
    mark = rb"(?:[,.'\x20]|&(?:nbsp|thinsp|#160|#8239);|\xc2?\xa0|\xe2\x80[\x89\xaf])?"
    first = len(digits) % 3
    groups = [digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))]
    return b"[^0-9]" + mark.join(group.encode() for group in groups if group) + b"[^0-9]"


def _phrase(tokens: Iterable[str], spelt: Callable[[str], bytes]) -> bytes:
    return _GAP.join(_word(token, spelt) for token in tokens)


def _word(token: str, spelt: Callable[[str], bytes]) -> bytes:
    return b"".join(map(spelt, token))


_SLASH = rb"(?:/|\\/|%2f|&#0*47;|&#x0*2f;|&sol;)"


def _escape(form: str) -> Callable[[str], bytes]:
    """A letter of ASCII in one kind of escape: some sites write whole names so, against robots."""

    def spelt(letter: str) -> bytes:
        cases = dict.fromkeys(form % ord(case) for case in (letter.lower(), letter.upper()))
        return f"(?:{'|'.join(cases)})".encode()

    return spelt


_ESCAPES = (_escape("&#0*%d;"), _escape("&#x0*%x;"), _escape(r"\\u%04x"))


@cache
def _letter(letter: str) -> bytes:
    """A letter as it may stand in a page; those of ASCII as they are."""
    if letter.isascii():
        return letter.lower().encode() if letter.isalnum() else b"\\x%02x" % ord(letter)
    forms = {form for case in (letter, letter.lower(), letter.upper()) for form in _forms(case)}
    return b"(?:" + b"|".join(sorted(forms)) + b")"


def _forms(case: str) -> Iterator[bytes]:
    for charset in _CHARSETS:
        try:
            yield _bytes(case.encode(charset))
        except UnicodeEncodeError:
            continue
    yield _bytes(unicodedata.normalize("NFD", case).encode())
    base = "".join(part for part in unicodedata.normalize("NFKD", case) if not unicodedata.combining(part))
    if base and base.isascii():
        yield _bytes(base.encode())
    if len(case) == 1:
        yield b"&#0*%d;" % ord(case)
        yield b"&#x0*%x;" % ord(case)
        yield from (f"&{name}".encode() for name in _entities().get(case, ()))
    wide = case.encode("utf-16-be").hex()
    yield "".join(rf"\\u{wide[at : at + 4]}" for at in range(0, len(wide), 4)).encode()


@cache
def _entities() -> dict[str, list[str]]:
    """Named entities of each letter, with their semicolon."""
    names: dict[str, list[str]] = {}
    for name, letter in html5.items():
        if name.endswith(";"):
            names.setdefault(letter, []).append(name)
    return names


def _bytes(plain: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in plain)
