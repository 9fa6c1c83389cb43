"""Strangers' bytes of every kind, drawn by hypothesis: nothing raises, and what is made of them holds together.

RETOLD_SOAK=1 draws a thousand times as many. `tests/fuzz.py` looks for more by coverage.
"""

import os

import pytest
from fuzzing import TARGETS, seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASES = 40_000 if os.environ.get("RETOLD_SOAK") == "1" else 40
PARSED = {"text": CASES // 10, "credit": CASES // 2}
"""Of targets that parse a text, which takes a hundred times as long as most: so many and no more."""
PIECES = [
    b"<", b">", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;",
    b"&#xd800;", b"&#x1f600;", b"&lt;", b"<div>", b"</div>", b"<p>", b"<br>", b"<a href='", b"<a href=javascript:x>",
    b"<base href='//[::1'>", b"<script type='application/ld+json'>", b"</script>", b"<template>", b"<plaintext>",
    b"<table><tr><td>", b"<svg>", b"<title>", b"<h1>Lanterns</h1>", b"<meta charset=utf-16>",
    b"<meta name=author content='By ", b"<time datetime='", b"<iframe srcdoc='", b'{"@type":"NewsArticle","headline":',
    b'"@graph":[', b"\\ud800", b"\\u0000", b"1e999", b"-0", b"[[[", b"{}", b'"', b"'", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"+AGE-", b"\x1b$B", b"\x1b[31m", b"\r", b"\n", b"\t",
    "\u202eabc\u202c".encode(), "\u200b\u200d\ufeff".encode(), "a\u0301\u0327\u0301".encode(), "Јоаn Rое".encode(),
    "“We said so,” she said. ".encode(), "‘ „ » « ” “ ".encode(), "\u2028\u2029\x85".encode(), b"said Joan Roe. ",
    b"according to The Star", b"(Reuters) - ", b"12.5 % of 1,234 ",
    b"Correction: An earlier version of this article misstated it.", b"2026-13-45T99:99:99Z", b"9999999999999999999",
    b"0001-01-01", b"study:\n  id: x\n", b"&a [*a]", b"<<: *a", b"!!binary ", b"? : - ", b"<rss><channel><item><link>",
    b"<urlset><url><loc>", b"WARC/1.1\r\n", b"Content-Length: 99999999\r\n", b"\r\n\r\n", b"PK\x03\x04", b"PK\x05\x06",
    b"\x1f\x8b\x08\x00", b"http://a@[b", b"//",
]  # fmt: skip
"""What parsers trip over."""

pieces = st.one_of(
    st.sampled_from(PIECES),
    st.binary(max_size=6),
    st.text(max_size=6).map(lambda text: text.encode("utf-8", "replace")),
)
mixtures = st.builds(
    lambda first, parts, times: first + b"".join(part * (times if at == 0 else 1) for at, part in enumerate(parts)),
    st.binary(min_size=1, max_size=1),
    st.lists(pieces, max_size=25),
    st.sampled_from([1, 1, 2, 300]),
)


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A real input with stretches cut, doubled, moved, replaced and flipped."""
    body = draw(st.sampled_from(list(seeds(name))))[:20_000]
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 1, 3, 20, 400])))
        match draw(st.sampled_from(["cut", "double", "put", "flip", "move"])):
            case "cut":
                body = body[:start] + body[end:]
            case "double":
                body = body[:end] + body[start:end] * draw(st.integers(1, 9)) + body[end:]
            case "put":
                body = body[:start] + draw(pieces) + body[start:]
            case "flip":
                body = (
                    body[:start]
                    + bytes(byte ^ draw(st.integers(1, 255)) for byte in body[start : start + 2])
                    + body[start + 2 :]
                )
            case "move":
                body = body[end:] + body[start:end] + body[:start]
    return body


@pytest.mark.parametrize("name", list(TARGETS))
def test_nothing_of_strangers_bytes_raises(name: str, parser_loaded_once: None) -> None:
    @settings(max_examples=PARSED.get(name, CASES), suppress_health_check=list(HealthCheck))
    @given(st.one_of(mixtures, mutated(name), st.binary(max_size=300)))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()
