"""Bytes of a page -> characters and an HTML tree, at one pass over the body and never raising.

A byte order mark decides, then the HTTP charset, then the page's own declaration, then strict UTF-8 (before a
declared single-byte charset: text with accents that is valid UTF-8 is never Latin-1), and only then a guess,
over a sample: guessing over a whole page of 100 KB without a declared charset was measured at 349 ms.
"""

import codecs
import re

from charset_normalizer import from_bytes
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

HEAD_BYTES = 4096
"""Where a page declares its charset; browsers look at 1,024 bytes, real pages put scripts before it."""
SAMPLE_BYTES = 16_384
"""How much of an undeclared body the guess reads."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s{0,3}=\s{0,3}[\"']?\s{0,3}([\w.:-]{2,40})", re.I
)
_SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "iso8859-9": "cp1254"}
"""What browsers read instead of the label that servers send (WHATWG Encoding)."""
_MAGIC = (
    b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"PK\x03\x04", b"\x1f\x8b", b"BM\x00", b"\x7fELF",
    b"MZ\x90", b"OggS", b"ID3", b"\x00\x00\x01\x00", b"II*\x00", b"MM\x00*", b"wOFF", b"wOF2", b"\x00asm",
    b"SQLite format", b"Rar!", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"%!PS",
)  # fmt: skip
_ODD = bytes(byte for byte in range(27) if byte < 9 or byte > 13)
"""Control bytes that no text has."""
_MARKUP_OPENING = re.compile(
    rb"\s{0,64}(?:<!--.{0,4096}?-->\s{0,64})?<(?:!doctype\s+html|html|head|body|!--)", re.I | re.S
)
_LONG_TAG = re.compile(rb"<([a-zA-Z]{1,20})[^<>]{10000,}")
_MAX_ATTRIBUTES = 1000
"""Of one tag: libxml2 compares each with all others (20,000 took 10 seconds); pages have a few dozen."""
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
"""With the control characters what XML must not hold."""


def is_binary(body: bytes) -> bool:
    """Whether the first kilobytes are those of an image, PDF, archive or program, whatever the server calls it."""
    if body.startswith(_MAGIC) or body[4:8] == b"ftyp":
        return True
    head = body[:HEAD_BYTES]
    if any(head.startswith(bom) for bom, _ in _BOMS) or _wide(head):
        return False
    odd = len(head) - len(head.translate(None, _ODD))
    return odd > len(head) // 20


def is_markup(body: bytes) -> bool:
    """Whether the body opens as an HTML document does."""
    return bool(_MARKUP_OPENING.match(body.removeprefix(codecs.BOM_UTF8)[:HEAD_BYTES]))


def decode(body: bytes, charset: str | None) -> str:
    """The characters of a body; bytes that its charset does not know become U+FFFD."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, errors="replace")
    declared = _DECLARED.search(body, 0, HEAD_BYTES)
    labels = [_codec(charset), _codec(declared[1].decode("ascii", "ignore")) if declared else None]
    named = [name for name in labels if name]
    for name in dict.fromkeys(["utf-8", *named] if all(map(_single_byte, named)) else [*named, "utf-8"]):
        try:
            return body.decode(name)
        except (UnicodeError, ValueError):
            continue
    return _decode_damaged(body, named)


def parse(text: str) -> HtmlElement | None:
    """The tree of a page, or None when not even one element comes out of it."""
    data = text.encode("utf-8", "ignore").translate(None, _CONTROL)  # on bytes: seven times as fast as on characters
    for character in () if text.isascii() else _NONCHARACTERS:
        data = data.replace(character, b"")
    data = _LONG_TAG.sub(_thinned, data)
    parser = HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    try:
        tree = document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    return tree if isinstance(tree, HtmlElement) else None


def _thinned(tag: re.Match[bytes]) -> bytes:
    """A tag without its attributes, where there are too many of them."""
    return b"<" + tag[1] + b" " if tag[0].count(b"=") > _MAX_ATTRIBUTES else tag[0]


def _decode_damaged(body: bytes, declared: list[str]) -> str:
    """Mostly valid under a declared charset: keep that; a guess from a sample else; Windows-1252 last."""
    sample = body[:SAMPLE_BYTES]
    for name in [*declared, "utf-8"]:
        text = sample.decode(name, errors="replace")
        if text.count("\ufffd") <= len(text) // 200:
            return body.decode(name, errors="replace")
    western = sum(byte > 127 for byte in sample) < len(sample) // 10 + 2
    guess = None if western else from_bytes(sample).best()
    return body.decode(guess.encoding if guess else "cp1252", errors="replace")


def _single_byte(codec: str) -> bool:
    """Labels that servers put on everything; a body that is valid UTF-8 beyond ASCII is none of them."""
    return codec.startswith(("cp125", "iso8859")) or codec == "utf-8"


def _codec(label: str | None) -> str | None:
    """Python's name of a text codec, or None where it knows none by that label."""
    if not label:
        return None
    try:
        info = codecs.lookup(label.strip(" \"'"))
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True):
        return None
    return _SUPERSETS.get(info.name, info.name)


def _wide(head: bytes) -> bool:
    """UTF-16 without a mark: every second byte of western text is zero."""
    return len(head) >= 4 and (not any(head[1:400:2]) or not any(head[0:400:2]))
