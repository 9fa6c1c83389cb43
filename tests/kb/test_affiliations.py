"""What a text says a person is, and what it does not."""

import pytest

from kb.affiliations import affiliation
from kb.layout import Layout
from kb.mentions import Mentions
from kb.parse import Parser


def stated(parser: Parser, text: str, name: str = "Jane Roe") -> str | None:
    layout = Layout.of(text, parser.parse(text))
    (person,) = [person for person in Mentions.of(layout).persons if person.name == name]
    return affiliation(layout, person)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The test failed, said Jane Roe, a chemist at Yale University.", "chemist at Yale University"),
        ("The test failed, said Jane Roe, 45, a nurse in Boston.", "nurse in Boston"),
        ("UC Berkeley computer scientist Jane Roe said the test failed.", "UC Berkeley computer scientist"),
        ("On Tuesday FBI director Jane Roe said the test failed.", "FBI director"),
        ("Secretary of State Jane Roe said the test failed.", "Secretary of State"),
        ("Jane Roe of the Harwell Institute said the test failed.", "Harwell Institute"),
        (
            "Jane Roe, who directs the Center for Marine Biology, said the test failed.",
            "directs the Center for Marine Biology",
        ),
        ("The group's chief strategist, Jane Roe, said the test failed.", "group's chief strategist"),
        ("A chemist at Yale University, Jane Roe, said the test failed.", "chemist at Yale University"),
        ("The candidate for governor, Jane Roe, said the test failed.", "candidate for governor"),
        ("The test failed.\n— Jane Roe, Professor of Law at Yale", "Professor of Law at Yale"),
        ("Jane Roe said the test failed.", None),
    ],
)
def test_office_role_or_institution_as_stated(parser: Parser, text: str, expected: str | None) -> None:
    assert stated(parser, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Jane Roe, Peter Lee and Ann Weller said the test failed.",
        "Jane Roe, whose only win came on Tuesday, said the test failed.",
        "Jane Roe is the reason it happened in the first place.",
        "Jane Roe at the White House on Thursday said the test failed.",
        "Jane Roe, both of them, and a half said the test failed.",
        "His sister Jane Roe said the test failed.",
        "If elected, as president Jane Roe would stop the tests.",
    ],
)
def test_what_is_no_office_is_left_out(parser: Parser, text: str) -> None:
    assert stated(parser, text) is None


def test_a_title_belongs_to_the_nearer_of_two_names(parser: Parser) -> None:
    text = "Jane Roe and FBI director Peter Lee said the test failed."
    assert (stated(parser, text), stated(parser, text, "Peter Lee")) == (None, "FBI director")


def test_an_institution_goes_before_a_bare_role(parser: Parser) -> None:
    text = "The chemist Jane Roe spoke first. Later Roe, a professor at Yale University, said the test failed."
    assert stated(parser, text) == "professor at Yale University"


def test_a_party_goes_after_a_role(parser: Parser) -> None:
    text = "Jane Roe, a Democrat, spoke first. The chemist Jane Roe said the test failed."
    assert stated(parser, text) == "chemist"


def test_a_courtesy_for_the_other_sex_tells_nothing(parser: Parser) -> None:
    text = "Ms. Jane Roe said she would run. Mr. Roe, a lawyer at Yale University, left."
    assert stated(parser, text) is None


def test_a_headline_states_no_office(parser: Parser) -> None:
    text = "Angry Yale University Chemist Jane Roe Slams Failed Test\n\nJane Roe said the test failed."
    assert stated(parser, text) is None
