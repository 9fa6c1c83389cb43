"""Who is behind a description or a pronoun, and where nobody can tell."""

from collections.abc import Callable

import pytest

from kb.records import Quote

Extract = Callable[[str], list[Quote]]

WORDS = '"The animals were never safe in that place,"'


def speaker(extract: Extract, text: str) -> str | None:
    return next(quote.speaker_name for quote in extract(text) if quote.form == "direct")


@pytest.mark.parametrize(
    "other",
    [
        "her mother",
        "her husband",
        "her lawyer",
        "the patient",
        "the judge",
        "the spokesman for Roe",
        "the wife of Jane Roe",
        "the mother of the boy",
    ],
)
def test_those_around_somebody_are_not_that_person(extract: Extract, other: str) -> None:
    assert speaker(extract, f"Jane Roe sued the zoo in May. {WORDS} {other} said.") is None


def test_the_owner_of_a_lawyer_is_not_the_lawyer(extract: Extract) -> None:
    assert speaker(extract, f"Jane Roe, a lawyer, sued the zoo in May. {WORDS} her lawyer said.") is None


def test_a_noun_bound_to_something_else_is_somebody_else(extract: Extract) -> None:
    text = f"Jane Roe, a spokeswoman for the city, came in May. {WORDS} the spokeswoman for the zoo said."
    assert speaker(extract, text) is None


def test_what_the_text_calls_somebody_is_that_person(extract: Extract) -> None:
    text = f"Jane Roe, a spokeswoman for the city, came in May. {WORDS} the spokeswoman said."
    assert speaker(extract, text) == "Jane Roe"


def test_he_and_she_are_two(extract: Extract) -> None:
    text = 'Kim Roe came in May. "It is fine with us," he said. "It is not fine with us," she said.'
    names = [quote.speaker_name for quote in extract(text)]
    assert names == ["Kim Roe", None]


def test_a_program_is_no_company(extract: Extract) -> None:
    text = f"The AI model Kestrel-3 failed. Kestrel-3 said nothing. {WORDS} the firm said."
    assert speaker(extract, text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bill Clarkson founded the firm. {} Mrs. Clarkson said.", "Mrs. Clarkson"),
        ("Anna Weber and Karl Weber founded the firm. {} Weber said.", "Weber"),
        ("Anna Weber and Karl Weber founded the firm. {} Mr. Weber said.", "Karl Weber"),
        ("Kristin Weber came. Kristen Weber left. {} Weber said.", "Kristen Weber"),
        ("Anna Weber left. Weber was glad. Weber smiled. Her son Karl Weber stayed. {} Weber said.", "Anna Weber"),
    ],
)
def test_a_surname_of_two_is_given_to_neither(extract: Extract, text: str, name: str) -> None:
    assert speaker(extract, text.format(WORDS)) == name


@pytest.mark.parametrize(
    ("name", "surname"),
    [
        ("Klaus van der Meer", "van der Meer"),
        ("Maria Van Kerkhove", "Van Kerkhove"),
        ("Ann Frimpong-Hale", "Frimpong-Hale"),
        ("Beth O'Rourke", "O'Rourke"),
    ],
)
def test_surnames_of_several_parts_are_joined(extract: Extract, name: str, surname: str) -> None:
    assert speaker(extract, f"The biologist {name} led the study. {WORDS} {surname} said.") == name
