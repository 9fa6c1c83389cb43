"""Does a stretch of evidence support or refute a claim: the interface, a comparison of words, any cross-encoder."""

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import Any, Protocol

import attrs
import numpy as np

from kb import sense, spelling
from kb.chosen_models import safely
from kb.errors import UserError
from kb.records import Stance, Tool
from kb.spelling import listed
from kb.wording import Token, tokens

VERSION = "1"


@attrs.frozen(kw_only=True)
class Stances:
    """Probabilities that add up to 1."""

    supports: float
    refutes: float
    neutral: float

    @property
    def stance(self) -> Stance:
        """The likeliest of the three; neutral on a tie."""
        ranked: list[tuple[float, Stance]] = [
            (self.neutral, "neutral"),
            (self.supports, "supports"),
            (self.refutes, "refutes"),
        ]
        return max(ranked, key=lambda pair: pair[0])[1]


class EntailmentModel(Protocol):
    """Judges pairs of evidence and claim. Order and number of the results follow the pairs."""

    @property
    def tool(self) -> Tool: ...

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Stances]: ...


@attrs.frozen(kw_only=True)
class Comparison:
    """What typed comparators see between a claim and the evidence sentence that is nearest to it."""

    covered: float
    """0..1: share of the claim's content words, by stem, that stand in the sentence."""
    sentence: str
    """The evidence sentence, as keys."""
    number_conflict: bool
    """A number with the same unit word but another value, and no equal one."""
    polarity_conflict: bool
    """One of the two is negated and the other is not."""
    opposite: bool
    """An unmatched word of the claim has its everyday opposite among the sentence's unmatched ones."""
    quantity_conflict: bool
    """`all` against `none`, `some` or `few`; `every` against `not every`."""
    stronger: bool
    """The claim drops a hedge or a modal of possibility of the sentence."""
    name_missing: bool
    """The claim names somebody or something that the evidence does not."""


class LexicalEntailment:
    """Typed comparators over shared words; abstains (neutral) unless the words largely agree.

    A weak judge of free text, kept for near copies: on VitaminC (dev, 1,873 pairs) accuracy .33 against
    .50 for the largest class, for nine in ten pairs it abstains; where it speaks, `supports` is right in
    .85 and `refutes` in .56 of the cases. Probabilities are set by hand to rise with the shared words; they are
    no calibrated rates.
    """

    def __init__(self, *, refute_cover: float = 0.6, support_cover: float = 0.8) -> None:
        self._refute_cover = refute_cover
        self._support_cover = support_cover
        self._tool = Tool(
            name="entail-lexical",
            version=VERSION,
            params={"refute_cover": refute_cover, "support_cover": support_cover},
        )

    @property
    def tool(self) -> Tool:
        return self._tool

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Stances]:
        return [self._judge(compare(evidence, claim)) for evidence, claim in pairs]

    def _judge(self, seen: Comparison) -> Stances:
        conflicts = sum((seen.number_conflict, seen.polarity_conflict, seen.opposite, seen.quantity_conflict))
        if seen.covered >= self._refute_cover and conflicts:
            refutes = min(0.9, 0.45 + 0.4 * (seen.covered - self._refute_cover) / (1 - self._refute_cover))
            return Stances(supports=0.2 * (1 - refutes), refutes=refutes, neutral=0.8 * (1 - refutes))
        if seen.covered >= self._support_cover and not (conflicts or seen.name_missing or seen.stronger):
            supports = 0.5 + 0.4 * (seen.covered - self._support_cover) / (1 - self._support_cover)
            return Stances(supports=supports, refutes=0.3 * (1 - supports), neutral=0.7 * (1 - supports))
        return Stances(supports=0.2, refutes=0.1, neutral=0.7)


def compare(evidence: str, claim: str) -> Comparison:
    """Hold a claim against the evidence sentence that shares most of its content words."""
    row = tokens(claim)
    wanted = {spelling.stem(t.key) for t in sense.content(row)}
    best: list[Token] = []
    covered = 0.0
    for sentence in _sentences(tokens(evidence)):
        stems = {spelling.stem(t.key) for t in sentence}
        share = len(wanted & stems) / len(wanted) if wanted else 0.0
        if share > covered:
            best, covered = sentence, share
    everything = {t.key for t in tokens(evidence)}
    return Comparison(
        covered=covered,
        sentence=" ".join(t.key for t in best),
        number_conflict=_numbers_differ(best, row),
        polarity_conflict=bool(best) and sense.negated(_touched(best, wanted)) != sense.negated(row),
        opposite=_opposites(best, row),
        quantity_conflict=_quantifiers_differ(best, row),
        stronger=_hedged(best) and not _hedged(row),
        name_missing=any(t.capital and t.shown and t.key not in everything for t in row),
    )


def _touched(sentence: Sequence[Token], wanted: Set[str]) -> list[Token]:
    """The clause that shares most with the claim: a negation beside it denies something else."""
    clauses: dict[int, list[Token]] = defaultdict(list)
    for token in sentence:
        clauses[token.clause].append(token)
    return max(clauses.values(), key=lambda clause: len(wanted & {spelling.stem(t.key) for t in clause}))


