"""Words that carry the sense of a sentence: negation, hedge, condition, contrast, degree, quantity, direction.

Two wordings that differ in one of these say different things, however alike they look. The lists are
closed classes of English grammar and everyday opposites; none was drawn from a corpus or a study.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from rapidfuzz.distance import OSA

from kb import spelling
from kb.wording import Token, shown


class Cue(StrEnum):
    """A kind of word that changes what a sentence says."""

    NEGATION = "negation"
    HEDGE = "hedge"
    MODAL = "modal"
    QUANTIFIER = "quantifier"
    CONDITION = "condition"
    CONTRAST = "contrast"
    DIRECTION = "direction"
    NUMBER = "number"
    NAME = "name"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NEGATION = _set("not no never none nobody nothing nowhere neither nor without hardly scarcely barely")
HEDGE = _set(
    "may might could perhaps maybe possibly probably likely unlikely apparently seemingly arguably presumably "
    "potentially suggest suggests suggested suggesting seem seems seemed appear appears appeared indicate indicates "
    "think thinks believe believes guess suspect suspects assume hope hopes preliminary tentative tentatively "
    "sometimes occasionally partly partially somewhat roughly approximately almost nearly largely mostly "
    "generally usually typically often rarely relatively fairly"
)
MODAL = _set("can will would shall should must may might could need needs cannot")
QUANTIFIER = _set(
    "all every each everybody everyone everything some any many most few several much more less fewer least none no "
    "both either neither half majority minority always never only entire entirely whole completely partly partially "
    "often sometimes rarely usually almost nearly"
)
CONDITION = _set("if unless until when whenever only provided assuming except depending")
CONTRAST = _set("but however although though yet while whereas despite nevertheless nonetheless except still")
STOPWORDS = (
    _set(
        "a an the this that these those and or so then than as at by for from in into of off on onto out over "
        "to up with about it its he she they them his her their him i me my we us our you your who whom which "
        "what is are was were be been being am do does did done have has had having there here 's just very "
        "really quite too also well even such own same other another one 1 1st how why where because"
    )
    | NEGATION
    | MODAL
    | CONDITION
    | CONTRAST
)
LIGHT = _set("a an the that and so well just very really quite also then of to oh yes actually basically simply now 's")
"""Words whose coming or going leaves the sense of a remark as it was."""

_FOCUS = _set("just only merely simply solely purely always necessarily")

_OPPOSITES = (
    "increase decrease|increase reduce|increase decline|rise fall|raise lower|grow shrink|gain lose|"
    "gain loss|more less|more fewer|most least|high low|higher lower|highest lowest|better worse|"
    "best worst|improve worsen|good bad|up down|above below|over under|before after|early late|"
    "earlier later|first last|always never|all none|everyone nobody|everything nothing|strong weak|"
    "stronger weaker|large small|larger smaller|big small|bigger smaller|faster slower|fast slow|"
    "easy hard|easier harder|easy difficult|safe dangerous|safe unsafe|right wrong|true false|"
    "correct incorrect|accept reject|accept refuse|agree disagree|allow forbid|allow prevent|allow ban|"
    "confirm deny|confirm refute|support oppose|support undermine|prove disprove|succeed fail|"
    "success failure|win lose|possible impossible|likely unlikely|aware unaware|able unable|"
    "human machine|cause prevent|start stop|begin end|open close|buy sell|include exclude|present absent|"
    "positive negative|rare common|rarely often|seldom often|remember forget|love hate|trust distrust|"
    "trust mistrust|help harm|help hinder|protect harm|protect attack|surprised unsurprised|"
    "expected unexpected|same different|similar different|inside outside|with without|many few|"
    "much little|major minor|old new|young old|alive dead|permanent temporary|cheap expensive|"
    "guilty innocent|legal illegal|public private|internal external|maximum minimum|"
    "optimistic pessimistic|encouraging discouraging|encouraging worrying|reassuring worrying|"
    "comfort alarm|concerned unconcerned|worried unworried|worried relaxed|worried calm|simple complex|"
    "honest dishonest|reliable unreliable|broad narrow|wide narrow|deep shallow|rich poor|hot cold|"
    "warm cold|light dark|light heavy|full empty|boost cut|boost curb|expand contract|accelerate slow|"
    "stubborn pliant|hide reveal|conceal reveal|ignore notice|vanish last|vanish persist|vanish remain|"
    "disappear last|disappear persist|disappear remain|disappear appear|fade last|fade persist|fade remain|"
    "fade grow|continue stop|continue end|survive perish|shorten lengthen|widen narrow|deepen ease|"
    "tighten loosen|speed slow|attract repel|arrive leave|enter leave|save waste|save cost|gain cost|"
    "borrow lend|short long|shorter longer|shortest longest|most few|all few|everyone few|everybody few|"
    "strengthen weaken|heal hurt|underestimate overestimate|deter encourage|discourage encourage"
)
_FOR = _set("accept allow approve back endorse favor grant permit praise support welcome")
_AGAINST = _set("ban block condemn criticize forbid oppose refuse reject veto")
"""Taking a stand: any of one row is the opposite of any of the other."""
_PREFIXES = ("un", "in", "im", "dis", "non", "ir", "il", "mis")


def _pairs() -> frozenset[frozenset[str]]:
    pairs = [*(pair.split() for pair in _OPPOSITES.split("|")), *([one, other] for one in _FOR for other in _AGAINST)]
    # `praise` stands as `praize` among the keys.
    return frozenset(frozenset(spelling.stem(spelling.one_spelling(word)) for word in pair) for pair in pairs)


_OPPOSITE_PAIRS = _pairs()
_DIRECTED = frozenset(word for pair in _OPPOSITE_PAIRS for word in pair)

_CLASSES: tuple[tuple[Cue, frozenset[str]], ...] = (
    (Cue.NEGATION, NEGATION),
    (Cue.HEDGE, HEDGE),
    (Cue.MODAL, MODAL),
    (Cue.QUANTIFIER, QUANTIFIER),
    (Cue.CONDITION, CONDITION),
    (Cue.CONTRAST, CONTRAST),
)


def opposite(one: str, other: str) -> bool:
    """Whether two keys are everyday opposites, by meaning or by a negating prefix.

    >>> opposite("rise", "falls"), opposite("aligned", "misaligned"), opposite("rise", "grows")
    (True, True, False)
    """
    if frozenset((spelling.stem(one), spelling.stem(other))) in _OPPOSITE_PAIRS:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and any(long == prefix + short for prefix in _PREFIXES)


def cues(key: str) -> frozenset[Cue]:
    """The closed classes that a key belongs to."""
    found = {cue for cue, members in _CLASSES if key in members}
    if key[:1].isdigit() and key != "1":
        found.add(Cue.NUMBER)
    return frozenset(found)


def content(row: Iterable[Token]) -> list[Token]:
    """The words that carry matter."""
    return [token for token in row if token.key not in STOPWORDS]


def negated(row: Sequence[Token]) -> bool:
    """Whether an odd number of negations stands in a stretch.

    `not only` is none, nor is a `no more` that closes a clause of its own; `too early to`, `unable to` and `doubt that`
    are.
    """
    count = 0
    for at, token in enumerate(row):
        following = [t.key for t in row[at + 1 : at + 3]]
        if token.key in NEGATION:
            count += following[:1] not in (["only"], ["just"], ["least"]) and not _nothing_further(row, at)
        elif token.key == "too":
            count += following[1:] == ["to"]
        elif token.key in _UNABLE:
            count += following[:1] == ["to"]
        elif token.key in _DOUBT:
            count += following[:1] in (["that"], ["if"], ["whether"])
    return count % 2 == 1


_UNABLE = _set("unable impossible failed fails powerless")
_DOUBT = _set("doubt doubts doubted doubtful deny denies denied")


def _nothing_further(row: Sequence[Token], at: int) -> bool:
    """`linked, no more` and `a link, nothing less`: what stands before it holds, and only that."""
    opens = at > 0 and row[at - 1].clause != row[at].clause
    closes = at + 2 == len(row) or (at + 2 < len(row) and row[at + 2].clause != row[at].clause)
    return opens and closes and row[at].key in ("no", "nothing") and row[at + 1].key in ("more", "less")


def change(before: Sequence[Token], after: Sequence[Token], lead: str = "") -> bool | None:
    """Whether swapping one stretch for another keeps the sense: True, False, or None where that is open.

    False only for a cue that comes, goes or is swapped, a number, a name or an opposite. A content word
    in place of another is open: a synonym keeps the sense, but no list here knows synonyms. `lead` is the
    key right before: after `not`, a `just` or `only` turns the sense.
    """
    if lead in NEGATION and {t.key for t in before} & _FOCUS != {t.key for t in after} & _FOCUS:
        return False
    if _typo(before, after):
        return True
    if _lost_or_gained(before, after):
        return False
    if any(opposite(a.key, b.key) for a in before for b in after):
        return False
    old, new = _matter(before), _matter(after)
    return True if old == new else None


def _matter(row: Sequence[Token]) -> Counter[str]:
    return Counter(spelling.stem(token.key) for token in row if token.key not in LIGHT)


def _lost_or_gained(before: Sequence[Token], after: Sequence[Token]) -> bool:
    old, new = (Counter(token.key for token in row) for row in (before, after))
    lost, gained = old - new, new - old
    for cue in (Cue.NUMBER, Cue.NEGATION):
        if any(cue in cues(key) for key in (*lost, *gained)):
            return True
    for cue in (Cue.MODAL, Cue.QUANTIFIER, Cue.HEDGE, Cue.CONDITION, Cue.CONTRAST):
        one, other = ({key for key in side if cue in cues(key)} for side in (lost, gained))
        if one != other and not _same_strength(one, other):
            return True
    names = [{t.key for t in row if t.capital and t.shown} for row in (before, after)]
    return bool(names[0] and names[1] and not names[0] & names[1] and not _typo(before, after))


_STRENGTHS = tuple(
    _set(group)
    for group in (
        "may might could possibly perhaps maybe",
        "think believe guess suspect",
        "suggest suggests indicate indicates seem seems appear appears",
        "all every each everybody everyone entire whole",
        "but however although though yet whereas while still nevertheless nonetheless",
        "almost nearly",
        "often usually typically generally",
        "if when whenever",
        "must need needs",
        "mostly largely most",
        "many several",
        "will shall",
    )
)


def _same_strength(one: set[str], other: set[str]) -> bool:
    return bool(one and other) and any(one <= group and other <= group for group in _STRENGTHS)


def _typo(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """The same letters with at most one slip in a word of six or more, or glued and split words."""
    one, other = ("".join(token.key for token in row) for row in (before, after))
    if one == other:
        return True
    if len(before) != 1 or len(after) != 1 or min(len(one), len(other)) < 6 or one[0] != other[0]:
        return False
    if cues(one) and cues(other):
        return False
    return slips(one, other) <= 1 and not opposite(one, other)


def slips(one: str, other: str) -> int:
    """Letters to add, drop, change or swap with their neighbour to get from one word to the other, up to 3."""
    return int(OSA.distance(one, other, score_cutoff=2))


_OPENERS = _set("and but so well now look yes no oh i we mean you know see because also then")
_SCOPE_BEFORE = (Cue.NEGATION, Cue.HEDGE, Cue.QUANTIFIER)
_TURNS = (Cue.CONTRAST, Cue.CONDITION)


def lost_before(cut: Sequence[Token], first: Token) -> list[tuple[Cue, str]]:
    """What a cut before the first printed word takes from the rest: `I doubt that …`, `If …, …`."""
    same = [token for token in cut if token.sentence == first.sentence]
    if not same or all(token.key in _OPENERS for token in same):
        return []
    if same[0].key in CONDITION and same[0].key != "still":
        return [(Cue.CONDITION, shown(same))]
    governing = [token for token in same if token.clause == first.clause]
    return [(cue, shown(governing)) for cue in _SCOPE_BEFORE if _has(governing, cue)][:1]


def lost_after(last: Token, cut: Sequence[Token]) -> list[tuple[Cue, str]]:
    """What a cut after the last printed word takes from the rest: `…, but …`, `… unless …`, `… only in …`."""
    found: list[tuple[Cue, str]] = []
    same = [token for token in cut if token.sentence == last.sentence]
    for at, token in enumerate(same):
        starts = at == 0 or same[at - 1].clause != token.clause
        for cue in _TURNS:
            # A condition behind another clause of the cut is that clause's own.
            near = starts and (cue is Cue.CONTRAST or at == 0) and not _concedes(same[at:])
            if cue in cues(token.key) and (near or token.clause == last.clause) and not found:
                found.append((cue, shown(same[at:])))
    disclaimer = _disclaimer(same)
    if not found and disclaimer is not None:
        found.append((Cue.HEDGE, shown(same[disclaimer:])))
    if not found and same and same[0].clause == last.clause and same[0].key in NEGATION:
        found.append((Cue.NEGATION, shown(same)))
    following = [token for token in cut if token.sentence == last.sentence + 1]
    if not found and not same and following and following[0].key in ("but", "however", "yet", "still"):
        found.append((Cue.CONTRAST, shown(following)))
    return found


_CONCESSIVE = _set("although though while whereas despite")
_OWN = _set("i we our us my nobody cannot unclear unknown")


def _concedes(cut: Sequence[Token]) -> bool:
    """`…, although it is tempting` leaves what it hangs on standing; `although we have not tested it` does not."""
    return cut[0].key in _CONCESSIVE and not any(token.key in _OWN for token in cut)


_KNOWING = _set(
    "say know tell claim conclude prove proof show establish confirm rule sure certain clear convinced demonstrate "
    "infer determine evidence mean"
)


def _disclaimer(cut: Sequence[Token]) -> int | None:
    """Where `…, and we cannot say …` or `…, which does not prove …` begins: words on how little is known."""
    for at, token in enumerate(cut):
        starts = at == 0 or cut[at - 1].clause != token.clause
        coordinate = token.key in ("and", "which", "that", "this", "it", "we", "i", "nobody")
        if starts and coordinate and any(_unknown(cut, k) for k in range(at, min(at + 6, len(cut)))):
            return at
    return None


def _unknown(row: Sequence[Token], at: int) -> bool:
    """A negation with a verb of knowing right behind it: `not say`, `not yet prove`; `not know why` grants the rest."""
    if row[at].key not in NEGATION and row[at].key not in _UNABLE:
        return False
    following = [t.key for t in row[at + 1 : at + 6] if t.clause == row[at].clause]
    known = next((k for k, key in enumerate(following[:3]) if key in _KNOWING), None)
    return known is not None and not set(following[known + 1 : known + 3]) & _QUESTIONS


_QUESTIONS = _set("why how when where who whom what which")


def _has(row: Sequence[Token], cue: Cue) -> bool:
    if cue is Cue.NEGATION:
        return negated(row)
    return any(cue in cues(token.key) for token in row)
