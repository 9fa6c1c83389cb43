"""How a report turns a remark round while it keeps its words: another amount, the other direction, another number,
the two sides exchanged, the staged taken for real.

Each comparison is typed and needs the same word beside what differs; what the words around it mean is not asked.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import SequenceMatcher
from enum import IntEnum

import attrs

from kb import sense, spelling
from kb.opposites import DIRECTIONS, REAL, STAGED, opposed
from kb.spelling import listed
from kb.wording import Token
from queries.topic import content_stems, present_stem


class Amount(IntEnum):
    """How much of something, coarsely."""

    NONE = 0
    FEW = 1
    SOME = 2
    HALF = 3
    MOST = 4
    ALL = 5


_AMOUNTS: Mapping[str, Amount] = {
    **dict.fromkeys(("no", "none", "neither"), Amount.NONE),
    **dict.fromkeys(("few", "hardly", "scarcely", "rarely", "seldom"), Amount.FEW),
    **dict.fromkeys(("some", "several"), Amount.SOME),
    **dict.fromkeys(("half",), Amount.HALF),
    **dict.fromkeys(("most", "majority", "mostly"), Amount.MOST),
    **dict.fromkeys(("all", "every", "each", "always"), Amount.ALL),
}
_AT_ODDS = {
    Amount.NONE: {Amount.FEW, Amount.SOME, Amount.HALF, Amount.MOST, Amount.ALL},
    Amount.FEW: {Amount.NONE, Amount.HALF, Amount.MOST, Amount.ALL},
    Amount.SOME: {Amount.NONE},
    Amount.HALF: {Amount.NONE, Amount.FEW, Amount.ALL},
    Amount.MOST: {Amount.NONE, Amount.FEW, Amount.HALF},
    Amount.ALL: {Amount.NONE, Amount.FEW, Amount.SOME, Amount.HALF, Amount.MOST},
}
"""By what is reported, what the speaker must have said for the report to be wrong: `some` of all is true."""
_LINKS = frozenset(listed("and or but so when while because if unless until whereas"))
"""Words at which a part of a sentence ends besides commas."""
_STANDARD = frozenset(["than", "before", "after"])
"""What a comparison is held against stands behind these."""
_LOOSE = frozenset(
    listed(
        "about around roughly nearly almost approximately some over under least up more less than just to between and "
        "or"
    )
)
_FIRST = frozenset(["first", "1st", "last", "only", "most", "least", "best", "worst"])
"""What only one can be."""
RELATED = 2
"""Content words that report and remark must share beside what differs, one of them no word of the study's topic."""
RUN = 5
"""Words in a row from which two parts are about the same thing though little else is equal."""
FAR = 1.5
"""How many times a number another must be where one of them is told as rounded."""


@attrs.frozen(kw_only=True)
class Part:
    """A stretch between commas and linking words."""

    row: Sequence[Token]

    @property
    def content(self) -> frozenset[str]:
        return content_stems(self.row)


def parts(row: Sequence[Token]) -> tuple[Part, ...]:
    """The parts of a sentence that hold a word of matter."""
    found: list[list[Token]] = [[]]
    for token in row:
        if found[-1] and (token.key in _LINKS or token.clause != found[-1][-1].clause):
            found.append([])
        found[-1].append(token)
    return tuple(part for part in (Part(row=stretch) for stretch in found) if part.content)


def reversed_in(report: Sequence[Token], remark: Sequence[Token], topic: Set[str]) -> str:
    """How a report turns a remark round; empty where it does not, or where that cannot be told."""
    ours, theirs = parts(report), parts(remark)
    if any(_opposite_words(one, other, topic) for one in ours for other in theirs):
        return "has a word's opposite"
    shared = content_stems(report) & content_stems(remark)
    if len(shared) < RELATED or not shared - topic:
        return ""
    compared = (
        ("tells as real what was staged", _staged(report, theirs)),
        ("gives another amount", _amounts_differ(ours, theirs)),
        ("gives another number", _numbers_differ(report, remark)),
        ("turns a direction round", any(_other_way(one, other) for one, other in _alike(ours, theirs))),
        ("exchanges who and whom", any(_exchanged(one, other) for one, other in _alike(ours, theirs))),
        ("gives first place to another", _displaced(ours, theirs)),
    )
    return next((how for how, found in compared if found), "")


def _alike(ours: Sequence[Part], theirs: Sequence[Part]) -> Iterator[tuple[Part, Part]]:
    """Pairs of parts that both deny or both affirm."""
    return ((a, b) for a in ours for b in theirs if sense.negated(a.row) == sense.negated(b.row))


