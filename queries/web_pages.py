"""The pages of the web UI that show and do not decide. Each takes the site and a request and gives an answer."""

from collections.abc import Sequence
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from kb.errors import BusyError, UserError
from kb.exclusive import at_work
from kb.occurrences import SHOWN
from kb.records import LEFT_OUT, Article
from queries import article as articles_
from queries import correction
from queries import outlet as outlets_
from queries.days import now
from queries.lookup import Question
from queries.picture import Picture
from queries.report import render_markdown
from queries.views import Row, Thread
from queries.web_site import NotHereError, Site, number_in, number_of, part, part_of

SHOWN_PLACES = 5
"""Places of a wording that a search shows before it folds the rest."""
FIELDS = {
    "kind": "What",
    "speaker": "Speaker",
    "source": "Outlet",
    "since": "From",
    "until": "Before",
    "verdict": "Against a quote of the study",
    "language": "Language",
    "mode hybrid": "Rank by meaning and words",
}
"""What the search form calls its filters."""
WORDINGS = 30
"""Wordings of a quote that its page shows whole."""


def overview(site: Site, request: Request) -> Response:
    """What the head of the report shows."""
    picture = site.picture()
    return site.keeping(request, picture, lambda: site.text("web/overview.html", picture))


def search(site: Site, request: Request) -> Response:
    """Results as the words are typed; with `part=results` those alone."""
    asked = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    query = asked.get("q", "")[:400]
    answer, problem = None, ""
    if query:
        try:
            answer = site.desk.search(_question(query, asked), now())
        except (UserError, BusyError) as error:
            problem = str(error)
    study = site.workspace.study
    values: dict[str, Any] = {
        "asked": asked,
        "query": query,
        "hits": answer.hits if answer else (),
        "empty": answer.empty if answer else False,
        "answered": answer is not None,
        "wider": answer.wider(lambda name: f"“{FIELDS.get(name, name)}”") if answer else "",
        "said": problem.replace("--", ""),
        "shown": SHOWN_PLACES,
        "study": study,
        "names": {source.slug: source.name for source in study.sources},
        "article_of": lambda place: Article(source=place.source, canonical_url=place.url).id,
    }
    picture = site.pictures.latest()
    name = "web/results.html" if asked.get("part") == "results" else "web/search.html"
    return site.page(name, picture, **values)


def _question(query: str, asked: dict[str, str]) -> Question:
    mode, kind, verdict = asked.get("mode", "hybrid"), asked.get("kind"), asked.get("verdict")
    if mode not in ("hybrid", "dense", "lexical"):
        raise UserError(f"there is no mode {mode!r}")
    return Question(
        query=query,
        k=min(50, number) if (number := number_in(asked.get("k", ""))) else 10,
        mode=mode,  # type: ignore[arg-type]  # checked above
        kind=kind if kind in ("passage", "quote", "claim") else None,
        speaker=asked.get("speaker"),
        source=asked.get("source"),
        since=asked.get("since"),
        until=asked.get("until"),
        language=asked.get("language"),
        verdict=verdict if verdict in ("verbatim", "trimmed", "altered", "merged") else None,
    )


def from_word(before: str) -> str:
    """What stands before a passage, without the word that it begins in the middle of."""
    cut, blank, rest = before.partition(" ")
    return f"… {rest}" if len(before) >= SHOWN and blank and cut else before


def to_word(after: str) -> str:
    """What stands behind a passage, without the word that it ends in the middle of."""
    rest, blank, _ = after.rpartition(" ")
    return f"{rest} …" if len(after) >= SHOWN and blank else after


def findings(site: Site, request: Request) -> Response:
    """All findings that nobody rejected, of one rule or of all."""
    picture = site.picture()
    rule = request.query_params.get("rule", "")
    report = picture.placed.report

    def made() -> str:
        shown = [found for found in report.findings if rule in ("", found.rule)]
        labels = {found.rule: found.label for found in report.findings}
        return site.text("web/findings.html", picture, part=part_of(request, shown), rule=rule, labels=labels)

    return site.keeping(request, picture, made)


@attrs.frozen(kw_only=True)
class Wording:
    """The prints of a quote that have the same words."""

    first: Row
    rows: tuple[Row, ...]


def quote(site: Site, request: Request) -> Response:
    """Every wording of a quote, its prints, its source tree."""
    return _thread(site, request, "quote")


