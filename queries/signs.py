"""Credits, wire marks and links of an article, resolved to the articles of the coverage they point to."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

from kb.coverage import Retelling
from kb.outlets import host, squeezed
from kb.records import Credit, Span
from kb.text import words

SignKind = Literal["credit", "link", "wire", "mention"]

_SURE = re.compile(
    r"original|first|source|credit|appeared|republish|reprint|syndicat|hat tip|h/t|\bvia\b", re.IGNORECASE
)
_TRACKING = re.compile(r"^(?:utm_|fbclid|gclid|mc_|ref$|cmpid|ocid|igshid|smid|ns_|s$)")
_QUOTED = re.compile(r"[“„«\"'‘][^“”„«»\"\n]{20,2000}[”“»\"'’]")
_REACH = 220
"""Characters to either side in which the sentence of a sign is sought."""


@attrs.frozen(kw_only=True)
class Sign:
    """A pointer from one article to others."""

    kind: SignKind
    detail: str
    """As printed: the credit's words, the anchor or the address."""
    exact: bool
    """Names one article; else an outlet, any of whose articles may be meant."""
    sure: bool
    """Says that the matter is from there (`originally reported by`), not merely a part (`told X`)."""
    sentence: tuple[str, ...]
    """The words around it, to see whether it was itself copied along."""
    targets: tuple[int, ...]
    """Places in the coverage, the article itself and its outlet excluded unless `exact`."""