def _sentences(row: Sequence[Token]) -> Iterator[list[Token]]:
    current: list[Token] = []
    for token in row:
        if current and token.sentence != current[-1].sentence:
            yield current
            current = []
        current.append(token)
    if current:
        yield current


_ABOVE = frozenset(listed("over above least exceeding"))
_BELOW = frozenset(listed("under below most up"))
_ABOUT = frozenset(listed("about around approximately nearly almost roughly some"))


def _numbers_differ(evidence: Sequence[Token], claim: Sequence[Token]) -> bool:
    for at, token in enumerate(claim):
        unit = _unit(claim, at)
        if not token.number or not unit:
            continue
        others = [e.key for k, e in enumerate(evidence) if e.number and _unit(evidence, k) == unit]
        if others and not any(_fits(claim, at, other) for other in others):
            return True
    return False


def _fits(claim: Sequence[Token], at: int, other: str) -> bool:
    """Whether the evidence's number makes the claimed one true, with the words in front of it."""
    one, two = _value(claim[at].key), _value(other)
    lead = [token.key for token in claim[max(0, at - 2) : at]]
    if one is None or two is None:
        return claim[at].key == other
    if lead[-1:] == ["than"] and lead[0] in ("more", "greater", "higher", "larger"):
        return two > one
    if lead[-1:] == ["than"] and lead[0] in ("less", "fewer", "lower", "smaller"):
        return two < one
    last = lead[-1] if lead else ""
    close = last in _ABOUT and abs(one - two) <= 0.1 * max(abs(one), abs(two))
    return one == two or close or (last in _ABOVE and two >= one) or (last in _BELOW and two <= one)


def _value(key: str) -> float | None:
    return float(key) if key.replace(".", "", 1).isdigit() else None


def _unit(row: Sequence[Token], at: int) -> str:
    """The stem of the word that a number counts: the next content word or `%`."""
    for token in row[at + 1 : at + 3]:
        if token.key == "%" or (token.key not in sense.STOPWORDS and not token.number):
            return spelling.stem(token.key)
    return ""


def _opposites(evidence: Sequence[Token], claim: Sequence[Token]) -> bool:
    old, new = ({t.key for t in row} for row in (evidence, claim))
    return any(sense.opposite(a, b) for a in old - new for b in new - old)


_ALL = frozenset(listed("all every each always everyone everybody everything entirely completely"))
_SOME = frozenset(listed("some few several half none sometimes rarely partly partially"))


def _quantifiers_differ(evidence: Sequence[Token], claim: Sequence[Token]) -> bool:
    old, new = ({t.key for t in row} for row in (evidence, claim))
    return bool((new & _ALL and old & _SOME and not old & _ALL) or (old & _ALL and new & _SOME and not new & _ALL))


def _hedged(row: Sequence[Token]) -> bool:
    return any(sense.Cue.HEDGE in sense.cues(token.key) for token in row)


class CrossEncoderEntailment:
    """Any sequence-pair classifier that names its labels contradiction, neutral and entailment.

    The model is a name or a folder; it is loaded when the first pairs come.
    """

    def __init__(self, name: str, *, revision: str | None = None, batch_size: int = 32) -> None:
        self._name = name
        self._revision = revision
        self._batch_size = batch_size
        self._model: Any = None
        self._tool = Tool(
            name="entail-cross-encoder", version=VERSION, params={"model": name, "revision": revision or ""}
        )

    @property
    def tool(self) -> Tool:
        return self._tool

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Stances]:
        if not pairs:
            return []
        model = self._loaded()
        columns = _columns(self._name, model.config.id2label)
        logits = np.asarray(
            model.predict(list(pairs), batch_size=self._batch_size, show_progress_bar=False, apply_softmax=True),
            dtype=np.float64,
        )
        return [
            Stances(**{stance: float(row[column]) for stance, column in columns.items()})
            for row in logits.reshape(len(pairs), -1)
        ]

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import CrossEncoder

            self._model = CrossEncoder(self._name, revision=self._revision, **safely(self._name))
        return self._model


_LABELS: dict[str, str] = {"entail": "supports", "support": "supports", "contradict": "refutes", "refute": "refutes"}


def _columns(name: str, labels: dict[int, str]) -> dict[str, int]:
    """Which column of the classifier stands for which stance, by the names it gives its labels."""
    found: dict[str, int] = {}
    for column, label in labels.items():
        low = label.lower()
        stance = next((s for part, s in _LABELS.items() if low.startswith(part)), "neutral" if "neutral" in low else "")
        if "not enough" in low or low in ("nei", "not_enough_info"):
            stance = "neutral"
        if stance:
            found[stance] = int(column)
    if set(found) != {"supports", "refutes", "neutral"}:
        raise UserError(
            f"{name}: labels {sorted(labels.values())} do not tell entailment, contradiction and neutral apart"
        )
    return found
