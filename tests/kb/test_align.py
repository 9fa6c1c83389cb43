import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.align import align, alignments, match, quoted, tool
from kb.claims import ReferenceQuote, Speaker, Study
from kb.records import Edit
from kb.sense import Cue
from kb.text import words_digest

TIDE = "We did not expect the tide to rise in seven harbours, but it may happen again if the wind turns."
ROOF = "I am very surprised by how quickly the old roof came down. Nobody was hurt."
BOATS = "The small boats behave like a herd of cattle, and the pilots simply follow them out to sea."


def study(*quotes: tuple[str, str, str]) -> Study:
    return Study(
        slug="tides",
        title="Tides",
        aliases=(),
        since=None,
        until=None,
        contact=None,
        documents=(),
        speakers=(
            Speaker(slug="ann", name="Ann Weller", aliases=(), affiliation=None, role=None),
            Speaker(slug="bo", name="Bo Lindt", aliases=(), affiliation=None, role=None),
        ),
        quotes=tuple(
            ReferenceQuote(slug=slug, speaker=speaker, text=text, source=None, tolerance="punctuation")
            for slug, speaker, text in quotes
        ),
        claims=(),
        sources=(),
        schedule=None,
        alerts=(),
    )


@pytest.mark.parametrize(
    ("reference", "wording"),
    [
        ("It is safe, she said to us all.", "it is safe she said to us all"),
        ("It's safe and they don't mind at all.", "It is safe and they do not mind at all."),
        ("The organisers favour grey colours in modelling.", "The organizers favor gray colors in modeling."),
        ("There were twenty-five per cent of seven boats.", "There were 25% of 7 boats."),
        ("The cost was 5 million dollars for the harbour.", "The cost was $5 million for the harbor."),
        ("The harbour was flooded again at noon.", "Тhe hаrbour wаs flооded аgаin аt nооn."),
        ("The harbour was, um, flooded again at noon.", "The harbour was flooded again at noon."),
        ("They built a sea wall around the harbour.", "They built a seawall around the harbour."),
        ("The council was slow to act on the harbour.", "[T]he council [of Eastport] was slow to act on the harbour."),
    ],
)
def test_takes_another_spelling_for_the_same_words(reference: str, wording: str) -> None:
    assert align(reference, wording).verdict == "verbatim"


def test_calls_a_part_trimmed_and_keeps_edge_cuts_apart() -> None:
    aligned = align(ROOF, "I am very surprised by how quickly the old roof came down.")
    assert (aligned.verdict, aligned.edits, aligned.cut_after) == ("trimmed", (), "Nobody was hurt")


def test_lays_a_part_in_one_piece() -> None:
    aligned = align("the models are the best of the models of the world", "of the world")
    assert (aligned.cut_before, aligned.edits) == ("the models are the best of the models", ())


def test_an_ellipsis_declares_a_cut() -> None:
    aligned = align(BOATS, "The small boats … follow them out to sea.")
    assert (aligned.verdict, aligned.edits) == ("trimmed", ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("did not expect", "did expect"),
        ("seven harbours", "nine harbours"),
        ("may happen", "will happen"),
        ("to rise", "to fall"),
    ],
)
def test_a_swapped_cue_changes_the_sense(before: str, after: str) -> None:
    assert align(TIDE, TIDE.replace(before, after)).sense_kept is False


def test_just_after_not_changes_the_sense() -> None:
    assert (
        align("A change of mind is not a weakness here.", "A change of mind is not just a weakness here.").sense_kept
        is False
    )


def test_a_swapped_content_word_leaves_the_sense_open() -> None:
    aligned = align(BOATS, BOATS.replace("behave", "act"))
    assert (aligned.verdict, aligned.sense_kept) == ("altered", None)


@pytest.mark.parametrize(("before", "after"), [("that the", "the"), ("recieve", "receive"), ("the boats", "boats")])
def test_small_words_and_typing_slips_keep_the_sense(before: str, after: str) -> None:
    reference = "We hope that the pilots recieve the boats in time for the race."
    assert align(reference, reference.replace(before, after)).sense_kept is True


def test_names_the_edit() -> None:
    assert align(BOATS, BOATS.replace("cattle", "sheep")).edits == (Edit("replace", "cattle", "sheep"),)


