"""The stages of a build: what each takes, the tools it consults, what it makes. Pure but for loading models."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kb import align, extract, quantities, quotes, segment
from kb import credits as credit_lines
from kb.archive import Archive
from kb.claims import Study
from kb.coverage import PARSED_LANGUAGES
from kb.embed import Embedder, SentenceTransformerEmbedder
from kb.entail import EntailmentModel, Stances
from kb.executor import Derived, Item
from kb.parse import Parser
from kb.reader import Worded
from kb.records import Embedding, Evidence, Extraction, Snapshot, Text, Tool
from kb.rejected import Rejected
from kb.text import words_digest

if TYPE_CHECKING:
    from kb.workspace import Workspace

EMBED_PORTION = 256
"""Wordings embedded and committed at once: a kill costs at most these."""

NEAR_CLAIM = 0.45
"""Cosine from which a passage is held against a claim. Low: MiniLM places unrelated news sentences under .3."""


class ExtractStage:
    """Snapshot and its bytes -> Article, Text, Extraction."""

    name = "extract"
    parallel = True
    distributed = True
    graphics = False
    limited = True

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    @property
    def tool(self) -> Tool:
        return extract.TOOL

    @property
    def makes(self) -> Mapping[str, Tool]:
        return {"extractions": extract.TOOL}

    def pending(self, workspace: "Workspace") -> list[str]:
        return workspace.store.pending(Snapshot, self.name, self.tool.id)

    def items(self, workspace: "Workspace", keys: Sequence[str]) -> Iterator[Item]:
        return (Item(snapshot.id, snapshot) for snapshot in workspace.store.load(Snapshot, keys))

    def run(self, payload: Snapshot) -> Derived | Rejected:
        made = extract.extract(payload, self._archive.body(payload), payload.source or _host(payload))
        return made if isinstance(made, Rejected) else Derived(made)


class AnnotateStage:
    """Text -> Passages, Quotes, Quantities, from one parse."""

    name = "annotate"
    parallel = True
    distributed = True
    graphics = False
    limited = True

    def __init__(self, spacy_model: str) -> None:
        self._parser = Parser(spacy_model)

    def load(self) -> None:
        """So that no text is charged for it."""
        self._parser.load()

    @cached_property
    def makes(self) -> Mapping[str, Tool]:
        parser = self._parser.tool
        return {"passages": segment.TOOL, "quotes": quotes.tool(parser), "quantities": quantities.tool(parser)}

    @cached_property
    def tool(self) -> Tool:
        return _composite(self.name, self.makes)

    def pending(self, workspace: "Workspace") -> list[str]:
        return workspace.store.pending(Text, self.name, self.tool.id)

    def items(self, workspace: "Workspace", keys: Sequence[str]) -> Iterator[Item]:
        return (Item(text.id, text) for text in workspace.store.load(Text, keys))

    def run(self, payload: Text) -> Derived:
        doc = self._parser.parse(payload.text)
        sentences = ((sentence.start_char, sentence.end_char) for sentence in doc.sents)
        passages = segment.passages(payload.id, payload.text, sentences, self.makes["passages"])
        said = quotes.quotes(payload.id, payload.text, doc, self.makes["quotes"])
        numbers = (
            quantities.quantities(payload.id, payload.text, doc, self.makes["quantities"])
            if payload.language in PARSED_LANGUAGES
            else []
        )
        wordings = {passage.words_sha256: payload.text[passage.start : passage.end] for passage in passages}
        wordings |= {quote.words_sha256: quote.wording(payload.text) for quote in said}
        return Derived((*passages, *said, *numbers), wordings)


class CreditStage:
    """Extraction and its text -> Credits."""

    name = "credits"
    parallel = False
    distributed = False
    graphics = False
    limited = True
    tool = credit_lines.TOOL
    makes: Mapping[str, Tool] = {"credits": credit_lines.TOOL}

    def pending(self, workspace: "Workspace") -> list[str]:
        return workspace.store.pending(Extraction, self.name, self.tool.id)

    def items(self, workspace: "Workspace", keys: Sequence[str]) -> Iterator[Item]:
        for extraction in workspace.store.load(Extraction, keys):
            for text in workspace.store.load(Text, [extraction.text]):
                yield Item(extraction.id, (extraction, text))

    def run(self, payload: tuple[Extraction, Text]) -> Derived:
        extraction, text = payload
        return Derived(tuple(credit_lines.credits(text.id, text.text, extraction.links, self.tool)))


class EmbedStage:
    """Wordings -> Embeddings. The vector is the outcome: no other is kept, for there are very many."""

    name = "embed"
    parallel = False  # its library uses every core by itself
    distributed = True
    limited = False

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.graphics = isinstance(embedder, SentenceTransformerEmbedder)

    @property
    def tool(self) -> Tool:
        return self._embedder.tool

    @property
    def makes(self) -> Mapping[str, Tool]:
        return {"embeddings": self.tool}

    def pending(self, workspace: "Workspace") -> list[str]:
        # Portions are cut anew each time: how one of an earlier build went says nothing about these.
        workspace.store.forget(self.name, ())
        embedded, _ = workspace.reader.vectors(workspace.study_wordings, self.tool.id)
        own = [key for key in workspace.study_wordings if key not in embedded]
        return list(dict.fromkeys([*workspace.store.pending_wordings(self.tool.id), *own]))

    def items(self, workspace: "Workspace", keys: Sequence[str]) -> Iterator[Item]:
        for start in range(0, len(keys), EMBED_PORTION):
            portion = keys[start : start + EMBED_PORTION]
            held = workspace.reader.wordings(portion)
            words = {**workspace.study_wordings, **held}
            yield Item(f"wordings:{portion[0][:32]}", [(key, words[key], key in held) for key in portion])

    def run(self, payload: Sequence[tuple[str, str, bool]]) -> Derived:
        """`payload`: digests and wordings, and whether the record store has the wording already."""
        vectors = self._embedder.encode([wording for _, wording, _ in payload])
        records = (
            Embedding(words_sha256=key, tool=self.tool.id, vector=vector)
            for (key, _, _), vector in zip(payload, vectors, strict=True)
        )
        return Derived(tuple(records), {key: wording for key, wording, held in payload if not held})


class PairStage:
    """A text's wordings against the study's reference quotes and claims -> Alignments, Evidence."""

    name = "pair"
    parallel = False
    distributed = False
    graphics = False
    limited = False

    def __init__(self, study: Study, consults: Mapping[str, Tool], entailment: EntailmentModel) -> None:
        """`consults`: the tools of the `passages`, `quotes` and `embeddings` that a text is paired by; its own
        id does not change with them.
        """
        self._study = study
        self._consults = consults
        self._embed_tool = consults["embeddings"]
        self._entailment = entailment
        self._own: Mapping[str, Any] = {}

    @cached_property
    def makes(self) -> Mapping[str, Tool]:
        return {"alignments": align.tool(self._study), "evidence": self._claims_tool}

    @cached_property
    def _claims_tool(self) -> Tool:
        claims = words_digest(" ".join(f"{claim.slug} {claim.text}" for claim in self._study.claims))
        return Tool(
            name="evidence",
            version=self._entailment.tool.version,
            params={"model": self._entailment.tool.id, "claims": claims, "near": NEAR_CLAIM, "keeps": "supports"},
        )

    @cached_property
    def tool(self) -> Tool:
        return _composite(self.name, {**self.makes, **self._consults})

    def pending(self, workspace: "Workspace") -> list[str]:
        return workspace.store.pending(Text, self.name, self.tool.id)

    def items(self, workspace: "Workspace", keys: Sequence[str]) -> Iterator[Item]:
        own, vectors = workspace.reader.vectors(workspace.study_wordings, self._embed_tool.id)
        self._own = dict(zip(own, vectors, strict=True))
        for key in keys:
            worded = workspace.reader.worded(key, self._embed_tool.id)
            if all(wording.vector is not None for wording in worded):  # else it waits until embedding succeeds
                yield Item(key, worded)

    def run(self, payload: Sequence[Worded]) -> Derived:
        quoted = [worded for worded in payload if worded.quoted]
        told = [worded for worded in payload if not worded.quoted]
        return Derived((*self._alignments(quoted), *self._evidence(told)))

    def _similarity(self, worded: Worded, own: str) -> float:
        vector = self._own.get(words_digest(own))
        return 0.0 if vector is None or worded.vector is None else float(vector @ worded.vector)

    def _alignments(self, quoted: Sequence[Worded]) -> Iterator[Any]:
        for worded in quoted:
            similarity = {quote.slug: self._similarity(worded, quote.text) for quote in self._study.quotes}
            yield from align.alignments(
                self._study, worded.words_sha256, worded.wording, self.makes["alignments"], similarity
            )

    def _evidence(self, told: Sequence[Worded]) -> Iterator[Evidence]:
        for claim in self._study.claims:
            near = [worded for worded in told if self._similarity(worded, claim.text) >= NEAR_CLAIM]
            scores = self._entailment.score([(worded.wording, claim.text) for worded in near])
            for worded, stances in zip(near, scores, strict=True):
                if states(stances):
                    yield Evidence(
                        claim=claim.slug,
                        words_sha256=worded.words_sha256,
                        tool=self._claims_tool.id,
                        stance=stances.stance,
                        probability=stances.supports,
                    )


def states(stances: Stances) -> bool:
    """Whether a passage counts as evidence: where it supports a claim.

    Refutations are left to the rules of `retold check`. A study gives one measure under several conditions,
    and a passage on one of them looks like a refutation of the others: read by eye on the newsroom, 1 in 9
    was one (docs/entailment.md).
    """
    return stances.stance == "supports"


def _host(snapshot: Snapshot) -> str:
    """Stands for the source where claims.yaml names none; a file without an address has none."""
    try:
        return (urlsplit(snapshot.final_url).hostname or snapshot.via).removeprefix("www.")
    except ValueError:
        return snapshot.via


def _composite(name: str, parts: Mapping[str, Tool]) -> Tool:
    return Tool(name=name, version="1", params={kind: tool.id for kind, tool in parts.items()})
