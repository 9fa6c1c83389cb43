"""Words and views that are somebody's without a verb of saying."""

from collections.abc import Callable

import pytest

from kb.records import Quote

Extract = Callable[[str], list[Quote]]

WORDS = "“The model lied to all of us.”"
BEFORE = "“The model lied to all of us,”"


@pytest.mark.parametrize(
    "text",
    [
        f"Jane Roe, a biologist at Yale, does not mince words: {WORDS}",
        f"For Jane Roe, a biologist at Yale, the matter is plain: {WORDS}",
        f"The verdict of Jane Roe, a biologist at Yale, is quickly told: {WORDS}",
        f"Jane Roe’s answer is short: {WORDS}",
        f"To quote Jane Roe: {WORDS}",
        f"Here is Jane Roe again: {WORDS}",
        f"{WORDS} With these words Jane Roe sums the matter up.",
        f"{WORDS} Those are the words of Jane Roe.",
        f"{WORDS[:-2]}” – that is how Jane Roe, a biologist at Yale, describes it.",
        f"{BEFORE} was the answer of Jane Roe.",
        f"{BEFORE} in the words of Jane Roe.",
    ],
)
def test_a_quote_that_no_verb_of_saying_introduces_has_its_speaker(extract: Extract, text: str) -> None:
    (quote,) = extract(text)
    assert quote.wording(text).startswith("The model lied")
    assert quote.speaker_name == "Jane Roe"


@pytest.mark.parametrize(
    "text",
    [
        "In Jane Roe’s view, the model lied to everybody.",
        "To Jane Roe’s mind, the model lied to everybody.",
        "The model lied to everybody, in the opinion of Jane Roe.",
        "Jane Roe’s conclusion is that the model lied to everybody.",
        "If Jane Roe is to be believed, the model lied to everybody.",
        "Jane Roe let us know that the model lied to everybody.",
        "Jane Roe is convinced that the model lied to everybody.",
    ],
)
def test_a_view_is_reported_as_its_owners(extract: Extract, text: str) -> None:
    (quote,) = extract(text)
    assert (quote.form, quote.speaker_name) == ("indirect", "Jane Roe")
    assert quote.wording(text).lower().removeprefix("that ").startswith("the model lied to everybody")


@pytest.mark.parametrize(
    "text",
    [
        "In our view, the model lied to everybody.",
        "The picture has faded in the eyes of many.",
        "If the model is right, the answer is seven.",
        f"Nobody had one message for Jane Roe in mind: {WORDS[1:-1]}",
        f"The crowd had one message for Jane Roe: {WORDS}",
    ],
)
def test_a_view_of_nobody_and_a_name_in_passing_are_not(extract: Extract, text: str) -> None:
    assert all(quote.speaker_name != "Jane Roe" for quote in extract(text))


def test_a_denied_verb_of_saying_still_denies_the_words(extract: Extract) -> None:
    assert all(quote.form != "direct" for quote in extract(f"Jane Roe did not say: {WORDS}"))
