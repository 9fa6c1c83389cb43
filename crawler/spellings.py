"""How the names, quotes and numbers of a study may stand in the bytes of a page: patterns for Hyperscan. Pure.

The bytes of a name are many: letters beyond ASCII differ by charset, any letter may be an entity or a JSON escape, and
between two words may stand tags, entities and line ends. So each sign has an exact pattern, and a coarse one of parts
of it with whatever bytes between them, which stands wherever the exact one does and is fast among thousands of others.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from html.entities import html5

import attrs

from crawler.signs import QUOTE_RUN, RUN_CONTENT
from crawler.terms import FUNCTION_WORDS, Terms, fold, names_of
from kb.claims import Study

_CHARSETS = (
    "utf-8", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859-2",
    "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u", "mac-roman", "cp874", "gb18030", "big5",
    "shift_jis", "euc-jp", "euc-kr",
)  # fmt: skip
"""Charsets that servers still declare (WHATWG Encoding); the others are written like one of these."""
_GAP = rb"(?:[^0-9a-z]|&#?[0-9a-z]+;|\\[nrt]|\\u[0-9a-f]{4}|<[^>]*>)+"
"""What may stand between two words of a name."""
_WITHIN = rb".{0,150}?"
"""The same for the first look: a tag with an address in it. Without a bound, words that stand in every page keep the
automaton busy to the end of each; with 250, a hundred studies are scanned a quarter more slowly."""
_BEFORE = rb"(?:[^0-9a-z]|\\[nrt]|\\u[0-9a-f]{4})"
"""What stands right before a word: `ann` is in every `channel`."""
_NEAR = rb"[^0-9a-z].{0,40}?"
"""The same between two words of a quote, where six of them stand in order: a tag, an entity, a line end."""
_TOKEN = re.compile(r"[^\W_]+")
_PLAIN = re.compile(r"[0-9A-Za-z]+")
COARSE_RUN = 4
"""Words of a run that the first scan looks for. With three it stops twice as often, with five it takes a third longer,
since each run then needs patterns of its own."""
_PART = 3
"""Letters of ASCII from which part of a word stands for it."""
_TELLING = 7
"""Letters from which a longer word is no rarer."""
_MANY_DIGITS = 4
"""Digits from which a number of a study is a sign; two different ones are needed."""


@attrs.frozen
class Sign:
    """One thing by which the bytes of a page show that it may concern a study."""

    exact: bytes
    coarse: bytes
    number: bool = False
    folded: bytes = b""
    """Of a quote: words that stand in its coarse pattern, in small letters with single blanks; empty where their
    letters are not known. What `folded` text of the page is searched for."""


def signs_of(study: Study, terms: Terms) -> Iterator[Sign]:
    """Names of the study, its speakers and documents; runs of its quotes; its documents' addresses; its numbers."""
    for name in names_of(study):
        tokens = _tokens(name)
        if tokens:
            yield Sign(_GAP.join(map(_word, tokens)), _rarest_pair(tokens))
    for quote in study.quotes:
        yield from _runs(_tokens(quote.text))
    for mark in (*terms.ids, *(address.split("?")[0] for address in terms.addresses)):
        whole = b"".join(_SLASH if letter == "/" else _letter(letter) for letter in mark)
        yield Sign(whole, _word(max(mark.split("/"), key=len)))
    for number in dict.fromkeys(_large(terms)):
        yield Sign(_number(number), _number(number), number=True)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


# --- names ------------------------------------------------------------------------------------------


def _rarest_pair(tokens: Sequence[str]) -> bytes:
    """Two words of a name that stand close, as long as may be; one, where it has no two of plain letters: the many
    forms of others with so much between them take seconds to compile."""
    if sum(_part(token).isalnum() for token in tokens) < 2:
        return _part(max(tokens, key=len))
    near = [(first, second) for first in range(len(tokens)) for second in range(first + 1, min(first + 4, len(tokens)))]

    def worth(pair: tuple[int, int]) -> tuple[bool, float, int]:
        parts = [_part(tokens[place]) for place in pair]
        lengths = [len(part) for part in parts]
        plain = all(part.isalnum() for part in parts)
        return plain, min(*lengths, _TELLING) - (pair[1] - pair[0]) / 2, sum(lengths)

    first, second = (tokens[place] for place in max(near, key=worth))
    ended = b"[^0-9a-z]" if _part(first) == _word(first) else b""
    far = ended + _WITHIN
    between = b"(?:%s|%s%s)" % (_BEFORE, far, _BEFORE) if _is_begun(second) else far
    return (b"(?:^|%s)" % _BEFORE if _is_begun(first) else b"") + _part(first) + between + _part(second)