def claim(site: Site, request: Request) -> Response:
    """What the coverage says of a claim."""
    return _thread(site, request, "claim")


def _thread(site: Site, request: Request, kind: str) -> Response:
    picture = site.picture()
    slug = request.path_params["slug"]
    thread = next((t for t in picture.placed.report.threads if (t.kind, t.slug) == (kind, slug)), None)
    if thread is None:
        raise NotHereError
    chosen: Thread = thread

    def made() -> str:
        wordings = _wordings(chosen.rows) if kind == "quote" else ()
        values = {"thread": chosen, "wordings": wordings[:WORDINGS], "further": len(wordings[WORDINGS:])}
        found = [each for each in picture.placed.report.findings if each.subject == slug]
        return site.text("web/thread.html", picture, part=part_of(request, chosen.rows), found=found, **values)

    return site.keeping(request, picture, made)


def _wordings(rows: Sequence[Row]) -> tuple[Wording, ...]:
    """The most printed first; of those, the earliest."""
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault((row.verdict, row.diff), []).append(row)
    made = [Wording(first=each[0], rows=tuple(each)) for each in groups.values()]
    return tuple(sorted(made, key=lambda wording: -len(wording.rows)))


def outlets(site: Site, request: Request) -> Response:
    picture = site.picture()
    return site.keeping(
        request,
        picture,
        lambda: site.text("web/outlets.html", picture, part=part_of(request, outlets_.listing(picture.placed), 100)),
    )


def outlet(site: Site, request: Request) -> Response:
    """An outlet's articles, findings and fidelity."""
    picture, slug = site.picture(), request.path_params["slug"]
    if slug not in picture.placed.by_source:
        raise NotHereError

    def made() -> str:
        view = outlets_.view(picture.placed, slug)
        part, asked = part_of(request, view.rows), _letter(picture, slug)
        to_ask = len(asked.requests) if asked else 0
        return site.text("web/outlet.html", picture, outlet=view, part=part, to_ask=to_ask)

    return site.keeping(request, picture, made)


def _letter(picture: Picture, slug: str) -> correction.CorrectionView | None:
    """The letter to an outlet; None where there is nothing to ask of it."""
    try:
        return correction.view(picture.placed, slug)
    except UserError:
        return None


def letter(site: Site, request: Request) -> Response:
    """The letter that asks an outlet for corrections, as Markdown to copy; nothing is sent."""
    picture, slug = site.picture(), request.path_params["slug"]
    asked = _letter(picture, slug)
    if asked is None:
        raise NotHereError
    text = render_markdown(asked)
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="letter-{_safe(slug)}.md"'})


def _safe(slug: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in slug)


def articles(site: Site, request: Request) -> Response:
    """All articles by time."""
    picture = site.picture()
    rows = picture.placed.report.overview.rows if picture.placed.report.overview else ()
    return site.keeping(request, picture, lambda: site.text("web/articles.html", picture, part=part_of(request, rows)))


def article(site: Site, request: Request) -> Response:
    """An article's text with its quotes and findings where they stand, and its revisions."""
    picture, key = site.picture(), request.path_params["key"]
    retelling = picture.articles.get(key)
    if retelling is None or key not in picture.placed.rows:
        raise NotHereError

    def made() -> str:
        view = articles_.view(picture.placed, retelling, picture.revisions.get(key, ()))
        return site.text("web/article.html", picture, article=view)

    return site.keeping(request, picture, made)


def crawl(site: Site, request: Request) -> Response:
    """What crawls looked at, kept, and left out and why; while one runs, how far it is."""
    reader, holder = site.workspace.reader, at_work(site.settings.data_dir)
    values: dict[str, Any] = {
        "holder": holder,
        "counts": reader.visit_counts(),
        "lately": reader.visit_counts(holder.since) if holder else {},
        "captures": site.workspace.store.count_snapshots(),
    }
    picture = site.pictures.latest()
    if request.query_params.get("part") == "progress":
        return site.page("web/progress.html", picture, **values)
    action = request.query_params.get("action", "")
    action = action if action in values["counts"] else ""
    page = number_of(request, "page")
    total = values["counts"].get(action, 0) if action else sum(values["counts"].values())
    visits = reader.visits(action or None, 50, 50 * (page - 1))
    values |= {"action": action, "visits": part(request, visits, page, total), "reasons": reader.reasons(LEFT_OUT, 15)}
    return site.page("web/crawl.html", picture, **values)
