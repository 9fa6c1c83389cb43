"""The embedded network: what it is given, what it says, what it does with bad weights."""

from pathlib import Path

import pytest

from kb.entail_network import LONGEST, WEIGHTS, WEIGHTS_SHA256, EmbeddedEntailment, PairReader
from kb.errors import DigestError, UserError
from kb.minilm import embedded_folder

FILLER = "The committee met again in the old town hall, where little of interest was decided by anybody present. "


@pytest.fixture(scope="module")
def model() -> EmbeddedEntailment:
    return EmbeddedEntailment()


@pytest.fixture(scope="module")
def reader() -> PairReader:
    return PairReader(embedded_folder())


@pytest.mark.parametrize(
    ("evidence", "claim", "stance"),
    [
        ("The team tested seven boats in the harbour.", "The team tested seven boats.", "supports"),
        ("The team tested seven boats in the harbour.", "The team tested more than nine boats.", "refutes"),
        ("The bridge opened on 4 May 2011.", "The bridge opened before 2010.", "refutes"),
        ("The bridge opened on 4 May 2011.", "The bridge opened after 2010.", "supports"),
        ("The mayor opened a library on Monday.", "Eels are moving upstream.", "neutral"),
    ],
)
def test_plain_cases(model: EmbeddedEntailment, evidence: str, claim: str, stance: str) -> None:
    assert model.score([(evidence, claim)])[0].stance == stance


def test_results_do_not_depend_on_the_company(model: EmbeddedEntailment) -> None:
    pair = ("The team tested seven boats.", "The team tested nine boats.")
    [alone] = model.score([pair])
    crowd = model.score([(FILLER * 8, "A meeting."), pair, ("", ""), (FILLER, FILLER * 9)])
    assert crowd[1].refutes == pytest.approx(alone.refutes, abs=1e-5)


def test_of_long_evidence_the_nearest_sentence_is_read(reader: PairReader) -> None:
    fact = "The bridge opened on 4 May 2011."
    claim = "The bridge opened in May 2011."
    pieces, _, _ = reader.encode(FILLER * 10 + fact, claim)
    bridge = reader.encode(fact, claim)[0][2]
    assert len(pieces) <= LONGEST
    assert pieces.count(bridge) == 2


def test_a_pair_is_never_longer_than_what_is_read(reader: PairReader) -> None:
    for pair in ((FILLER * 50, FILLER * 50), ("word " * 900, "A claim."), ("Evidence.", "word " * 900)):
        assert all(len(part) <= LONGEST for part in reader.encode(*pair))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "entail.safetensors"
    wrong.write_bytes(b"x")
    with pytest.raises(DigestError):
        EmbeddedEntailment(wrong).score([("a", "b")])


def test_missing_weights_name_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ENTAILMENT_MODEL=lexical"):
        EmbeddedEntailment(tmp_path / "none").score([("a", "b")])


def test_nothing_is_loaded_before_the_first_pair(tmp_path: Path) -> None:
    assert EmbeddedEntailment(tmp_path / "none").score([]) == []


def test_the_tool_names_the_weights(model: EmbeddedEntailment) -> None:
    assert model.tool.params["weights"] == WEIGHTS_SHA256


def test_the_weights_are_small_and_licensed() -> None:
    assert WEIGHTS.stat().st_size <= 30_000_000
    assert "CC BY-SA" in (WEIGHTS.parent / "README.md").read_text("utf-8")
