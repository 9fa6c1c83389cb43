"""Coverage trees with known parents: who interviews, who copies, rewords, shortens or merges whom, and when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal

import attrs

from bench import tree_words as words
from bench.tree_stories import Manner, Part, Pointer, Remark, Sentence, fresh, remark, retold, reworded, text
from bench.tree_words import Lexicon
from kb.claims import ReferenceQuote, SourceKind
from kb.records import Precision

Variant = Literal["clean", "times", "reworded", "mixing"]
"""`times`: 40 % of the dates are missing or wrong. `reworded`: most retellings are heavy. `mixing`: many retellings
add matter of their own or remarks printed elsewhere, come weeks later, or share only names and numbers with what they
credit, as translations do; and reports of an outlet's own quote more of the press release."""

WORD_FOR_WORD = 0.4
"""Share of the press release's facts that an outlet's own report in `mixing` leaves in its words."""
START = datetime(2026, 4, 1, 6, tzinfo=UTC)
BAD_TIMES = 0.4
DAY_ONLY = 0.15
"""Share of the articles that state a day and no time."""
RELEASE, PAPER = 0, 1
MANNERS: dict[Variant, dict[str, float]] = {
    "clean": {"copy": 0.26, "light": 0.3, "heavy": 0.16, "short": 0.14, "mixed": 0.14},
    "reworded": {"copy": 0.1, "light": 0.1, "heavy": 0.6, "short": 0.1, "mixed": 0.1},
}
MANNERS["times"] = MANNERS["clean"]
MANNERS["mixing"] = {"copy": 0.22, "light": 0.26, "heavy": 0.14, "short": 0.12, "mixed": 0.12, "free": 0.14}
OWN_MATTER, REMARKS_ADDED, WEEKS_LATER, FOLLOWED_UP = 0.5, 0.35, 0.15, 0.08
"""Shares of the retellings in `mixing` that do so; the last tells the outlet's own story again."""
POINTED = {"copy": 0.4, "light": 0.5, "heavy": 0.55, "short": 0.85, "mixed": 0.7, "free": 0.95}
"""Share of retellings that name or link whom they have it from."""
CREDITS = (
    "This story first appeared in {}.",
    "Originally reported by {}.",
    "Source: {}",
    "Republished from {}.",
    "The news was first reported by {}.",
    "The details come according to a report in {}.",
)


@attrs.frozen(kw_only=True)
class Planted:
    """One article with the truth about it."""

    outlet: str
    kind: SourceKind
    url: str
    parts: tuple[Part, ...]
    body: str
    parents: tuple[int, ...]
    """Places in the tree; none for an origin. Of two, the first gave more."""
    manner: str
    at: datetime
    """When it really appeared."""
    published: datetime | None
    precision: Precision


@attrs.frozen(kw_only=True)
class Tree:
    """A study's coverage as it was made."""

    seed: int
    articles: tuple[Planted, ...]
    quotes: tuple[ReferenceQuote, ...]
    speakers: tuple[str, ...]


def tree(seed: int, size: int, variant: Variant, *, held_out: bool) -> Tree:
    """The same arguments always give the same tree; `size` counts the press release and the paper."""
    grower = _Grower(Random(f"{seed}/{size}/{variant}/{held_out}"), size, variant, held_out)
    grower.documents()
    for _ in range(grower.origins):
        grower.origin()
    while len(grower.articles) < size:
        grower.child()
    return Tree(
        seed=seed,
        articles=tuple(grower.articles),
        quotes=tuple(grower.quotes),
        speakers=tuple(dict.fromkeys(quote.speaker for quote in grower.quotes)),
    )


@attrs.frozen
class _Made:
    """An article before it is dated and set."""

    outlet: str
    kind: SourceKind
    parts: Sequence[Part]
    parents: tuple[int, ...]
    manner: str
    at: datetime
    url: str
    dateline: str = ""