def _is_begun(token: str) -> bool:
    """Whether the part of a word is its beginning."""
    return _word(token).startswith(_part(token))


def _part(token: str) -> bytes:
    """The longest run of plain letters in a word; the word, where that is no more than a letter or two of it."""
    plain = max(_PLAIN.findall(token), key=len, default="")
    return plain.lower().encode() if len(plain) >= _PART else _word(token)


# --- quotes -----------------------------------------------------------------------------------------


def _runs(tokens: Sequence[str]) -> Iterator[Sign]:
    """The runs of a quote by which `crawler.signs` would know it, each with four words that others have in common."""
    starts = [start for start in range(len(tokens) - QUOTE_RUN + 1) if _tells(tokens[start : start + QUOTE_RUN])]
    left = dict.fromkeys(starts)
    for place in sorted(range(len(tokens)), key=lambda at: (fold(tokens[at]) in FUNCTION_WORDS, -len(tokens[at]))):
        for start in [start for start in left if start <= place < start + QUOTE_RUN]:
            del left[start]
            # Four in a row that end or begin with the long word: of six, one side always has them.
            first = place - COARSE_RUN + 1 if place - start >= COARSE_RUN - 1 else place
            four = tokens[first : first + COARSE_RUN]
            run = tokens[start : start + QUOTE_RUN]
            yield Sign(_NEAR.join(map(_word, run)), _NEAR.join(map(_word, four)), folded=_plain_words(four))


def _tells(run: Sequence[str]) -> bool:
    return sum(len(word) > 1 and fold(word) not in FUNCTION_WORDS for word in run) >= RUN_CONTENT


def _plain_words(words: Sequence[str]) -> bytes:
    """The longest run of words without letters beyond ASCII; empty where it is one word."""
    runs: list[list[str]] = [[]]
    for word in words:
        if word.isascii():
            runs[-1].append(word.lower())
        else:
            runs.append([])
    longest = max(runs, key=len)
    return " ".join(longest).encode() if len(longest) > 1 else b""


_TAG = re.compile(rb"<[^<>]*>\s*")
_ENTITY = re.compile(rb"&#?[0-9A-Za-z]{1,8};")
"""Each on its own: `re` finds what begins with one known byte four times as fast as either of two."""
_BLANKS = re.compile(rb"  +")
_FOLDING = bytes(byte if chr(byte).isalnum() and byte < 128 else 32 for byte in bytes(range(256)).lower())


def folded(text: bytes) -> bytes:
    """The words of some HTML with one blank between two, in small letters; what is no letter of ASCII is a blank."""
    return _BLANKS.sub(b" ", _ENTITY.sub(b" ", _TAG.sub(b" ", text)).translate(_FOLDING))


# --- numbers and letters ----------------------------------------------------------------------------


def _large(terms: Terms) -> Iterator[str]:
    return (number for number in terms.numbers if number.isdigit() and len(number) >= _MANY_DIGITS)


def _number(digits: str) -> bytes:
    """`8400` as `8400`, `8,400`, `8.400`, `8 400` and the like, in no longer number."""
    mark = rb"(?:[,.'\x20]|&(?:nbsp|thinsp|#160|#8239);|\xc2?\xa0|\xe2\x80[\x89\xaf])?"
    first = len(digits) % 3
    groups = [digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))]
    return b"[^0-9]" + mark.join(group.encode() for group in groups if group) + b"[^0-9]"


def _word(token: str) -> bytes:
    return b"".join(map(_letter, token))


_SLASH = rb"(?:/|\\/|%2f|&#0*47;|&#x0*2f;|&sol;)"

ESCAPED = (
    rb"&#0*(?:4[89]|5[0-7]|6[5-9]|[78][0-9]|90|9[7-9]|1[01][0-9]|12[0-2]);",
    rb"&#x0*(?:3[0-9]|[46][1-9a-f]|[57][0-9a]);",
    rb"\\u00(?:3[0-9]|[46][1-9a-f]|[57][0-9a])",
)
"""A plain letter or digit written as an entity or in JSON's way: nobody must, but some do, against robots."""
_ESCAPED = re.compile(rb"&#0*([0-9]{2,3});|&#[xX]0*([0-9a-fA-F]{2});|\\u00([0-9a-fA-F]{2})")


def unescaped(data: bytes) -> bytes:
    """The bytes with what `ESCAPED` finds written plainly."""

    def plain(found: re.Match[bytes]) -> bytes:
        decimal, hexadecimal, json = found.groups()
        letter = chr(int(decimal) if decimal else int(hexadecimal or json, 16))
        return letter.encode() if letter.isascii() and letter.isalnum() else found[0]

    return _ESCAPED.sub(plain, data)


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
