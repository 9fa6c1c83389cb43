"""Made-up coverage with planted edits: templates of bench/planted -> pages, and what is or only looks wrong there.

A study file holds quotes with prints of each kind (`same`, `trim`: harmless; `bad`, `cut`: planted), claims with
sentences (`right`, `wrong`, `over`), caveats with sentences that keep them, and pairs that contradict each other or
only look as if they did. A seed decides who prints what, in which frame, next to what.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
from ruamel.yaml import YAML

TEMPLATES = Path(__file__).parent / "planted"
Set = Literal["seen", "opened", "opened-2", "opened-3", "unseen"]
Plain = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Mark:
    """Words of a page about which the truth is known."""

    rule: str
    """The rule that must report them; empty where none may."""
    kind: str
    """What was done: `negation`, `split`, `untouched`."""
    words: str
    quote: bool = False
    """They are a quote's, so that they count among the quotes that false alarms are counted over."""


@attrs.define(kw_only=True)
class Page:
    """A page before it is HTML."""

    outlet: str
    title: str
    paragraphs: list[str] = attrs.field(factory=list)
    marks: list[Mark] = attrs.field(factory=list)
    before: list[str] | None = None
    """The paragraphs of an earlier capture, where there is one."""
    said: set[str] = attrs.field(factory=set)
    """Quotes, speakers and claims that it has already."""

    @property
    def host(self) -> str:
        return "".join(c for c in self.outlet.lower().removeprefix("the ") if c.isalpha()) + ".example"

    def add(self, paragraph: str, *marks: Mark) -> None:
        self.paragraphs.append(paragraph)
        self.marks.extend(marks)


def template(path: Path) -> dict[str, Any]:
    """A template file as plain data."""
    loaded: dict[str, Any] = YAML(typ="safe").load(path)
    return loaded


def studies(which: Set) -> list[dict[str, Any]]:
    """The study templates of a set, by name."""
    return [template(path) for path in sorted((TEMPLATES / which).glob("*.yaml"))]


def frames(which: Set) -> dict[str, Any]:
    """How the pages of a set are worded around quotes."""
    return template(TEMPLATES / f"frames-{which}.yaml")


class Writer:
    """Sets the words of a study into the frames of a set."""

    def __init__(self, study: Plain, frame: Plain, seed: int) -> None:
        self.study = study
        self.frame = frame
        self.rng = random.Random(f"{study['id']}:{seed}")

    def page(self) -> Page:
        """An empty page of an outlet, opened by a paragraph that names the study."""
        pick = self.rng.choice
        page = Page(outlet="", title=pick(self.frame["heads"]).format(D=self.study["short"]))
        page.add(pick(self.study["leads"]))
        return page

    def quote(self, page: Page, quote: Plain, words: str, mark: Mark, by: str = "") -> None:
        """Print `words` as a quote of its speaker, with the name as far as the page needs it."""
        who = self.study["speakers"][by or quote["by"]]
        words = words.strip().rstrip(".")
        choices = ["later"] if who["name"] in page.said else ["intro", "bridge"]
        kind = self.rng.choice(choices)
        if kind == "bridge":
            page.add(self._fill("bridge", who, page))
            kind = self.rng.choice(["later", "pronoun"])
        page.said |= {quote["id"], who["name"]}
        page.add(self._fill(kind, who, page, Q=words), mark)

    def split(self, page: Page, quote: Plain) -> None:
        """Print a quote in two halves with its attribution between them."""
        who = self.study["speakers"][quote["by"]]
        first, second = (part.strip().rstrip(".,") for part in quote["text"].split("|"))
        stop = quote["text"].split("|")[0].rstrip().endswith(".")
        if who["name"] not in page.said:
            page.add(self._fill("bridge", who, page))
        page.said |= {quote["id"], who["name"]}
        page.add(
            self._fill("split_stop" if stop else "split_comma", who, page, A=first, B=second),
            Mark(rule="", kind="split", words=f"{first} {second}", quote=True),
        )

    def given_to(self, page: Page, quote: Plain, kind: str, name: str) -> None:
        """Print a quote truly but as somebody else's words."""
        words = whole(quote).rstrip(".")
        page.said.add(quote["id"])
        sentence = self.rng.choice(self.frame[kind]).format(Q=words, N=name)
        page.add(
            sentence[0].upper() + sentence[1:], Mark(rule="misattributed-quote", kind=kind, words=words, quote=True)
        )

    def told(self, page: Page, quote: Plain, clause: str, mark: Mark) -> None:
        """Report a quote's speaker in indirect speech."""
        who = self.study["speakers"][quote["by"]]
        if who["name"] not in page.said:
            page.add(self._fill("bridge", who, page))
        page.said |= {who["name"], quote["id"]}
        page.add(self._fill("told", who, page, T=clause), mark)

    def foreign(self, page: Page, spec: Plain) -> None:
        """Print a translation back of a quote, with a word that it is one."""
        who = self.study["speakers"][spec["by"]]
        words = spec["text"].rstrip(".")
        page.add(self._fill("bridge", who, page))
        page.said.add(who["name"])
        sentence = self._fill("foreign", who, page, Q=words, L=spec["language"])
        page.add(sentence, Mark(rule="", kind="translation", words=words, quote=True))

    def misspelt(self, page: Page, quote: Plain) -> None:
        """Print a quote truly under its speaker's name with a slip in it."""
        who = self.study["speakers"][quote["by"]]
        given, surname = who["name"].split()
        wrong = f"{given} {self._slip(surname)}"
        words = whole(quote).rstrip(".")
        page.said |= {quote["id"], who["name"]}
        page.add(
            self._fill("intro", {**who, "name": wrong}, page, Q=words),
            Mark(rule="misspelt-name", kind="slip", words=wrong),
            Mark(rule="", kind="under a misspelt name", words=words, quote=True),
        )

    def placed(self, page: Page, quote: Plain, institution: str, mark: Mark) -> None:
        """Print a quote truly by its speaker, with `institution` for where that one works."""
        who = self.study["speakers"][quote["by"]]
        words = whole(quote).rstrip(".")
        page.said |= {quote["id"], who["name"]}
        sentence = self._fill("intro", {**who, "aff": institution}, page, Q=words)
        page.add(sentence, mark, Mark(rule="", kind="under an affiliation", words=words, quote=True))

    def _slip(self, name: str) -> str:
        at = self.rng.randrange(2, len(name) - 1)
        swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        dropped, doubled = name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:]
        return self.rng.choice([one for one in (swapped, dropped, doubled) if one != name])

    def _fill(self, kind: str, who: Plain, page: Page, **more: str) -> str:
        pronoun = "she" if who["she"] else "he"
        given: dict[str, str] = {
            "S": who["name"],
            "s": who["name"].split()[-1],
            "P": pronoun.capitalize(),
            "p": pronoun,
            "R": ("an " if who["role"][0] in "aeiou" else "a ") + who["role"],
            "I": who["aff"],
            "O": "this newspaper",
            **more,
        }
        sentence = self.rng.choice(self.frame[kind])
        if "{R} {S}" in sentence:
            given["R"] = who["role"]
        filled: str = sentence.format(**given)
        return filled


def whole(quote: Plain) -> str:
    """A quote's text without the mark of where it may be split."""
    text: str = quote["text"]
    return text.replace("|", "")


def sample(rng: random.Random, items: Sequence[Any], count: int) -> list[Any]:
    """So many of them in random order, again from the start when they run out."""
    taken: list[Any] = []
    while items and len(taken) < count:
        taken += rng.sample(list(items), min(len(items), count - len(taken)))
    return taken