class _Grower:
    def __init__(self, random: Random, size: int, variant: Variant, held_out: bool) -> None:
        self.random, self.size, self.variant = random, size, variant
        self.lexicon = Lexicon.drawn(random, held_out)
        self.articles: list[Planted] = []
        self.quotes: list[ReferenceQuote] = []
        self.origins = max(2, round(size**0.62 / 1.8))
        agencies = max(1, size // 60)
        names = words.outlets(random, max(6, round(size**0.85)) + agencies, agencies)
        self.papers, self.agencies = names[:-agencies], names[-agencies:]
        self.team = [words.person(random) for _ in range(3)]
        self.popular: list[int] = []

    # --- Origins ---

    def documents(self) -> None:
        body: list[Part] = [fresh(self.random, self.lexicon) for _ in range(18)]
        for at, name in enumerate((*self.team, self.team[0])):
            body.insert(
                4 + 4 * at, self._referenced(remark(self.random, self.lexicon, name, None), self._url(0, "lab"))
            )
        self._add(_Made("The laboratory", "primary", body, (), "release", START, self._url(0, "lab")))
        paper: list[Part] = [fresh(self.random, self.lexicon) for _ in range(30)]
        paper += [reworded(part, self.random) for part in body if isinstance(part, Sentence)][:6]
        self._add(
            _Made("The journal", "primary", paper, (), "paper", START - timedelta(days=1), self._url(1, "journal"))
        )

    def _referenced(self, said: Remark, url: str) -> Remark:
        slug = f"remark-{len(self.quotes)}"
        self.quotes.append(ReferenceQuote(slug=slug, speaker=said.name, text=said.said, source=url, tolerance="trim"))
        return said

    def origin(self) -> None:
        """An interview, or a report of an outlet's own on what the release says; both quote the release."""
        random = self.random
        outlet = random.choice(self.agencies if random.random() < 0.2 else self.papers)
        url = self._url(len(self.articles), outlet)
        mixing = self.variant == "mixing"
        parts: list[Part] = [fresh(random, self.lexicon) for _ in range(random.randint(4 if mixing else 10, 22))]
        release = self.articles[RELEASE].parts
        facts = [part for part in release if isinstance(part, Sentence)]
        most, quotes = (min(9, 1 + len(parts) // 2), 4) if mixing else (4, 2)
        taken = random.sample(facts, random.randint(1, most))
        parts[:0] = [fact if mixing and random.random() < WORD_FOR_WORD else reworded(fact, random) for fact in taken]
        quoted = [part for part in release if isinstance(part, Remark)]
        parts += random.sample(quoted, random.randint(0, quotes))
        if random.random() < 0.7:
            name = random.choice([*self.team, words.person(random)])
            for _ in range(random.randint(2, 4)):
                said = remark(random, self.lexicon, name, outlet if random.random() < 0.5 else None)
                parts.append(self._referenced(said, url) if len(self.quotes) < 8 else said)
        random.shuffle(parts)
        when = START + timedelta(hours=1 + 150 * random.random() ** 2)
        self._add(_Made(outlet, self._kind(outlet), [*parts, *self._asides(when)], (), "origin", when, url))

    # --- Retellings ---

    def child(self) -> None:
        random = self.random
        first = RELEASE if random.random() < 0.2 else random.choice(self.popular)
        manners = MANNERS[self.variant]
        manner = random.choices(list(manners), list(manners.values()))[0]
        parents: tuple[int, ...] = (first,)
        if manner == "mixed":
            second = random.choice(self.popular)
            parents = (first, second) if second != first and not self._related(first, second) else (first,)
        kind = self.articles[first].kind
        wire = kind == "agency" and manner in ("copy", "light") and random.random() < 0.7
        outlet = random.choice(
            [name for name in random.choices(self.papers, k=4) if name != self.articles[first].outlet]
        )
        if self.variant == "mixing" and random.random() < FOLLOWED_UP:
            outlet = self.articles[first].outlet
        parts = self._taken(parents, manner)
        pointed = not wire and random.random() < POINTED[manner] and first != RELEASE
        for parent in parents if pointed else ():
            parts.append(self._pointer(parent))
        when = max(self.articles[parent].at for parent in parents)
        when += timedelta(minutes=5 + random.lognormvariate(5.3, 1.2))
        if self.variant == "mixing":
            parts += self._added()
            when += timedelta(days=random.uniform(1, 40)) if random.random() < WEEKS_LATER else timedelta()
        parts += self._asides(when)
        url = self._url(len(self.articles), outlet)
        dateline = f"{words.place(random).upper()} ({self.articles[first].outlet}) — " if wire else ""
        self._add(_Made(outlet, "press", parts, parents, "wire" if wire else manner, when, url, dateline))

    def _related(self, one: int, other: int) -> bool:
        """Whether one descends from the other or both from one: a mixture of these has one parent."""
        return bool(self._line(one) & self._line(other))

    def _line(self, at: int) -> set[int]:
        found, waiting = set(), [at]
        while waiting:
            at = waiting.pop()
            found.add(at)
            waiting += self.articles[at].parents
        return found

    def _taken(self, parents: Sequence[int], manner: str) -> list[Part]:
        random, lexicon = self.random, self.lexicon
        if manner != "mixed":
            how: Manner = manner  # type: ignore[assignment]
            return retold(self.articles[parents[0]].parts, how, random, lexicon)
        parts = retold(self.articles[parents[0]].parts, "light", random, lexicon)
        if len(parents) == 2:
            parts = parts[: max(4, len(parts) * 2 // 3)]
            more = retold(self.articles[parents[1]].parts, "light", random, lexicon)
            parts += more[: max(3, len(more) * 2 // 5)]
        return parts

    def _added(self) -> list[Part]:
        """Sentences of an article's own, and remarks that it has from neither parent."""
        random, found = self.random, list[Part]()
        if random.random() < OWN_MATTER:
            found += [fresh(random, self.lexicon) for _ in range(random.randint(2, 12))]
        if random.random() < REMARKS_ADDED:
            said = [part for part in self.articles[random.choice(self.popular)].parts if isinstance(part, Remark)]
            found += random.sample(said, min(len(said), random.randint(1, 2)))
            if random.random() < 0.5:
                name = random.choice([*self.team, words.person(random)])
                found.append(remark(random, self.lexicon, name, None))
        return found

    def _pointer(self, parent: int) -> Pointer:
        source, random = self.articles[parent], self.random
        if random.random() < 0.4:
            return Pointer(line="The whole story is told here.", anchor="told here", url=source.url)
        return Pointer(line=random.choice(CREDITS).format(source.outlet))

    def _asides(self, when: datetime) -> list[Part]:
        """Links that say nothing of where the matter is from: the paper, and other articles on it."""
        random, found = self.random, list[Part]()
        if random.random() < 0.4:
            found.append(Pointer(line="The paper is online.", anchor="The paper", url=self.articles[PAPER].url))
        if random.random() < 0.05 and len(self.articles) > 4:
            other = random.choice(self.articles[2:])
            if other.at < when:
                found.append(Pointer(line="See also our earlier pages.", anchor="earlier pages", url=other.url))
        return found

    # --- Adding ---

    def _kind(self, outlet: str) -> SourceKind:
        return "agency" if outlet in self.agencies else "press"

    def _url(self, number: int, outlet: str) -> str:
        return f"https://{outlet.lower().replace(' ', '')}.example/2026/04/story-{number}"

    def _add(self, made: _Made) -> None:
        published, precision = self._dated(made.at, made.kind)
        place, told = len(self.articles), made.dateline + text(made.parts, self.lexicon)
        self.articles.append(
            Planted(
                outlet=made.outlet,
                kind=made.kind,
                url=made.url,
                parts=tuple(made.parts),
                body=told,
                parents=made.parents,
                manner=made.manner,
                at=made.at,
                published=published,
                precision=precision,
            )
        )
        if place > PAPER:
            self.popular += [place] * (3 if not made.parents else 1)
            self.popular += [parent for parent in made.parents if parent > PAPER]

    def _dated(self, at: datetime, kind: SourceKind) -> tuple[datetime | None, Precision]:
        random = self.random
        if self.variant == "times" and kind != "primary" and random.random() < BAD_TIMES:
            if random.random() < 0.5:
                return None, "unknown"
            at += timedelta(days=random.uniform(-4, 4))
        if random.random() < DAY_ONLY:
            return at.replace(hour=0, minute=0, second=0, microsecond=0), "day"
        return at.replace(second=0, microsecond=0), "minute"