@pytest.mark.parametrize(
    ("wording", "lost"),
    [
        ("We did not expect the tide to rise in seven harbours", Cue.CONTRAST),
        ("the tide to rise in seven harbours, but it may happen again if the wind turns.", Cue.NEGATION),
        ("We did not expect the tide to rise in seven harbours, but it may happen again", Cue.CONDITION),
    ],
)
def test_sees_what_a_cut_took_from_the_sense(wording: str, lost: Cue) -> None:
    assert align(TIDE, wording).lost == (lost,)


@pytest.mark.parametrize(
    "wording",
    [
        "Nobody was hurt.",
        "I am very surprised by how quickly the old roof came down",
        "how quickly the old roof came down",
    ],
)
def test_a_harmless_cut_loses_nothing(wording: str) -> None:
    assert align(ROOF, wording).lost == ()


def test_matches_the_reference_that_is_printed() -> None:
    found = match(study(("tide", "ann", TIDE), ("roof", "ann", ROOF)), ROOF)
    assert [m.reference.slug for m in found] == ["roof"]


def test_another_remark_on_the_same_topic_matches_nothing() -> None:
    assert (
        match(study(("roof", "ann", ROOF)), "The roof was old, and I am not surprised that it leaked for years.") == []
    )


def test_a_turn_of_phrase_matches_nothing() -> None:
    assert match(study(("boats", "ann", BOATS)), "Cats behave like a herd of goats when it rains in the town.") == []


def test_parts_of_two_remarks_in_one_sentence_are_merged() -> None:
    merged = "I am very surprised by how quickly the old roof came down and the pilots simply follow them out to sea."
    found = match(study(("roof", "ann", ROOF), ("boats", "ann", BOATS)), merged)
    assert {m.reference.slug: m.aligned.verdict for m in found} == {"roof": "merged", "boats": "merged"}


def test_a_clause_of_four_words_put_into_another_remark_is_merged() -> None:
    tests = "We tried one valley and I would not promise it to anybody else."
    merged = "I am very surprised by how quickly the old roof came down, we tried one valley."
    found = match(study(("roof", "ann", ROOF), ("tests", "ann", tests)), merged)
    assert {m.reference.slug: m.aligned.verdict for m in found} == {"roof": "merged", "tests": "merged"}


def test_two_whole_remarks_side_by_side_are_not_merged() -> None:
    found = match(study(("roof", "ann", ROOF), ("boats", "ann", BOATS)), f"{ROOF} {BOATS}")
    assert {m.aligned.verdict for m in found} == {"verbatim"}


def test_respun_words_need_a_high_cosine() -> None:
    spun = "The little boats act like a flock of cattle, and the captains just follow them out to the ocean."
    both = study(("boats", "ann", BOATS))
    assert [bool(match(both, spun, {"boats": cosine})) for cosine in (0.0, 0.8)] == [False, True]


def test_compares_what_stands_inside_the_marks_of_a_mixed_quote() -> None:
    found = match(study(("boats", "ann", BOATS)), "that they “behave like a herd of cattle” whenever it rains")
    assert [(m.reference.slug, m.aligned.verdict) for m in found] == [("boats", "trimmed")]


def test_quoted_is_empty_without_words_outside() -> None:
    assert quoted("“It is safe here.”") == ()


def test_alignments_carry_cuts_and_tool() -> None:
    tides = study(("roof", "ann", ROOF))
    wording = "Nobody was hurt."
    (alignment,) = alignments(tides, words_digest(wording), wording, tool(tides), {})
    assert alignment.edits == (Edit("delete", "I am very surprised by how quickly the old roof came down", ""),)
    assert alignment.tool == tool(tides).id


def test_the_tool_changes_with_a_reference() -> None:
    assert tool(study(("roof", "ann", ROOF))).id != tool(study(("roof", "ann", TIDE))).id


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_laid_against_any_other(one: str, other: str) -> None:
    aligned = align(one, other)
    assert 0.0 <= aligned.confidence <= 1.0
    assert 0.0 <= aligned.wording_covered <= 1.0


@given(st.lists(st.sampled_from(TIDE.split()), min_size=1, max_size=25).map(" ".join))
def test_a_wording_is_a_verbatim_print_of_itself(words: str) -> None:
    assert align(words, words).verdict in ("verbatim", "altered")
    assert align(words, words).edits == ()


def test_long_texts_take_little_time() -> None:
    long = " ".join(f"word{n % 97} and" for n in range(20_000))
    assert align(long, long + " never").run > 0
