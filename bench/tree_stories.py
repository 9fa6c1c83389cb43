"""Made-up stories as rows of sentences, and what newsrooms do with one another's: copy, touch up, reword, shorten."""

from collections.abc import Sequence
from random import Random
from typing import Literal

import attrs

from bench import tree_words as words
from bench.tree_words import Group, Lexicon

Manner = Literal["copy", "light", "heavy", "short", "free"]

NEAR: Group = ("near {}", "close to {}", "not far from {}")
FOR: Group = ("on behalf of {}", "at the request of {}", "as {} had asked")
WITH: Group = ("with {}", "by means of {}", "using {}")
DETAILS = (NEAR, FOR, WITH)
FREE = 100
"""A choice from here on is a word of no group's."""
KEPT_WORDS = 0.35
"""Share of the words with synonyms that a heavy rewording keeps."""
LATE = 0.12
"""Share of remarks in which a retelling changes a word, and of numbers that it gets wrong."""


@attrs.frozen(kw_only=True)
class Sentence:
    """What a sentence says, and the choices of how."""

    things: tuple[int, int]
    verb: int
    around: tuple[int, int, int, int]
    """Circumstance, its adjective and its two nouns."""
    term: str | None
    adjective: int | None
    detail: tuple[int, str] | None
    number: tuple[int, str] | None
    frame: int
    choices: tuple[int, ...]

    def told(self, lexicon: Lexicon) -> str:
        subject, verb, thing, around, adjective, detail, one, two = self.choices
        s, o = (_chosen(lexicon.things, at, n) for at, n in zip(self.things, (subject, thing), strict=True))
        v = _chosen(words.VERBS, self.verb, verb)
        if self.adjective is not None:
            o = _with_adjective(o, _chosen(words.ADJECTIVES, self.adjective, adjective))
        c = _one(words.CIRCUMSTANCES[self.around[0]], around).format(
            a=_chosen(words.ADJECTIVES, self.around[1], adjective),
            w=_chosen(words.NOUNS, self.around[2], one),
            x=_chosen(words.NOUNS, self.around[3], two),
        )
        if self.term:
            o += f" of {self.term}"
        if self.detail:
            c += " " + _one(DETAILS[self.detail[0]], detail).format(self.detail[1])
        if self.number:
            c += f" and after {self.number[0]} {self.number[1]}"
        said = words.OPENINGS[self.frame].format(
            s=s, o=o, v=v, c=c, S=_capital(s), O=_capital(o), C=_capital(c), p=words.PARTICIPLES.get(v, v)
        )
        return _capital(said)


@attrs.frozen(kw_only=True)
class Remark:
    """Words that somebody said, in their quotation marks."""

    said: str
    name: str
    outlet: str | None
    """Whom they were told to, where the article says so."""
    frame: int

    def told(self, _: Lexicon) -> str:
        frames = words.TOLD if self.outlet else words.SAID
        return _one(frames, self.frame).format(q=self.said, name=self.name, outlet=self.outlet)


@attrs.frozen(kw_only=True)
class Pointer:
    """A credit line, or a sentence with a link in it."""

    line: str
    anchor: str = ""
    url: str = ""

    def told(self, _: Lexicon) -> str:
        return self.line


Part = Sentence | Remark | Pointer


def text(parts: Sequence[Part], lexicon: Lexicon) -> str:
    """Three sentences to the paragraph; pointers stand alone."""
    lines: list[list[str]] = [[]]
    for part in parts:
        told = part.told(lexicon)
        if isinstance(part, Pointer):
            lines += [[told], []]
        else:
            lines[-1].append(told)
            if len(lines[-1]) == 3:
                lines.append([])
    return "\n".join(" ".join(line) for line in lines if line)


def fresh(random: Random, lexicon: Lexicon) -> Sentence:
    """A sentence on the theme that nobody wrote yet."""
    rare = random.random()
    name = words.place(random) if rare < 0.2 else words.person(random)
    number = (random.randint(3, 980), random.choice(words.UNITS)) if random.random() < 0.2 else None
    subject, thing = random.sample(range(len(lexicon.things)), 2)
    return Sentence(
        things=(subject, thing),
        verb=random.randrange(len(words.VERBS)),
        around=around(random),
        term=lexicon.term(random) if random.random() < 0.5 else None,
        adjective=random.randrange(len(words.ADJECTIVES)) if random.random() < 0.6 else None,
        detail=(0 if rare < 0.2 else 1, name) if rare < 0.4 else None,
        number=number,
        frame=random.randrange(len(words.OPENINGS)),
        choices=_choices(random),
    )


def around(random: Random) -> tuple[int, int, int, int]:
    """A circumstance with its words."""
    w, x = random.sample(range(len(words.NOUNS)), 2)
    return random.randrange(len(words.CIRCUMSTANCES)), random.randrange(len(words.ADJECTIVES)), w, x