def plain_url(url: str) -> str:
    """An address as a key: no scheme, `www.`, fragment, tracking parameters or closing slash.

    >>> plain_url("https://www.a.example/b/?utm_source=x&p=4#c")
    'a.example/b?p=4'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    kept = urlencode(sorted(pair for pair in parse_qsl(parts.query) if not _TRACKING.match(pair[0])))
    path = re.sub(r"/(?:index\.html?|amp)?$", "", parts.path)
    return f"{host(url)}{path}" + (f"?{kept}" if kept else "")


class Pointers:
    """Finds which articles of a coverage an article's credits and links mean."""

    def __init__(self, retellings: Sequence[Retelling]) -> None:
        self.retellings = retellings
        self._by_url: dict[str, int] = {}
        self._by_name: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._by_host: dict[str, set[int]] = defaultdict(set)
        self._by_byline: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for at, retelling in enumerate(retellings):
            self._enter(at, retelling)
        self._lengths: dict[str, set[int]] = defaultdict(set)
        for name in [*self._by_name, *self._by_byline]:
            self._lengths[name[0] if name else ""].add(len(name))

    def _enter(self, at: int, retelling: Retelling) -> None:
        snapshot, canonical = retelling.snapshot, retelling.article.canonical_url
        for url in (canonical, snapshot.requested_url, snapshot.final_url):
            self._by_url.setdefault(plain_url(url), at)
        name = _name(retelling.source.name)
        self._by_name[name].add(at)
        if retelling.source.kind == "agency" and len(name) > 1:
            self._by_name["".join(word[0] for word in name),].add(at)
        for domain in {host(canonical), *retelling.source.domains} - {""}:
            self._by_host[domain].add(at)
        for byline in retelling.extraction.bylines:
            if len(_name(byline)) > 1:
                self._by_byline[_name(byline)].add(at)

    def signs(self, child: int) -> list[Sign]:
        """The child's pointers that lead into the coverage, in text order, then other links."""
        retelling = self.retellings[child]
        made = [self._sign(child, retelling, credit) for credit in retelling.credits]
        seen = {credit.target for credit in retelling.credits}
        unseen = (link for link in retelling.extraction.links if link.url not in seen)
        links = [self._link(child, link.url, link.anchor, link.span) for link in unseen]
        found = _narrowed([sign for sign in [*made, *links] if sign is not None])
        pointed = {self.retellings[target].article.source for sign in found for target in sign.targets}
        return [*found, *self._mentions(child, pointed)]

    def claims_own(self, child: int) -> bool:
        """Whether the article says that it spoke with the source itself: `told` and its own name."""
        retelling = self.retellings[child]
        own = _name(retelling.source.name)
        return any(credit.kind == "credit" and _name(credit.target) == own for credit in retelling.credits)

    def _sign(self, child: int, retelling: Retelling, credit: Credit) -> Sign | None:
        if credit.kind in ("report-link", "paper-link"):
            return self._link(child, credit.target, retelling.words(credit.span), credit.span)
        if credit.kind not in ("credit", "wire"):
            return None
        targets = self._named(credit.target) or self._at_host(credit.target)
        said = retelling.words(credit.span)
        return self._made(
            child,
            Sign(
                kind="wire" if credit.kind == "wire" else "credit",
                detail=said,
                exact=False,
                sure=credit.kind == "wire" or bool(_SURE.search(said)),
                sentence=_sentence(retelling.text.text, credit.span),
                targets=tuple(sorted(targets)),
            ),
        )

    def _link(self, child: int, url: str, anchor: str, span: Span | None) -> Sign | None:
        at = self._by_url.get(plain_url(url))
        targets = {at} if at is not None else self._at_host(host(url))
        text = self.retellings[child].text.text
        return self._made(
            child,
            Sign(
                kind="link",
                detail=anchor or url,
                exact=at is not None,
                sure=False,
                sentence=_sentence(text, span) if span else (),
                targets=tuple(sorted(targets)),
            ),
        )

    def _made(self, child: int, sign: Sign) -> Sign | None:
        own = self.retellings[child].article.source
        targets = tuple(
            at for at in sign.targets if at != child and (sign.exact or self.retellings[at].article.source != own)
        )
        return attrs.evolve(sign, targets=targets) if targets else None

    def _named(self, target: str) -> set[int]:
        """Articles of the outlet, or by the author, whose name stands in a credit, or is begun there."""
        row = _name(target)
        found: set[int] = set()
        for run in self._runs(row):
            # An outlet's name means the outlet: that others print it as the byline of what it sent them is no credit.
            found |= self._by_name.get(run) or self._by_byline.get(run, set())
        if found or len(squeezed(target)) < 5:
            return found
        begun = {name for name in self._by_name if name[: len(row)] == row}
        return self._by_name[begun.pop()] if len(begun) == 1 else set()

    def _runs(self, row: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Stretches of words as long as the known names that begin with their first word."""
        for start, word in enumerate(row):
            for length in sorted(self._lengths.get(word, ())):
                if start + length <= len(row):
                    yield tuple(row[start : start + length])

    def _at_host(self, target: str) -> set[int]:
        site = target.lower().removeprefix("www.").strip(" /")
        if "." not in site:
            return set()
        labels = site.split(".")
        known = (self._by_host.get(".".join(labels[at:])) for at in range(len(labels) - 1))
        return next((found for found in known if found), set())

    def _mentions(self, child: int, pointed: set[str]) -> Iterator[Sign]:
        """Names of other outlets in the text, where they are of two words or begin with `The`.

        A name in a paragraph with a quotation is `sure`: in whatever language, it says who was told.
        """
        text = self.retellings[child].text.text
        for run in dict.fromkeys(run for run in self._runs(tuple(words(text))) if run in self._by_name):
            targets = {at for at in self._by_name[run] if self.retellings[at].article.source not in pointed}
            name = self.retellings[min(self._by_name[run])].source.name
            at = text.find(name if len(run) == 1 else name.removeprefix("The "))
            if not targets or at < 0 or (len(run) == 1 and not name.startswith("The ")):
                continue
            line = text[max(0, text.rfind("\n", 0, at)) : at].replace("\n", "")
            sign = Sign(
                kind="mention",
                detail=name,
                exact=False,
                sure=bool(line and _QUOTED.search(line)),
                sentence=_sentence(text, Span(at, at + len(name))),
                targets=tuple(sorted(targets)),
            )
            made = self._made(child, sign)
            if made is not None:
                yield made


def _narrowed(signs: list[Sign]) -> list[Sign]:
    """Where an outlet is credited and one of its articles linked, that article is meant."""
    linked = {target for sign in signs if sign.exact for target in sign.targets}
    return [
        attrs.evolve(sign, targets=tuple(at for at in sign.targets if at in linked) or sign.targets) for sign in signs
    ]


def _name(name: str) -> tuple[str, ...]:
    row = tuple(words(name.replace("’s", "").replace("'s", "")))
    return row[1:] if row[:1] == ("the",) and len(row) > 1 else row


def _sentence(text: str, span: Span) -> tuple[str, ...]:
    """Words of the sentence that a span stands in, as far as full stops and lines tell."""
    low, high = max(0, span.start - _REACH), min(len(text), span.end + _REACH)
    start = max([text.rfind(mark, low, span.start) for mark in _ENDS] + [low - 1]) + 1
    ends: Iterable[int] = (text.find(mark, span.end, high) for mark in _ENDS)
    return tuple(words(text[start : min((end for end in ends if end >= 0), default=high)]))


_ENDS = ("\n", ". ", "! ", "? ", ".” ", '." ')
