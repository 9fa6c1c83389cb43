"""A small coverage as exports get it: three prints of a quote, one of them hostile in every field."""

from datetime import UTC, datetime

import attrs
from coverage_builders import NOON, Said, article, covering, passed, reference, speaker, study

from kb.claims import Claim, Document, Source
from kb.coverage import Coverage, Retelling
from kb.records import Judgement, Link, Tool
from queries.attribution import resolver
from queries.check import Finding, Rule
from queries.holdings import Holdings

AT = datetime(2026, 5, 2, 10, tzinfo=UTC)
HOSTILE = '=HYPERLINK("x")</script> {50% & _a^~\\} $x$ #1 \x1b[31m \u202etxt\ufffe\nsecond @misc{a, line'
SAID = "We were surprised by how consistently a short nap brought error rates back."
SHOCKED = "We were shocked by how consistently a short nap brought error rates back."

STUDY = attrs.evolve(
    study(
        [speaker("moreau", "Elise Moreau", affiliation="Heron Bay")],
        [reference("surprised", "moreau", SAID, source="https://harbour.example/naps")],
    ),
    documents=(
        Document(slug="paper", title="Naps & “errors”", url="https://papers.example/n", published_at=NOON.date()),
    ),
    claims=(Claim(slug="fell", text="Errors fell.", speaker=None, expect=(), caveats=(), document=None, exact=None),),
    sources=(
        Source(
            slug="harbour",
            name="Harbour <b>& Gazette",
            domains=("harbour.example",),
            kind="press",
            country=None,
            language=None,
            feeds=("https://harbour.example/rss?a=1&b=2", "https://search.example/{query}"),
        ),
    ),
    feeds=("https://all.example/feed",),
)


def print_of(url: str, words: str, who: str = "Elise Moreau", title: str = "Naps") -> Retelling:
    made = article(url, f"Nurses nap. “{words}” said {who}. Errors fell by 32 percent.", [Said(words, who, who)])
    # Offsets in code points: a normal form may have changed the words, but not here.
    return attrs.evolve(made, extraction=attrs.evolve(made.extraction, title=title, bylines=("Ann Wu",)))


HARBOUR = print_of("https://harbour.example/naps", SAID)
LEDGER = print_of("https://ledger.example/a|b", SHOCKED, title="‘Shocked’ doctors")
LOUD = print_of("https://loud.example/n", f"{SHOCKED} {HOSTILE}", "Tom <i>Beck", HOSTILE)
LOUD = attrs.evolve(
    LOUD,
    article=attrs.evolve(LOUD.article, canonical_url='javascript:alert("x")'),
    source=attrs.evolve(LOUD.source, name=HOSTILE),
    extraction=attrs.evolve(
        LOUD.extraction, bylines=("Barnes and Noble, {Inc", "-1+cmd"), links=(Link(url="x", anchor="y", span=None),)
    ),
)
COVERAGE = covering(STUDY, HARBOUR, LEDGER, LOUD)


def finding(number: int, **changes: object) -> Finding:
    plain = Finding(
        id=f"finding:{number}",
        rule=Rule.ALTERED_QUOTE,
        severity=3,
        confidence=0.9,
        truth="settled",
        subject="surprised",
        summary="“surprised” became “shocked”.",
        expected=SAID,
        observed=SHOCKED,
        edits=(),
        evidence=(passed("observed", LEDGER, SHOCKED), passed("expected", HARBOUR, SAID)),
        tools=(),
    )
    return attrs.evolve(plain, **changes)  # type: ignore[arg-type]


def judgement(subject: str, verdict: str) -> Judgement:
    return Judgement(subject=subject, verdict=verdict, user="ana <x>", made_at=NOON, note="", withdrawn_at=None)  # type: ignore[arg-type]


def held(*findings: Finding, coverage: Coverage = COVERAGE, judged: tuple[Judgement, ...] = ()) -> Holdings:
    return Holdings(
        coverage=coverage,
        findings=findings,
        judged={each.subject: each for each in judged},
        resolve=resolver(coverage.study),
        tools=(Tool(name="quotes", version="2", params={"a": 1}),),
        version="0.1.0",
        at=AT,
    )


NOTHING = held(coverage=covering(attrs.evolve(study(), title=HOSTILE)))
"""No study data, no articles."""