def remark(random: Random, lexicon: Lexicon, name: str, outlet: str | None) -> Remark:
    """A sentence that somebody says of the theme."""
    s, o = (group[0] for group in random.sample(lexicon.things, 2))
    at, a, w, x = around(random)
    said = random.choice(words.REMARKS).format(
        s=s,
        o=o,
        x=random.choice(words.INFINITIVES),
        v=_participle(random.choice(words.VERBS)[0]),
        c=random.choice(words.CIRCUMSTANCES[at]).format(
            a=random.choice(words.ADJECTIVES[a]), w=random.choice(words.NOUNS[w]), x=random.choice(words.NOUNS[x])
        ),
    )
    return Remark(said=said, name=name, outlet=outlet, frame=random.randrange(4))


def retold(parts: Sequence[Part], manner: Manner, random: Random, lexicon: Lexicon) -> list[Part]:
    """What one outlet makes of another's parts: mistakes are made on the way and stay."""
    if manner == "short":
        places = sorted(random.sample(range(len(parts)), min(len(parts), random.randint(3, 5))))
        kept = [parts[at] for at in places if not isinstance(parts[at], Pointer)]
    else:
        kept = [part for part in parts if random.random() < _kept(part, manner)]
    made = [_changed(part, manner, random) for part in kept]
    if manner in ("light", "heavy"):
        for at in range(0, len(made) - 1, 2):
            if random.random() < (0.15 if manner == "light" else 0.4):
                made[at], made[at + 1] = made[at + 1], made[at]
    own = random.choice((0, 0, 1)) if manner in ("copy", "short") else random.randint(0, 2)
    return [*made, *(fresh(random, lexicon) for _ in range(own))]


def _kept(part: Part, manner: Manner) -> float:
    if isinstance(part, Pointer):
        return {"copy": 0.6, "light": 0.3}.get(manner, 0.0)
    if isinstance(part, Remark):
        return {"copy": 0.95, "light": 0.8, "heavy": 0.7, "free": 0.2}.get(manner, 0.5)
    return {"copy": 0.92, "light": 0.75, "heavy": 0.7, "free": 0.7}.get(manner, 0.5)


def _changed(part: Part, manner: Manner, random: Random) -> Part:
    if isinstance(part, Pointer):
        return part
    if isinstance(part, Remark):
        said = _slipped(part.said, random) if random.random() < LATE else part.said
        frame = part.frame if manner == "copy" else random.randrange(4)
        outlet = None if manner == "heavy" and random.random() < 0.5 else part.outlet
        return attrs.evolve(part, said=said, frame=frame, outlet=outlet)
    if part.number and random.random() < LATE / 2:
        part = attrs.evolve(part, number=(part.number[0] + random.choice((-7, -1, 1, 10)), part.number[1]))
    if manner == "copy":
        return part
    if manner == "free":
        return _freely(part, random)
    if manner == "heavy" or random.random() < 0.15:
        return reworded(part, random)
    choices = tuple(random.randrange(60) if random.random() < 0.15 else choice for choice in part.choices)
    return attrs.evolve(part, choices=choices)


def reworded(sentence: Sentence, random: Random) -> Sentence:
    """The same told in another frame, with other words wherever there are any; names and numbers stay."""
    frame = (sentence.frame + random.randrange(1, len(words.OPENINGS))) % len(words.OPENINGS)
    choices = tuple(_reworded(choice, random) for choice in sentence.choices)
    return attrs.evolve(sentence, frame=frame, choices=choices)


def _freely(sentence: Sentence, random: Random) -> Sentence:
    """As in a translation: names and numbers stay, and some terms."""
    return attrs.evolve(
        sentence,
        frame=random.randrange(len(words.OPENINGS)),
        choices=tuple(random.randrange(FREE, 50 * FREE) for _ in sentence.choices),
        term=sentence.term if random.random() < 0.5 else None,
    )


def _reworded(choice: int, random: Random) -> int:
    """Mostly not the same: no two newsrooms hit on the same other word as a rule."""
    drawn = random.random()
    if drawn < KEPT_WORDS:
        return choice
    return choice + 7 if drawn < (1 + KEPT_WORDS) / 2 else random.randrange(FREE, 50 * FREE)


def _slipped(said: str, random: Random) -> str:
    """One word changed or left out."""
    row = said.split()
    at = random.randrange(3, len(row))
    if random.random() < 0.3:
        return " ".join([*row[:at], *row[at + 1 :]])
    row[at] = random.choice(random.choice(words.ADJECTIVES))
    return " ".join(row)


def _one(group: Group, choice: int) -> str:
    return group[choice % len(group)]


def _chosen(groups: Sequence[Group], at: int, choice: int) -> str:
    """One of a group; a free choice is of any group, as synonym spinners make it."""
    return _one(groups[at] if choice < FREE else groups[choice % len(groups)], choice // 7)


def _choices(random: Random) -> tuple[int, ...]:
    return tuple(random.randrange(60) for _ in range(8))


def _participle(verb: str) -> str:
    return words.PARTICIPLES.get(verb, verb)


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def _with_adjective(thing: str, adjective: str) -> str:
    article, _, rest = thing.partition(" ")
    if article == "the":
        return f"the {adjective} {rest}"
    return f"{'an' if adjective[0] in 'aeiou' else 'a'} {adjective} {rest}" if article == "a" else thing
