"""What gives occasion for an alert: a report -> what in it is new and worth telling. Pure: no store, no clock.

The key of each occasion is made from content, as a finding's id is: a rebuild gives the same keys.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from kb.claims import SavedSearch
from kb.occurrences import Occurrence
from kb.records import record_id
from kb.tellings import Alert, Place
from kb.text import words_digest
from queries.plain import counted, one_line
from queries.views import Citation, FindingView, OriginView, Piece, ReportView, Row, Thread

NEW_ORIGIN, NEW_VARIANT, NEW_ANSWER = "new-origin", "new-variant", "new-answer"

SPOKEN = ("direct", "partial", "turn")
"""Forms that claim to give the very words: in others, other words are no variant."""

SIDE_WORDS = 60
"""Above this many words, two sides that are no wordings of one another are left to the links."""

MOST_PLACES = 20
"""Articles that an alert of a saved search lists; it tells them all."""

EXACT = 500
"""Characters of a passage that an alert repeats at most."""


Answers = Sequence[tuple[SavedSearch, Mapping[str, Sequence[Occurrence]]]]
"""Saved searches with the articles that answer them, by address, and the places there."""


def fired(
    view: ReportView, *, rejected: Collection[str], told: Collection[str], at: datetime, answers: Answers = ()
) -> list[Alert]:
    """The alerts that a report and saved searches give occasion for, the gravest first.

    `rejected`: ids of findings that a person has put aside; they alert nobody. `told`: keys of earlier alerts.
    """
    variants = _variants(view.threads)
    covered = _covered(view.findings, variants)
    found = [
        *_of_findings([f for f in view.findings if f.id not in rejected], covered, at),
        *_of_origins(view, told, at),
        *_of_searches(answers, told, at),
        *_of_variants({key: rows for key, rows in variants.items() if key not in set().union(*covered.values())}, at),
    ]
    return sorted((alert for alert in found if alert.key not in told), key=lambda alert: -alert.severity)


# --- Findings ---------------------------------------------------------------------------------------------


def _of_findings(
    findings: Sequence[FindingView], covered: Mapping[str, Collection[str]], at: datetime
) -> Iterator[Alert]:
    for found in findings:
        doubt = "" if found.truth == "settled" else "; which side is right is not settled"
        yield Alert(
            key=found.id,
            covers=tuple(sorted(covered.get(found.id, ()))),
            kind=str(found.rule),
            severity=found.severity,
            fired_at=at,
            title=one_line(f"{found.label}: {', '.join(found.outlets) or found.subject_label}"),
            why=f"new finding of the rule {found.rule} (confidence {found.confidence:.0%}{doubt}), id {found.id}",
            summary=one_line(found.summary),
            diff=_diff(found.diff) or _sides(found),
            places=tuple(_place(p.label, p.citation, p.excerpt.exact) for p in found.proofs),
        )


def _place(label: str, citation: Citation, exact: str = "") -> Place:
    return Place(
        label=label,
        outlet=one_line(citation.outlet),
        title=one_line(citation.title),
        url=one_line(citation.url),
        exact=_cut(one_line(exact)),
        capture=citation.snapshot,
    )


def _cut(said: str) -> str:
    return said if len(said) <= EXACT else said[:EXACT].rstrip() + " …"


def _sides(found: FindingView) -> tuple[tuple[str, str], ...]:
    """What is held against it, and what it prints, where it is settled which is right."""
    sides = one_line(found.expected), one_line(found.observed)
    if found.truth == "unsettled" or not all(sides) or max(len(side.split()) for side in sides) > SIDE_WORDS:
        return ()
    return (("removed", sides[0]), ("added", sides[1]))


def _diff(pieces: Sequence[Piece]) -> tuple[tuple[str, str], ...]:
    return tuple((piece.op, one_line(piece.text)) for piece in pieces)


# --- Origins ----------------------------------------------------------------------------------------------


@attrs.define
class _Root:
    """An article that is an origin, with all it is the origin of."""

    view: OriginView
    keys: list[str] = attrs.field(factory=list)
    subjects: list[str] = attrs.field(factory=list)


def _of_origins(view: ReportView, told: Collection[str], at: datetime) -> Iterator[Alert]:
    """One alert for an article, whatever it is a new origin of. Claims are left out: their roots are mostly
    articles whose source was merely told in other words."""
    roots: dict[str, _Root] = {}
    for thread in (view.overview, *view.threads):
        if thread is None or thread.kind == "claim":
            continue
        for origin in thread.origins:
            key = record_id(NEW_ORIGIN, thread.slug, origin.citation.article)
            if key not in told:
                root = roots.setdefault(origin.citation.article, _Root(origin))
                root.keys.append(key)
                root.subjects.append(_named(thread))
    for root in roots.values():
        citation = root.view.citation
        yield Alert(
            key=root.keys[0],
            covers=tuple(root.keys[1:]),
            kind=NEW_ORIGIN,
            severity=1,
            fired_at=at,
            title=one_line(f"New origin: {citation.outlet}, {citation.title}"),
            why=f"an article that was no origin before is one now, of {'; '.join(root.subjects)}",
            summary=one_line(
                f"No other collected article is recognised as the source of “{citation.title}”. "
                f"With what goes back to it, it makes up {counted(root.view.articles, 'article')}."
            ),
            diff=(),
            places=(_place("Origin", citation),),
        )


def _named(thread: Thread) -> str:
    return "the study's coverage" if thread.kind == "study" else one_line(f"the quote `{thread.slug}`")


# --- Variants ---------------------------------------------------------------------------------------------


@attrs.frozen
class _Print:
    """One print of a quote in other words than the reference's."""

    thread: Thread
    row: Row


