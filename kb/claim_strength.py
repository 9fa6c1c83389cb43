"""How strongly a sentence on findings claims: no relation, a link, a possible cause, a cause; which of two claims more.

The four levels are those of the literature on exaggerated health news (Sumner and others, BMJ 2014). The
words are closed lists of English; measured in docs/entailment.md. An aid for ranking, not a ground
for a finding: it is right about overstatement in far fewer cases than a reader would accept.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Literal

from kb import spelling
from kb.spelling import listed, stemmed
from kb.wording import Token, tokens

Change = Literal["same", "exaggerates", "downplays"]


class Strength(IntEnum):
    """Ordered: a higher one claims more."""

    NO_RELATION = 0
    LINK = 1
    MAY_CAUSE = 2
    CAUSE = 3


_LINK = stemmed(
    "associated association associations linked link links correlated correlation correlates related relation "
    "relationship relationships connected connection tied predict predicts predicted predictor predictors likelihood "
    "odds ratio risk risks marker markers prevalence incidence compared tend tends differ differs difference "
    "differences similar factor factors"
)
_THAN = stemmed("more less higher lower greater fewer larger smaller better worse likelier older younger")
_CAUSE = stemmed(
    "cause causes caused causing increase increases increasing reduce reduces reducing reduction decrease decreases "
    "decreasing improve improves improving improvement lead leads leading led result results resulted resulting "
    "prevent prevents preventing boost boosts boosting make makes making induce induces induced inducing inhibit "
    "inhibits activate activates affect affects affecting effect effects efficacy effective effectively cut cuts "
    "lowers lowering raise raises raising trigger triggers enhance enhances promote promotes protect protects "
    "protective help helps impact influence influences damage damages harm harms harmful benefit benefits beneficial "
    "due regulate regulates determine determines drive drives block blocks suppress suppresses mediate mediates "
    "contribute contributes kill kills save saves saving treat treats impair impairs produce produces shape shapes "
    "mechanism mechanisms relieve relieves ease eases stop stops slow slows attenuate attenuates disrupt disrupts curb "
    "curbs alter alters modulate modulates weaken weakens strengthen strengthens fuel fuels spur spurs worsen worsens "
    "exacerbate alleviate alleviates restrict restricts counter counters mitigate mitigates elicit elicits evoke "
    "confer confers enable enables"
)
_MAY = frozenset(
    listed(
        "can could may might perhaps possible possibly possibility potential potentially promising promise appear "
        "appears seem seems hypothesize hypothesis"
    )
)
"""Without `suggest` and its like: they say who found it, as in `a study suggests`, as often as they doubt."""
_NO_LINK = stemmed("no not none neither nor without little lack lacks lacked fail fails failed insufficient limited")


CLASSES = ("link", "cause", "may", "denied")


def cues(text: str) -> dict[str, int]:
    """How many words of each class a text has."""
    row = tokens(text)
    return {
        "link": sum(spelling.stem(token.key) in _LINK for token in row),
        "cause": sum(spelling.stem(token.key) in _CAUSE for token in row),
        "may": sum(token.key in _MAY for token in row),
        "denied": sum(token.key in _NO_LINK for token in row),
    }


def strength(text: str) -> Strength | None:
    """The relation that the first sentence with one claims; None where no word of relation stands."""
    row = tokens(text)
    for number in sorted({token.sentence for token in row}):
        found = _of_sentence([token for token in row if token.sentence == number])
        if found is not None:
            return found
    return None


def change(finding: str, retold: str) -> Change:
    """Whether a retelling claims more, less or as much as the finding that it retells; `same` where that is open.

    >>> change("Coffee was associated with a lower risk.", "Coffee prevents the disease.")
    'exaggerates'
    """
    before, after = strength(finding), strength(retold)
    if before is None or after is None or before == after:
        return "same"
    return "exaggerates" if after > before else "downplays"


def _of_sentence(row: Sequence[Token]) -> Strength | None:
    stems = [spelling.stem(token.key) for token in row]
    causes = [at for at, stem in enumerate(stems) if stem in _CAUSE]
    linked = any(stem in _LINK for stem in stems) or any(
        stem in _THAN and ("than" in stems[at:] or "likely" in stems[at : at + 2]) for at, stem in enumerate(stems)
    )
    if (causes or linked) and any(token.key in _NO_LINK for token in row) and _denied(row, stems):
        return Strength.NO_RELATION
    if causes and any(token.key in _MAY for token in row):
        return Strength.MAY_CAUSE
    if linked:
        return Strength.LINK
    return Strength.CAUSE if causes else None


def _denied(row: Sequence[Token], stems: Sequence[str]) -> bool:
    """A negation at most four words before the word of relation."""
    relations = [at for at, stem in enumerate(stems) if stem in _CAUSE or stem in _LINK]
    return any(row[k].key in _NO_LINK for at in relations for k in range(max(0, at - 4), at))
