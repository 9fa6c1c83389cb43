"""A made-up study and its coverage: six articles, two quotes, a claim, three findings, one hostile page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from coverage_builders import passed, span

from kb.claims import Claim, Document, Expectation, ReferenceQuote, Source, Speaker, Study
from kb.coverage import Coverage, Retelling
from kb.records import (
    Article,
    Edit,
    Evidence,
    Extraction,
    Passage,
    Precision,
    Snapshot,
    Text,
    Tool,
    Verdict,
    sha256,
)
from kb.text import normalise, words_digest
from queries.check import Finding, Rule
from queries.findings import Decided
from queries.report import ReportView, Tally, view
from queries.trace import Appearance, Origin, ProvenanceEdge, Trace, Why

HOSTILE = 'Naps <script>alert("x")</script> | **cure** [all](javascript:alert(1)) \x1b[31mred'
SURPRISED = "We were surprised by how consistently a short nap brought error rates back to daytime levels."
ROSTERS = "A nap is no cure for a bad roster."
SHOCKED = "We were shocked by how consistently a short nap wiped out error rates."

STUDY = Study(
    slug="night-naps",
    title="Short naps and errors on night wards",
    aliases=(),
    since=date(2026, 3, 1),
    until=date(2026, 4, 30),
    contact=None,
    documents=(
        Document(
            slug="paper",
            title="Scheduled naps and charting errors on sixteen night wards",
            url="https://papers.example.org/naps",
            published_at=date(2026, 3, 9),
        ),
        Document(slug="release", title="Press release", url="javascript:alert(1)", published_at=None),
    ),
    speakers=(
        Speaker(
            slug="marlow",
            name="Ines Marlow",
            aliases=("Dr Marlow",),
            affiliation="Heron Bay Hospital",
            role="lead author",
        ),
        Speaker(slug="okoro", name="Tobias Okoro", aliases=(), affiliation="Ward Nurses' Union", role=None),
    ),
    quotes=(
        ReferenceQuote(
            slug="surprised",
            speaker="marlow",
            text=SURPRISED,
            source="https://harbour.example.org/naps",
            tolerance="punctuation",
        ),
        ReferenceQuote(slug="rosters", speaker="okoro", text=ROSTERS, source=None, tolerance="punctuation"),
    ),
    claims=(
        Claim(
            slug="errors-fell",
            text="Charting errors fell by 23 percent on wards with a scheduled nap.",
            speaker=None,
            expect=(Expectation(value=23, high=None, of="percent", condition="with a scheduled nap"),),
            caveats=("Only night wards were studied.", "Errors were counted in charts, not in treatment."),
            document="paper",
            exact=None,
        ),
    ),
    sources=(),
    schedule=None,
    alerts=(),
)

BODIES = {
    "harbour": (
        "Nurses who nap for twenty minutes make fewer slips before dawn, a study of sixteen wards says. "
        f"“{SURPRISED}” said Ines Marlow of Heron Bay Hospital. "
        "Charting errors fell by 23 percent on wards with a scheduled nap. "
        "The wards chose their own nap times."
    ),
    "ledger": (
        "A nap a night keeps the errors away. "
        f"“{SHOCKED}” Marlow told the Harbour Gazette. "
        "Errors fell by 32 percent, the paper says. "
        "Hospitals are taking note."
    ),
    "wire": (
        "Short naps cut errors on night wards, researchers report. "
        "“We were surprised by how consistently a short nap brought error rates back,” said Dr Marlow. "
        f"Tobias Okoro of the nurses' union warned: “{ROSTERS}” "
        "Errors fell by 23 percent."
    ),
    "north": (
        "Naps on shift are the talk of the wards. "
        f"“{SHOCKED}” Marlowe was reported as saying. "
        "Managers did not comment."
    ),
    "echo": f"Read this. “{SURPRISED}” the doctor said. Click here to sleep better.",
    "valley": f"The union is not convinced. “{ROSTERS}” Okoro said on Friday.",
}

SOURCES = {
    "harbour": "Harbour Gazette",
    "ledger": "The Morning Ledger",
    "wire": "Unified Wire",
    "north": "North Country Evening Post and Advertiser",
    "echo": "Echo<b>Chamber</b>",
    "valley": "Valley Voice",
}


def retelling(  # noqa: PLR0917
    source: str,
    text: str,
    published: datetime | None,
    title: str | None = None,
    precision: Precision = "minute",
    url: str | None = None,
    name: str | None = None,
) -> Retelling:
    """An article with a passage for each sentence."""
    record = Text(text=normalise(text), language="en")
    address = url or f"https://{source}.example.org/naps"
    article = Article(source=source, canonical_url=address)
    snapshot = Snapshot(
        requested_url=address,
        fetched_at=datetime(2026, 4, 2, 8, 30, 5, tzinfo=UTC),
        body_sha256=sha256(f"{source} {text}".encode()),
        final_url=address,
        status=200,
        media_type="text/html",
        charset=None,
        etag=None,
        last_modified=None,
        warc="2026-04-02.warc.gz",
        offset=len(text) * 17,
        via="live",
        source=source,
    )
    extraction = Extraction(
        snapshot=snapshot.id,
        tool="tool:extract",
        article=article.id,
        text=record.id,
        title=title,
        bylines=(),
        published_at=published,
        published_precision=precision if published else "unknown",
        published_raw=None,
        modified_at=None,
        truncated=False,
        links=(),
    )
    return Retelling(
        article=article,
        source=Source(slug=source, name=name or SOURCES[source], domains=(), kind="press", country=None, language="en"),
        snapshot=snapshot,
        extraction=extraction,
        text=record,
        passages=tuple(passages(record)),
        quotes=(),
        quantities=(),
        credits=(),
    )


def passages(record: Text) -> list[Passage]:
    found, start = [], 0
    for ordinal, sentence in enumerate(record.text.split(". ")):
        found.append(
            Passage(
                text=record.id,
                start=start,
                end=start + len(sentence) + 1,
                tool="tool:segment",
                ordinal=ordinal,
                words_sha256=words_digest(sentence),
            )
        )
        start += len(sentence) + 2
    return found


HARBOUR = retelling(
    "harbour", BODIES["harbour"], datetime(2026, 3, 10, 9, 0, tzinfo=UTC), "Twenty minutes that steady the night shift"
)
WIRE = retelling("wire", BODIES["wire"], datetime(2026, 3, 10, 11, 40, tzinfo=UTC), "Short naps cut night-ward errors")
LEDGER = retelling(
    "ledger", BODIES["ledger"], datetime(2026, 3, 11, 6, 15, tzinfo=UTC), "‘Shocked’ doctors: naps WIPE OUT errors"
)
NORTH = retelling("north", BODIES["north"], datetime(2026, 3, 12, tzinfo=UTC), "Sleep on it, say wards", "day")
ECHO = retelling(
    "echo", BODIES["echo"], datetime(2026, 3, 19, 22, 5, tzinfo=UTC), HOSTILE, url='javascript:alert("echo")'
)
VALLEY = retelling("valley", BODIES["valley"], None, "Union cool on naps")
ARTICLES = (HARBOUR, WIRE, LEDGER, NORTH, ECHO, VALLEY)

ERRORS_FELL = words_digest("Charting errors fell by 23 percent on wards with a scheduled nap")
COVERAGE = Coverage(
    study=STUDY,
    retellings=ARTICLES,
    alignments={},
    evidence={
        ERRORS_FELL: (
            Evidence(
                claim="errors-fell", words_sha256=ERRORS_FELL, tool="tool:entail", stance="supports", probability=0.97
            ),
        )
    },
)


def appearance(article: Retelling, words: str | None, verdict: Verdict | None, origin: str = "o1") -> Appearance:
    return Appearance(retelling=article, span=span(article, words) if words else None, verdict=verdict, origin=origin)


def edge(child: Retelling, parent: Retelling, *why: Why, confidence: float = 0.9) -> ProvenanceEdge:
    return ProvenanceEdge(
        child=child.article.id, parent=parent.article.id, relation="quoted-from", confidence=confidence, why=why
    )


FINDINGS = (
    Finding(
        id="finding:2",
        rule=Rule.NUMBER_CONFLICT,
        severity=2,
        confidence=0.8,
        truth="unsettled",
        subject="errors-fell",
        summary="The Harbour Gazette says 23 percent, The Morning Ledger 32 percent.",
        expected="23 percent",
        observed="32 percent",
        edits=(),
        evidence=(
            passed("observed", LEDGER, "32 percent"),
            passed("expected", HARBOUR, "23 percent"),
        ),
        tools=("tool:check",),
    ),
    Finding(
        id="finding:1",
        rule=Rule.ALTERED_QUOTE,
        severity=3,
        confidence=0.94,
        truth="settled",
        subject="surprised",
        summary="The Morning Ledger changes words inside the quotation marks; North Country Evening Post repeats it.",
        expected=SURPRISED,
        observed=SHOCKED,
        edits=(
            Edit("replace", "surprised", "shocked"),
            Edit("replace", "brought", "wiped out"),
            Edit("delete", "back to daytime levels", ""),
        ),
        evidence=(
            passed("observed", LEDGER, SHOCKED),
            passed("observed", NORTH, SHOCKED),
            passed("expected", HARBOUR, SURPRISED),
        ),
        tools=("tool:check",),
    ),
    Finding(
        id="finding:3",
        rule=Rule.MISSPELT_NAME,
        severity=1,
        confidence=0.71,
        truth="settled",
        subject="marlow",
        summary="“Marlowe” for Ines Marlow.",
        expected="Marlow",
        observed="Marlowe",
        edits=(Edit("replace", "Marlow", "Marlowe"),),
        evidence=(passed("observed", NORTH, "Marlowe"),),
        tools=("tool:check",),
    ),
)

_LEDGER_EDGE = edge(
    LEDGER,
    HARBOUR,
    Why(kind="credit", detail="“told the Harbour Gazette”"),
    Why(kind="link"),
    Why(kind="time", lag_s=76500),
)
_NORTH_EDGE = edge(
    NORTH,
    LEDGER,
    Why(kind="shared-alteration", detail="“shocked by” for “surprised by”"),
    Why(kind="shared-wording", score=0.83),
    confidence=0.86,
)
_ECHO_EDGE = edge(ECHO, HARBOUR, Why(kind="shared-wording", score=0.61), confidence=0.55)

QUOTE_TRACE = Trace(
    subject="surprised",
    first=appearance(HARBOUR, SURPRISED, "verbatim"),
    appearances=(
        appearance(HARBOUR, SURPRISED, "verbatim"),
        appearance(WIRE, "We were surprised by how consistently a short nap brought error rates back", "trimmed", "o2"),
        appearance(LEDGER, SHOCKED, "altered"),
        appearance(NORTH, SHOCKED, "altered"),
        appearance(ECHO, SURPRISED, "verbatim"),
    ),
    edges=(_LEDGER_EDGE, _NORTH_EDGE, _ECHO_EDGE),
    origins=(
        Origin(
            id="o1",
            root=HARBOUR.article.id,
            articles=(HARBOUR.article.id, LEDGER.article.id, NORTH.article.id, ECHO.article.id),
        ),
        Origin(id="o2", root=WIRE.article.id, articles=(WIRE.article.id,)),
    ),
    undetermined=("Whether Echo took it from the Harbour Gazette or from a copy: it credits nobody.",),
)
ROSTERS_TRACE = Trace(
    subject="rosters",
    first=None,
    appearances=(appearance(WIRE, ROSTERS, "verbatim"), appearance(VALLEY, ROSTERS, "verbatim", "o2")),
    edges=(),
    origins=(
        Origin(id="o1", root=WIRE.article.id, articles=(WIRE.article.id,)),
        Origin(id="o2", root=VALLEY.article.id, articles=(VALLEY.article.id,)),
    ),
    undetermined=("Which print was first: Valley Voice carries no date.",),
)
CLAIM_TRACE = Trace(
    subject="errors-fell",
    first=appearance(HARBOUR, "Charting errors fell by 23 percent on wards with a scheduled nap", None),
    appearances=(
        appearance(HARBOUR, "Charting errors fell by 23 percent on wards with a scheduled nap", None),
        appearance(WIRE, "Errors fell by 23 percent", None, "o2"),
        appearance(LEDGER, "Errors fell by 32 percent", None),
    ),
    edges=(_LEDGER_EDGE,),
    origins=(
        Origin(id="o1", root=HARBOUR.article.id, articles=(HARBOUR.article.id, LEDGER.article.id)),
        Origin(id="o2", root=WIRE.article.id, articles=(WIRE.article.id,)),
    ),
    undetermined=(),
)
STUDY_TRACE = Trace(
    subject="night-naps",
    first=appearance(HARBOUR, None, None),
    appearances=tuple(
        appearance(article, None, None, origin)
        for article, origin in zip(ARTICLES, ("o1", "o2", "o1", "o1", "o1", "o3"), strict=True)
    ),
    edges=(_LEDGER_EDGE, _NORTH_EDGE, _ECHO_EDGE),
    origins=(
        *QUOTE_TRACE.origins,
        Origin(id="o3", root=VALLEY.article.id, articles=(VALLEY.article.id,)),
    ),
    undetermined=("Valley Voice carries no date, so its place in the order is open.",),
)
TRACES = (STUDY_TRACE, QUOTE_TRACE, ROSTERS_TRACE, CLAIM_TRACE)

TALLY = Tally(
    captures=14,
    kept=7,
    rejected={"off-topic": 4, "list-page": 1, "http-error": 1},
    failed=1,
    first_capture=datetime(2026, 4, 2, 8, 30, 0, tzinfo=UTC),
    last_capture=datetime(2026, 4, 2, 8, 44, 9, tzinfo=UTC),
    dropped={"disallowed by robots.txt": 3},
)
TOOLS = (
    Tool(name="retold.quotes", version="0.1.0", params={"model": "en_core_web_sm 3.8.0"}),
    Tool(name="retold.check", version="0.1.0", params={"threshold": 0.8}),
)


def report(
    findings: Sequence[Finding] = FINDINGS, subject: str | None = None, status: Mapping[str, str] | None = None
) -> ReportView:
    return view(COVERAGE, Decided(findings, status or {}), TRACES, TALLY, TOOLS, subject)