TYPED = frozenset(spelling.stem(word) for word in (*sense.QUANTIFIER, *frozenset().union(*DIRECTIONS)))
"""Words that have a comparison of their own: what they mean depends on where they stand."""


def _opposite_words(one: Part, other: Part, topic: Set[str]) -> bool:
    """`The rules are bad` for `the rules are good`: all is the same but for one word and its opposite."""
    left, right = one.content - other.content - TYPED, other.content - one.content - TYPED
    same = one.content & other.content
    pair = next(((a, b) for a in left for b in right if opposed(a, b)), None)
    if pair is None or sense.negated(one.row) != sense.negated(other.row):
        return False
    alone = len(left) == len(right) == 1 and bool(same - topic)
    return alone or _common_run(one.row, other.row) >= RUN


def _common_run(one: Sequence[Token], other: Sequence[Token]) -> int:
    """Longest stretch of equal words."""
    keys = [token.key for token in one], [token.key for token in other]
    return SequenceMatcher(None, *keys, autojunk=False).find_longest_match().size


def _amounts_differ(ours: Sequence[Part], theirs: Sequence[Part]) -> bool:
    said: dict[str, set[Amount]] = {}
    for part in theirs:
        for about, amount in _amounts(part):
            for word in about:
                said.setdefault(word, set()).add(amount)
    for part in ours:
        for about, amount in _amounts(part):
            known = next((said[word] for word in about if word in said), set())
            if known and known <= _AT_ODDS[amount]:
                return True
    return False


def _amounts(part: Part) -> Iterator[tuple[tuple[str, ...], Amount]]:
    """Amounts with what they are about: the verb before them, and the noun behind them or before `are all`."""
    row = part.row
    for at, token in enumerate(row):
        amount = _AMOUNTS.get(token.key)
        before = row[at - 1].key if at else ""
        if amount is None or before in sense.NEGATION or before in ("than", "at", "in", "after", "above"):
            continue
        if before in ("nearly", "almost"):
            amount = Amount.MOST if amount is Amount.ALL else amount
        elif token.key == "few" and before in ("a", "quite"):
            amount = Amount.SOME
        ahead = f"{_beside(row[:at], last=True)} <" if before not in _BE else _beside(row[:at], last=True)
        behind = _beside(row[at + 1 : at + 6], last=False) if before not in _BE else ""
        if not any(t.key in _AMOUNTS for t in row[at + 1 : at + 2]):
            yield tuple(word for word in (ahead, behind) if word not in ("", " <")), amount


_BE = frozenset(["is", "are", "was", "were", "be"])
_RELATIVE = frozenset(["that", "who", "which", "whom"])


def _beside(row: Sequence[Token], *, last: bool) -> str:
    """The nearest word of matter in a stretch, not beyond a relative clause's head."""
    start = max((at + 1 for at, token in enumerate(row) if last and token.key in _RELATIVE), default=0)
    plain = [t for t in row[start:] if not t.number and t.key not in sense.QUANTIFIER | sense.HEDGE | {"any"}]
    found = [stem for token in plain for stem in content_stems([token])]
    return (found[-1] if last else found[0]) if found else ""


def _other_way(one: Part, other: Part) -> bool:
    """The opposite small word of direction beside the same word, held against the same."""
    for at, token in enumerate(one.row):
        for there, word in enumerate(other.row):
            if frozenset((token.key, word.key)) not in DIRECTIONS:
                continue
            sides = _behind(one.row, at), _behind(other.row, there)
            behind = sides[0] & sides[1]
            if (sides[0] - behind) & _stems(other.row[:there]) or (sides[1] - behind) & _stems(one.row[:at]):
                continue  # both the word and the sides are turned
            ahead = _beside(one.row[:at], last=True), _beside(other.row[:there], last=True)
            compared = [_compares(row, place) for row, place in ((one.row, at), (other.row, there))]
            if all(compared) and behind:
                return True
            if not any(compared) and ahead[0] and ahead[0] == ahead[1]:
                return True
    return False


def _compares(row: Sequence[Token], at: int) -> bool:
    return row[at].key in _STANDARD or any(token.key == "than" for token in row[at:])


def _stems(row: Sequence[Token]) -> frozenset[str]:
    return frozenset(present_stem(token.key) for token in sense.content(row))