def _variants(threads: Sequence[Thread]) -> dict[str, list[_Print]]:
    """By key, the prints of each wording that is not the reference's, the earliest first.

    Words left out at the edges are no variant: no print claims to give them.
    """
    found: dict[str, list[_Print]] = {}
    for thread in threads:
        for row in thread.rows if thread.kind == "quote" else ():
            if row.form in SPOKEN and _differs(row):
                printed = " ".join(piece.text for piece in row.diff if piece.op in ("same", "added"))
                key = record_id(NEW_VARIANT, thread.slug, words_digest(printed))
                found.setdefault(key, []).append(_Print(thread, row))
    return found


def _differs(row: Row) -> bool:
    """A shortened print differs by what it leaves out between words that it gives: `[T]he` is a cut at the edge."""
    if row.verdict in ("verbatim", "trimmed"):
        kept = [at for at, piece in enumerate(row.diff) if piece.op == "same"]
        return any(piece.op == "removed" for piece in row.diff[kept[0] : kept[-1]]) if kept else False
    return any(piece.op in ("removed", "added") for piece in row.diff)


def _covered(findings: Sequence[FindingView], variants: Mapping[str, Sequence[_Print]]) -> dict[str, set[str]]:
    """By finding, the variants that it is about: told with it, or put aside with it."""
    places: dict[tuple[str, str, int], set[str]] = {}
    for found in findings:
        for proof in found.proofs:
            at = (found.subject, proof.citation.article, proof.excerpt.start)
            places.setdefault(at, set()).add(found.id)
    covered: dict[str, set[str]] = {}
    for key, prints in variants.items():
        for shown in prints:
            start = shown.row.excerpt.start if shown.row.excerpt else -1
            for finding in places.get((shown.thread.slug, shown.row.citation.article, start), ()):
                covered.setdefault(finding, set()).add(key)
    return covered


def _of_variants(variants: Mapping[str, Sequence[_Print]], at: datetime) -> Iterator[Alert]:
    for key, prints in variants.items():
        first = prints[0]
        outlets = list(dict.fromkeys(shown.row.citation.outlet for shown in prints))
        yield Alert(
            key=key,
            covers=(),
            kind=NEW_VARIANT,
            severity=1,
            fired_at=at,
            title=one_line(f"New variant of a quote: {outlets[0]}"),
            why=f"a wording of the quote `{first.thread.slug}` that was not seen before ({first.row.label})",
            summary=one_line(f"Printed in {', '.join(outlets)}. No rule has a finding about it."),
            diff=_diff(first.row.diff),
            places=tuple(
                _place("As printed", shown.row.citation, shown.row.excerpt.exact if shown.row.excerpt else "")
                for shown in prints
            ),
        )


# --- Saved searches ---------------------------------------------------------------------------------------


def _of_searches(answers: Answers, told: Collection[str], at: datetime) -> Iterator[Alert]:
    """One alert for a search, whatever new articles answer it."""
    for search, articles in answers:
        keys = {record_id(NEW_ANSWER, search.slug, search.query, url): url for url in sorted(articles)}
        fresh = [key for key in keys if key not in told]
        if not fresh:
            continue
        first = [articles[keys[key]][0] for key in fresh]
        yield Alert(
            key=fresh[0],
            covers=tuple(fresh[1:]),
            kind=NEW_ANSWER,
            severity=1,
            fired_at=at,
            title=one_line(f"New for the search {search.slug}: {', '.join(dict.fromkeys(p.source for p in first))}"),
            why=one_line(f"the saved search `{search.slug}` ({search.query}) found what it did not find before"),
            summary=f"{counted(len(fresh), 'article')} not told for this search before.",
            diff=(),
            places=tuple(
                Place(
                    label="As printed",
                    outlet=one_line(place.source),
                    title=one_line(place.title or ""),
                    url=one_line(place.url),
                    exact=_cut(one_line(place.exact)),
                    capture=place.snapshot,
                )
                for place in first[:MOST_PLACES]
            ),
        )
