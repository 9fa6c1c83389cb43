"""Words that the text says were not spoken: `Roe never said “…”`, `refused to say`, `if Roe says`, `nobody said`."""

from typing import TYPE_CHECKING

from kb.lexicon import listed

if TYPE_CHECKING:
    from spacy.tokens import Token

    from kb.layout import Layout
    from kb.phrases import Phrase

_NEVER = frozenset(["never", "not", "n't", "n’t"])
_MERELY = frozenset(["just", "only", "merely", "simply"])
_REFUSING = listed("refuse decline")
_SUPPOSING = listed("if unless")
_NOBODY = listed("nobody none neither no")


def unsaid(verb: "Token") -> bool:
    """Whether a verb of saying is negated or supposed. `Roe denied that …` was said, and so was `not just said`."""
    if any(child.lower_ in _NEVER for child in verb.children) and not any(
        child.lower_ in _MERELY for child in verb.lefts
    ):
        return True
    if verb.dep_ == "advcl" and any(child.dep_ == "mark" and child.lower_ in _SUPPOSING for child in verb.lefts):
        return not any(child.lower_ == "as" for child in verb.lefts)
    above = verb.head
    if verb.dep_ == "pcomp":
        return above.lower_ == "without" or (above.lower_ == "of" and above.head.lower_ == "instead")
    if verb.dep_ == "xcomp" and above.lemma_.lower() in _REFUSING:
        return True
    return "imagine" in (above.lemma_.lower(), above.head.lemma_.lower()) and verb.dep_ in ("ccomp", "xcomp", "acl")


def nobody(layout: "Layout", speaker: "Phrase") -> bool:
    """Whether a mention says that there was no speaker: `no one`, `none of them`; `No 10` is somebody."""
    first = layout.tokens[speaker.start]
    return first.lower_ in _NOBODY and not (
        first.i + 1 < speaker.end and layout.tokens[first.i + 1].like_num and layout.tokens[first.i + 1].lower_ != "one"
    )
