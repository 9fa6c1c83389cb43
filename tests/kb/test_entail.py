import pytest
from tinymodels import tiny_cross_encoder

from kb.entail import CrossEncoderEntailment, EntailmentModel, LexicalEntailment, _columns
from kb.entail_network import EmbeddedEntailment
from kb.errors import UserError

PAIRS = [
    ("The team tested seven boats in the harbour.", "The team tested seven boats in the harbour."),
    ("The team tested seven boats in the harbour.", "The team tested nine boats in the harbour."),
    ("The mayor opened a library.", "Eels are moving upstream."),
]


@pytest.fixture(scope="module", params=["embedded", "lexical", "cross-encoder"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EntailmentModel:
    if request.param == "embedded":
        return EmbeddedEntailment()
    if request.param == "lexical":
        return LexicalEntailment()
    return CrossEncoderEntailment(tiny_cross_encoder(tmp_path_factory.mktemp("model") / "tiny"))


def test_probabilities_add_up_to_one(model: EntailmentModel) -> None:
    for stances in model.score(PAIRS):
        assert stances.supports + stances.refutes + stances.neutral == pytest.approx(1.0, abs=1e-4)


def test_one_result_a_pair_in_order(model: EntailmentModel) -> None:
    alone = [model.score([pair])[0] for pair in PAIRS]
    together = model.score(PAIRS)
    assert [s.supports for s in together] == pytest.approx([s.supports for s in alone], abs=1e-4)


def test_no_pairs_give_no_results(model: EntailmentModel) -> None:
    assert model.score([]) == []


def test_the_tool_is_stable(model: EntailmentModel) -> None:
    assert model.tool.id == model.tool.id


@pytest.mark.parametrize(
    ("evidence", "claim", "stance"),
    [
        ("The team tested seven boats.", "The team tested seven boats.", "supports"),
        ("The team tested seven boats.", "The team tested nine boats.", "refutes"),
        ("The boats were not safe in the storm.", "The boats were safe in the storm.", "refutes"),
        ("Water levels rose in the harbour.", "Water levels fell in the harbour.", "neutral"),
        ("Prices may rise in the harbour.", "Prices rise in the harbour.", "neutral"),
        ("The mayor opened a library.", "Eels are moving upstream.", "neutral"),
    ],
)
def test_lexical_stances(evidence: str, claim: str, stance: str) -> None:
    assert LexicalEntailment().score([(evidence, claim)])[0].stance == stance


def test_labels_are_found_by_name() -> None:
    assert _columns("m", {0: "ENTAILMENT", 1: "NEUTRAL", 2: "CONTRADICTION"}) == {
        "supports": 0,
        "neutral": 1,
        "refutes": 2,
    }


def test_nameless_labels_are_refused() -> None:
    with pytest.raises(UserError, match="LABEL_0"):
        _columns("m", {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"})