def _behind(row: Sequence[Token], at: int) -> frozenset[str]:
    """Content behind the word that a comparison is held against."""
    start = next((k for k in range(at, len(row)) if row[k].key in _STANDARD), len(row))
    return _stems(row[start + 1 :])


def _exchanged(one: Part, other: Part) -> bool:
    """`The guard fooled the agent` for `the agent fooled the guard`, and `A more than B` for `B more than A`.

    A word stands between two others in both, which have changed sides. Where `by` or a link stands too, the sides may
    mean something else.
    """
    if not (_plain(one.row) and _plain(other.row)):
        return False
    if any(frozenset((a.key, b.key)) in DIRECTIONS for a in one.row for b in other.row):
        return False  # `B less than A` for `A more than B` is no exchange
    places = [_places(part.row) for part in (one, other)]
    common = [stem for stem in places[0] if stem in places[1]]
    if len(common) < 3 or len(common) < len(places[0]) - 1:
        return False
    for pivot in common:
        sides = [{stem: place[stem] < place[pivot] for stem in common if stem != pivot} for place in places]
        turned = [stem for stem in sides[0] if sides[0][stem] != sides[1][stem]]
        if any(sides[0][stem] for stem in turned) and any(not sides[0][stem] for stem in turned):
            return True
    return False


_ALIKE = frozenset(listed("by between with both is are was were be been become became of"))
"""With one of them what stands before and behind may change places: a passive, a pair, a link."""
_FRONTED = frozenset(listed("of in on at for from under after before during among within without to"))


def _plain(row: Sequence[Token]) -> bool:
    compares = any(token.key == "than" for token in row)
    return row[0].key not in _FRONTED and (compares or not any(token.key in _ALIKE for token in row))


def _places(row: Sequence[Token]) -> dict[str, int]:
    """Where each content word stands; one that stands twice is left out."""
    found: dict[str, list[int]] = {}
    for at, token in enumerate(row):
        if token.key not in sense.QUANTIFIER and sense.content([token]):
            found.setdefault(present_stem(token.key), []).append(at)
    return {stem: at[0] for stem, at in found.items() if len(at) == 1}


def _numbers_differ(report: Sequence[Token], remark: Sequence[Token]) -> bool:
    """Another number of the same thing; one told as rounded must be far off."""
    said: dict[str, set[tuple[float, bool]]] = {}
    for unit, value, loose in _numbers(remark):
        said.setdefault(unit, set()).add((value, loose))
    for unit, value, loose in _numbers(report):
        known = said.get(unit, set())
        if known and all(max(value, k) > (FAR if loose or vague else 1.0) * min(value, k) for k, vague in known):
            return True
    return False


def _numbers(row: Sequence[Token]) -> Iterator[tuple[str, float, bool]]:
    for at, token in enumerate(row):
        key = "1" if token.key == "one" else token.key
        following = content_stems([row[at + 1]]) if at + 1 < len(row) else frozenset()
        if key.replace(".", "", 1).isdigit() and following:
            loose = any(t.key in _LOOSE for t in row[max(0, at - 3) : at])
            yield next(iter(following)), float(key), loose


def _staged(report: Sequence[Token], theirs: Sequence[Part]) -> bool:
    """The report calls real what the speaker calls made up, and nowhere without a doubt real."""
    stems = {spelling.stem(token.key) for token in report}
    if not stems & _CALLED_REAL or stems & STAGED or sense.negated(report):
        return False
    plain = [part for part in theirs if not _doubted(part)]
    said = [{spelling.stem(token.key) for token in part.row} for part in plain]
    near = any(words & STAGED and content_stems(report) & part.content for words, part in zip(said, plain, strict=True))
    return near and not any(words & _CALLED_REAL for words in said)


_CALLED_REAL = REAL & frozenset(map(spelling.stem, ("real", "actual", "reality", "natural")))


def _doubted(part: Part) -> bool:
    keys = {token.key for token in part.row}
    return sense.negated(part.row) or bool(keys & {"whether", "if", "unless"}) or bool(keys & sense.HEDGE)


def _displaced(ours: Sequence[Part], theirs: Sequence[Part]) -> bool:
    """`The people in the street feel it first`, where they stand in another part of the remark than `first` does."""
    for one in ours:
        unique = {token.key for token in one.row} & _FIRST
        for other in theirs:
            if not unique & {token.key for token in other.row} or not one.content & other.content:
                continue
            subject = one.content - other.content
            elsewhere = [part.content for part in theirs if part is not other]
            if subject and other.content - one.content and any(subject <= content for content in elsewhere):
                return True
    return False
