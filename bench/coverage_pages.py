"""A study template and a seed -> a coverage: claims.yaml, articles for `retold add`, and what is true of each."""

import html
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from ruamel.yaml import YAML

from bench import placing
from bench.planting import Mark, Page, Plain, Writer, sample, whole

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
QUOTES = 3
"""Quotes of the study that a page has at least, edited or not."""
TASKS = 2
"""Planted edits that a page has at most."""
COUNTS = {"altered": 7, "cut": 3, "merged": 2, "twisted": 3, "wrong": 3, "over": 4, "caveat": 3, "silent": 2}
"""Planted edits of each kind in one coverage."""

Act = Callable[[Page], None]


@attrs.frozen(kw_only=True)
class Task:
    """Something to plant, and the quotes and claims that the page must not have otherwise."""

    act: Act
    needs: frozenset[str]
    bare: bool = False
    """Only for a page without any word of caution."""


@attrs.frozen(kw_only=True)
class Made:
    """One coverage."""

    name: str
    claims: Plain
    """claims.yaml."""
    pages: tuple[Page, ...]
    release: str
    """Address of the study's own page, which prints everything truly."""

    def url(self, page: Page) -> str:
        return f"https://{page.host}/2026/05/{self.name}"

    def write(self, folder: Path) -> None:
        """claims.yaml and articles.jsonl for `retold add`."""
        with (folder / "claims.yaml").open("w", encoding="utf-8") as file:
            YAML().dump(self.claims, file)
        lines = [json.dumps(entry, ensure_ascii=False) for entry in self._entries()]
        (folder / "articles.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _entries(self) -> Iterator[dict[str, str]]:
        for number, page in enumerate(self.pages):
            at = START + timedelta(hours=3 * number)
            url = self.release if number == 0 else self.url(page)
            for paragraphs in filter(None, (page.before, page.paragraphs)):
                body = "".join(f"<p>{html.escape(p, quote=False)}</p>\n" for p in paragraphs)
                head = f"<title>{html.escape(page.title)}</title><meta charset=utf-8>"
                shown = (
                    f"<!doctype html><html lang=en><head>{head}</head>"
                    f"<body><article><h1>{page.title}</h1>\n{body}</article></body></html>"
                )
                yield {"url": url, "title": page.title, "published_at": at.isoformat(), "html": shown}


def coverage(study: Plain, frame: Plain, seed: int, count: int = 24) -> Made:
    """So many pages of press about a study, and its own release before them."""
    writer = Writer(study, frame, seed)
    pages = [writer.page() for _ in range(count)]
    for page, outlet in zip(pages, sample(writer.rng, frame["outlets"], count), strict=True):
        page.outlet = outlet
    bare = _deal(pages, list(_tasks(writer)), writer.rng)
    _pairs(pages, study, writer.rng)
    for number, page in enumerate(pages):
        _fill(page, writer, number, bare=number in bare)
    release = _release(study)
    address = f"https://{release.host}/release"
    for page in pages:
        page.before = [_before(page, p) for p in page.paragraphs] if _edited(page) else None
    return Made(name=study["id"], claims=_claims(study, address, pages), pages=(release, *pages), release=address)


def _deal(pages: Sequence[Page], tasks: list[Task], rng: random.Random) -> set[int]:
    """Give each task to a page that has room for it; the numbers of the pages that must stay bare."""
    bare: set[int] = set()
    loads = [0] * len(pages)
    for task in sorted(tasks, key=lambda task: not task.bare):
        order = sorted(range(len(pages)), key=lambda at: (loads[at], rng.random()))
        free = [at for at in order if loads[at] < TASKS and not task.needs & pages[at].said and at not in bare]
        if free:
            task.act(pages[free[0]])
            loads[free[0]] += 1
            if task.bare:
                bare.add(free[0])
    return bare


def _tasks(writer: Writer) -> Iterator[Task]:
    study, rng = writer.study, writer.rng
    bad = [(q, k, words) for q in study["quotes"] for k, all_ in q.get("bad", {}).items() for words in all_]
    for quote, kind, words in sample(rng, bad, COUNTS["altered"]):
        yield _quoted(writer, quote, words, "altered-quote", kind)
    cuts = [(q, words) for q in study["quotes"] for words in q.get("cut", ())]
    for quote, words in sample(rng, cuts, min(len(cuts), COUNTS["cut"])):
        yield _quoted(writer, quote, words, "truncated-quote", "cut")
    for merge in sample(rng, study["merges"], COUNTS["merged"]):
        ids = frozenset(q["id"] for q in study["quotes"] if q["by"] == merge["by"])
        yield Task(act=partial(_merged, writer, merge, ids), needs=ids)
    twisted = [q for q in study["quotes"] if "twisted" in q]
    for quote in sample(rng, twisted, COUNTS["twisted"]):
        words = quote["twisted"][0]
        mark = Mark(rule="unsupported-paraphrase", kind="twisted", words=words)
        yield Task(act=partial(writer.told, quote=quote, clause=words, mark=mark), needs=frozenset([quote["id"]]))
    yield from _names(writer)
    yield from (Task(act=act, needs=needs) for act, needs in placing.acts(writer))
    yield from _facts(writer)


def _quoted(writer: Writer, quote: Plain, words: str, rule: str, kind: str) -> Task:
    mark = Mark(rule=rule, kind=kind, words=words.rstrip("."), quote=True)
    return Task(act=partial(writer.quote, quote=quote, words=words, mark=mark), needs=frozenset([quote["id"]]))


def _merged(writer: Writer, merge: Plain, ids: frozenset[str], page: Page) -> None:
    mark = Mark(rule="merged-quote", kind="merged", words=merge["text"].rstrip("."), quote=True)
    writer.quote(page, {"id": "merge", "by": merge["by"]}, merge["text"], mark)
    page.said |= ids


def _names(writer: Writer) -> Iterator[Task]:
    """Quotes given to others, and names with slips."""
    study, rng = writer.study, writer.rng
    wrong = [("person", other["name"] + ", " + other["role"]) for other in study["others"]]
    wrong += [("person", speaker["name"]) for speaker in study["speakers"].values()]
    wrong += [("group", ""), ("team", "")]
    if "machine" in study:
        wrong.append(("machine", study["machine"]))
    for kind, name in sample(rng, wrong, 5):
        fits = [q for q in study["quotes"] if study["speakers"][q["by"]]["name"] != name]
        fits = [q for q in fits if kind != "team" or q["by"] == "outside"] or fits
        quote = rng.choice(fits)
        yield Task(act=partial(writer.given_to, quote=quote, kind=kind, name=name), needs=frozenset([quote["id"]]))
    for quote in sample(rng, study["quotes"], 3):
        needs = frozenset([quote["id"], study["speakers"][quote["by"]]["name"]])
        yield Task(act=partial(writer.misspelt, quote=quote), needs=needs)
    for spec in [study["foreign"]]:
        ids = frozenset(q["id"] for q in study["quotes"] if q["by"] == spec["by"])
        yield Task(act=partial(writer.foreign, spec=spec), needs=ids | {study["speakers"][spec["by"]]["name"]})


def _facts(writer: Writer) -> Iterator[Task]:
    """Numbers, overstatements, dropped caveats and edits between two captures."""
    study, rng = writer.study, writer.rng
    claims = study["claims"]
    for claim, words in sample(rng, [(c, w) for c in claims for w in c.get("wrong", ())], COUNTS["wrong"]):
        yield _stated(writer, claim, words, Mark(rule="number-conflict", kind="number", words=words))
    over = [(c, k, w) for c in claims for k, all_ in c.get("over", {}).items() for w in all_]
    for claim, kind, words in sample(rng, over, COUNTS["over"]):
        yield _stated(writer, claim, words, Mark(rule="overstated", kind=kind, words=words))
    for claim in sample(rng, [c for c in claims if "caveats" in c], COUNTS["caveat"]):
        words = rng.choice(claim["right"])
        mark = Mark(rule="caveat-dropped", kind="caveat", words=words)
        yield Task(act=partial(_say, claim, words, mark), needs=frozenset([claim["id"]]), bare=True)
    for edit in sample(rng, study["edits"], COUNTS["silent"]):
        mark = Mark(rule="silent-edit", kind="silent", words=edit["after"])
        yield Task(act=partial(_edit, edit, mark, ""), needs=frozenset(["revision"]))
    note = "Correction: An earlier version of this article misstated one sentence; it has been changed."
    mark = Mark(rule="", kind="marked correction", words=study["edits"][0]["after"])
    yield Task(act=partial(_edit, study["edits"][0], mark, note), needs=frozenset(["revision"]))
    for edit in study["quiet"]:
        mark = Mark(rule="", kind="quiet edit", words=edit["after"])
        yield Task(act=partial(_edit, edit, mark, ""), needs=frozenset(["revision"]))


def _stated(writer: Writer, claim: Plain, words: str, mark: Mark) -> Task:
    def act(page: Page) -> None:
        _say(claim, words, mark, page)
        if "kept" in claim:
            _keep(claim, writer.rng, page)

    return Task(act=act, needs=frozenset([claim["id"]]))


def _say(claim: Plain, words: str, mark: Mark, page: Page) -> None:
    page.said.add(claim["id"])
    page.add(words, mark)


def _keep(claim: Plain, rng: random.Random, page: Page) -> None:
    words = rng.choice(claim["kept"])
    page.paragraphs[-1] += " " + words
    page.marks.append(Mark(rule="", kind="caveat kept", words=words))


def _edit(edit: Plain, mark: Mark, note: str, page: Page) -> None:
    page.add(edit["after"], mark)
    page.said |= {"revision", "edit:" + edit["before"]}
    if note:
        page.add(note)


def _edited(page: Page) -> bool:
    return any(entry.startswith("edit:") for entry in page.said)


def _before(page: Page, paragraph: str) -> str:
    """The paragraph as an earlier capture had it; a correction's note was not there yet."""
    if paragraph.startswith("Correction:"):
        return "More on this in the next days."
    marks = [m for m in page.marks if m.words == paragraph]
    edits = [entry.removeprefix("edit:") for entry in page.said if entry.startswith("edit:")]
    changed = [m for m in marks if m.kind in ("silent", "marked correction", "quiet edit")]
    if not changed:
        return paragraph
    return max(edits, key=lambda old: len(set(old.split()) & set(paragraph.split())))


def _pairs(pages: Sequence[Page], study: Plain, rng: random.Random) -> None:
    """Sentences on which outlets contradict each other, and pairs that only look like it."""
    for pair in study["disputes"]:
        first, second, third = rng.sample(list(pages), 3)
        for page in (first, second):
            page.add(pair["one"], Mark(rule="contradiction", kind="side", words=pair["one"]))
        third.add(pair["other"], Mark(rule="contradiction", kind="contradiction", words=pair["other"]))
    for pair in study["agree"]:
        disputed = [text for dispute in study["disputes"] for text in dispute.values()]
        for page, words in zip(rng.sample(list(pages), 2), (pair["one"], pair["other"]), strict=True):
            if words not in disputed:
                page.add(words, Mark(rule="", kind="look-alike sentence", words=words))


def _fill(page: Page, writer: Writer, number: int, *, bare: bool) -> None:
    """Harmless quotes, true numbers and other people, until the page is an article."""
    study, rng = writer.study, writer.rng
    free = [q for q in study["quotes"] if q["id"] not in page.said and not (bare and q.get("careful"))]
    have = sum(mark.quote for mark in page.marks)
    for quote in rng.sample(free, min(len(free), max(1, QUOTES - have))):
        _harmless(page, writer, quote)
    if rng.random() < 0.35:
        version = rng.choice(["first", "second"])
        quote = {"id": "q-twice", "by": study["twice"]["by"]}
        words = study["twice"][version]
        writer.quote(page, quote, words, Mark(rule="", kind="two versions", words=words.rstrip("."), quote=True))
    if rng.random() < 0.6:
        other = rng.choice(study["others"])
        words = other["said"].rstrip(".")
        mark = Mark(rule="", kind="somebody else", words=words, quote=True)
        page.add(f"“{words},” said {other['name']}, {other['role']}.", mark)
    told = [q for q in study["quotes"] if q["id"] not in page.said and "told" in q]
    if told and rng.random() < 0.5 and not bare:
        quote = rng.choice(told)
        words = quote["told"][0]
        writer.told(page, quote, words, Mark(rule="", kind="fair report", words=words))
    if not bare and rng.random() < 0.6:
        claim = rng.choice([c for c in study["claims"] if c["id"] not in page.said] or study["claims"][:1])
        if claim["id"] not in page.said:
            words = rng.choice(claim["right"])
            _stated(writer, claim, words, Mark(rule="", kind="true claim", words=words)).act(page)
    words = rng.choice(study["numbers"])
    page.add(words, Mark(rule="", kind="other numbers", words=words))
    if number % 8 == 3:
        line = study["look_alike"]["line"]
        page.add(line, Mark(rule="", kind="similar name", words=study["look_alike"]["name"]))
    if number % 6 == 5:
        page.add("Updated on 9 May 2026.")
    page.add(rng.choice(writer.frame["filler"]))


def _harmless(page: Page, writer: Writer, quote: Plain) -> None:
    """A quote as it was, in two halves, in another spelling, or cut without harm."""
    ways = ["untouched", "untouched", "split", *(w for w in ("same", "trim") if quote.get(w))]
    way = writer.rng.choice(ways)
    if way == "split":
        writer.split(page, quote)
        return
    words = whole(quote) if way == "untouched" else writer.rng.choice(quote[way])
    writer.quote(page, quote, words, Mark(rule="", kind=way, words=words.rstrip("."), quote=True))


def _release(study: Plain) -> Page:
    """The study's own page."""
    page = Page(outlet=study["id"], title=study["title"])
    page.add(study["leads"][0])
    people = study["speakers"]
    twice = {"by": study["twice"]["by"], "text": study["twice"]["first"]}
    for quote in (*study["quotes"], twice):
        who = people[quote["by"]]
        page.add(f"“{whole(quote).rstrip('.')},” said {who['name']} of {who['aff']}.")
    for claim in study["claims"]:
        page.add(claim["exact"])
    return page


def _claims(study: Plain, release: str, pages: Sequence[Page]) -> dict[str, Any]:
    """claims.yaml of the coverage."""
    twice = study["twice"]
    quotes = [{"id": q["id"], "speaker": q["by"], "text": whole(q), "source": release} for q in study["quotes"]]
    quotes.append({"id": "q-twice-a", "speaker": twice["by"], "text": twice["first"], "source": release})
    quotes.append({"id": "q-twice-b", "speaker": twice["by"], "text": twice["second"]})
    kept = ("id", "text", "expect", "caveats", "exact")
    return {
        "version": 1,
        "contact": "desk@newsroom.example",
        "study": {
            "id": study["id"],
            "title": study["title"],
            "aliases": [study["alias"]],
            "documents": [{"id": "release", "title": study["title"], "url": release}],
        },
        "speakers": [
            {"id": key, "name": who["name"], "affiliation": who["aff"], "role": who["role"]}
            for key, who in study["speakers"].items()
        ],
        "quotes": [{**quote, "tolerance": "trim"} for quote in quotes],
        "claims": [{**{k: c[k] for k in kept if k in c}, "document": "release"} for c in study["claims"]],
        "sources": [
            {
                "id": "release",
                "name": study["title"][:20],
                "domains": [f"{study['id'].replace('-', '')}.example"],
                "kind": "primary",
            },
            *({"id": p.host.split(".")[0], "name": p.outlet, "domains": [p.host], "kind": "press"} for p in pages),
        ],
    }
