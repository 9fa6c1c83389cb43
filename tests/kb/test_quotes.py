"""Who said what: spans, forms, speakers, the names behind them."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.parse import Parser
from kb.quotes import quotes, to_json, tool
from kb.records import Quote

Extract = Callable[[str], list[Quote]]


def said(text: str, quote: Quote) -> tuple[str, str | None]:
    """The words of a quote and its speaker's mention."""
    return quote.wording(text), text[quote.speaker.start : quote.speaker.end] if quote.speaker else None


def first(extract: Extract, text: str) -> tuple[str, str | None]:
    return said(text, extract(text)[0])


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ('"The model lied to all of us," Roe said.', "Roe"),
        ('"The model lied to all of us," said Jane Roe, a biologist at Yale.', "Jane Roe"),
        ('Roe told reporters on Friday: "The model lied to all of us."', "Roe"),
        ('"The model lied to all of us," gushed Roe.', "Roe"),
        ('"The model lied to all of us," Jane Roe, who led the study, said.', "Jane Roe"),
        ('"The model lied to all of us," according to Jane Roe.', "Jane Roe"),
        ('According to Jane Roe, "the model lied to all of us."', "Jane Roe"),
        ('"The model lied to all of us." — Jane Roe', "Jane Roe"),
        ('Jane Roe: "The model lied to all of us."', "Jane Roe"),
        ('Jane Roe, Yale: "The model lied to all of us."', "Jane Roe"),
        ('Roe was blunt. "The model lied to all of us."', "Roe"),
        ('Roe issued the following statement:\n\n"The model lied to all of us."', "Roe"),
        ('"The model lied to all of us."\n— Jane Roe, Professor of Law at Yale', "Jane Roe"),
        ('Roe left the room, adding, "The model lied to all of us."', "Roe"),
        ('"The model lied to all of us," the company said in a statement.', "the company"),
        ('The paper says: "The model lied to all of us."', "The paper"),
        ('Asked why, the chatbot replied: "The model lied to all of us."', "the chatbot"),
        ('In the words of Jane Roe, "the model lied to all of us."', "Jane Roe"),
    ],
)
def test_direct_quotes_have_their_speaker(extract: Extract, text: str, speaker: str) -> None:
    words, who = first(extract, text)
    assert words.lower().startswith("the model lied to all of us")
    assert who == speaker


def test_university_is_not_taken_for_who_is_of_it(extract):
    # The parser takes `lead` for a verb, and the university for who said it.
    text = (
        '"We went in expecting stubborn machines, and what we found is that they collapse the moment another machine'
        ' clears its throat," lead researcher Jane Roe of Calder Bay University said.'
    )
    assert first(extract, text)[1] == "researcher Jane Roe"


def test_a_quote_split_by_its_cue_is_one_in_pieces(extract: Extract) -> None:
    text = '"The model lied to us," Roe said. "It lied all the time."'
    (quote,) = extract(text)
    assert [text[piece.start : piece.end] for piece in quote.pieces] == [
        "The model lied to us,",
        "It lied all the time.",
    ]


def test_a_quote_over_paragraphs_is_one_in_pieces(extract: Extract) -> None:
    (quote,) = extract('"The model lied to us.\n\n"It lied all the time," Roe said.')
    assert len(quote.pieces) == 2


def test_the_next_speaker_takes_over(extract: Extract) -> None:
    text = '"The model lied to us," Roe said. "It did no such thing," said Peter Lee.'
    assert [said(text, quote)[1] for quote in extract(text)] == ["Roe", "Peter Lee"]


def test_a_floating_quote_goes_on_with_the_last_speaker(extract: Extract) -> None:
    text = '"The model lied to us," Roe said.\n\n"It lied all the time and would not stop."'
    assert [said(text, quote)[1] for quote in extract(text)] == ["Roe", "Roe"]


@pytest.mark.parametrize(
    "text",
    [
        'Her new book, "The Age of Lying Machines," is out.',
        'The so-called "smart" model failed.',
        'The pipe is 6" wide and 9" long.',
        "It is the models' own fault.",
    ],
)
def test_titles_and_scare_quotes_are_nobodys_words(extract: Extract, text: str) -> None:
    assert extract(text) == []


def test_a_fragment_in_a_paraphrase_is_mixed(extract: Extract) -> None:
    text = 'Roe called the finding of her colleagues "a serious concern" for everyone.'
    (quote,) = extract(text)
    assert quote.form == "mixed"
    assert "a serious concern" in quote.wording(text)


@pytest.mark.parametrize(
    ("text", "content", "speaker"),
    [
        ("Roe said that the model lied.", "that the model lied", "Roe"),
        ("The model, Roe said, had lied to its users.", "The model had lied to its users", "Roe"),
        ("The model had lied to its users, Roe said.", "The model had lied to its users", "Roe"),
        ("According to Roe, the model had lied.", "the model had lied", "Roe"),
        ("The study suggests that models protect each other.", "that models protect each other", "The study"),
        ("Study: Models lie to protect each other", "Models lie to protect each other", "Study"),
        ("Roe urged the lab to stop the tests.", "the lab to stop the tests", "Roe"),
    ],
)
def test_indirect_speech_has_content_and_speaker(extract: Extract, text: str, content: str, speaker: str) -> None:
    (quote,) = extract(text)
    assert quote.form == "indirect"
    assert said(text, quote) == (content, speaker)


@pytest.mark.parametrize("text", ["Google declined to comment.", "Roe did not say that the model lied."])
def test_what_was_not_said_is_no_quote(extract: Extract, text: str) -> None:
    assert extract(text) == []


INTRODUCED = "Jane Roe, a biologist at Yale University, ran the tests with Peter Lee.\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"The model lied to us," Roe said.', "Jane Roe"),
        ('Roe laughed. "The model lied to us," she said.', "Jane Roe"),
        ('"The model lied to us," the biologist said.', "Jane Roe"),
        ('"The model lied to us," Lee said.', "Peter Lee"),
        ('Lee disagreed. "The model lied to us," he said.', "Peter Lee"),
        ('"The model lied to us," it said.', None),
    ],
)
def test_the_full_name_behind_a_mention(extract: Extract, text: str, name: str | None) -> None:
    found = [quote for quote in extract(INTRODUCED + text) if quote.form == "direct"]
    assert found[0].speaker_name == name


def test_a_slip_in_a_surname_is_seen_through(extract: Extract) -> None:
    text = 'Lydia Buchtmann led the survey. "They get too much of it," Ms. Buchtman said.'
    assert extract(text)[0].speaker_name == "Lydia Buchtmann"


@pytest.mark.parametrize(
    ("text", "affiliation"),
    [
        ('"It lied to all of us," said Jane Roe, a biologist at Yale University.', "biologist at Yale University"),
        ('"It lied to all of us," said Yale University biologist Jane Roe.', "Yale University biologist"),
        ('"It lied to all of us."\n— Jane Roe, Professor of Law at Yale', "Professor of Law at Yale"),
        ('"It lied to all of us," said Jane Roe.', None),
    ],
)
def test_the_affiliation_as_the_text_states_it(extract: Extract, text: str, affiliation: str | None) -> None:
    assert extract(text)[0].affiliation == affiliation


def test_confidence_is_higher_for_a_plain_cue_than_for_a_floating_quote(extract: Extract) -> None:
    plain, floating = extract('"The model lied to us," Roe said.\n\n"It lied all the time and would not stop."')
    assert plain.confidence > floating.confidence


def test_json_has_the_contracts_keys(extract: Extract) -> None:
    text = '"The model lied to us," Roe said. "It lied all the time."'
    item = to_json(text, extract(text)[0])
    assert item["type"] == "direct"
    assert item["spans"] == [[1, 22], [35, 56]]
    assert (item["speaker"], item["cue"]) == ("Roe", "said")
    assert {"start", "end", "text", "speaker_start", "speaker_resolved", "affiliation", "cue_end", "confidence"} <= set(
        item
    )


PIECES = st.lists(
    st.sampled_from(
        [
            '"The model lied to us,"', "“It failed", "it lies”", "‘No,’", " Roe said", " said Jane Roe", ".", ",", " ",
            "\n", "\n\n", " that", " according to the study", ' "a total mess"', " She", " and", ":", " —", " (", ")",
            " it is expected to fail", " claims", "'s", " the biologist", '"',
        ]
    ),
    max_size=14,
)  # fmt: skip


@given(PIECES)
@example(['"', "\n", '"', " Roe said", ".", '"'])
def test_invariants_of_quotes(parser: Parser, pieces: list[str]) -> None:
    text = "".join(pieces)
    doc = parser.parse(text)
    found = quotes("text:test", text, doc, tool(parser.tool))
    spans = sorted((piece.start, piece.end) for quote in found for piece in quote.pieces)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(quote.selector.exact == text[quote.content.start : quote.content.end] for quote in found)
    assert all(0 <= quote.confidence <= 1 for quote in found)
    assert found == quotes("text:test", text, doc, tool(parser.tool))


@pytest.mark.parametrize("unit", ['"', "“", "“Yes,” she said. ", "Roe said that ", "he said, ", "a b c "])
def test_hostile_text_takes_linear_time(parser: Parser, unit: str) -> None:
    def seconds(count: int) -> float:
        text = unit * count
        doc = parser.parse(text)
        tries = []
        for _ in range(3):  # the least of several: a collection of garbage can cost more than the work
            started = time.process_time()
            quotes("text:test", text, doc, tool(parser.tool))
            tries.append(time.process_time() - started)
        return min(tries)

    assert seconds(1_200) < 12 * max(seconds(300), 0.02)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (
            'Cities should plant trees "as quickly as possible, as many as possible," said Jane Roe.',
            'Cities should plant trees "as quickly as possible, as many as possible,"',
        ),
        (
            '"We are worried and tired" by the long drought in the valley, Jane Roe said.',
            '"We are worried and tired" by the long drought in the valley',
        ),
        (
            'Jane Roe said, "We have three weeks to go" until the first frost.',
            '"We have three weeks to go" until the first frost',
        ),
        (
            'Jane Roe said that in the first winter, "we saw nothing that we could explain."',
            'that in the first winter, "we saw nothing that we could explain."',
        ),
        ('Jane Roe said it was "open to anything that helps."', 'it was "open to anything that helps."'),
    ],
)
def test_a_sentence_built_around_marks_is_mixed(extract: Extract, text: str, content: str) -> None:
    (quote,) = extract(text)
    assert (quote.form, quote.wording(text).strip("“”")) == ("mixed", content)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("As Jane Roe noted, the model had lied to its users.", "the model had lied to its users"),
        ("As reported by The Ledger, the model had lied.", "the model had lied"),
        ("The model, Roe told reporters on Friday, had lied.", "The model had lied"),
        ("A model had lied before: Jane Roe said it had lied often.", "it had lied often"),
        ("Roe questioned whether the model had lied.", "whether the model had lied"),
        ("Roe was asked to name one model that had not lied.", "to name one model that had not lied"),
    ],
)
def test_indirect_speech_in_other_constructions(extract: Extract, text: str, content: str) -> None:
    (quote,) = extract(text)
    assert (quote.form, quote.wording(text)) == ("indirect", content)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Kestrel-2 was asked again. "I have no such rule in my notes," it wrote.', "Kestrel-2"),
        ('The chatbot Wren gave in at once. "You are right and I was wrong," it replied.', "Wren"),
        ('Wren 3.5 is sold by Acme. "I cannot help you with that," Wren 3.5 answered.', "Wren 3.5"),
        ('Harrow Labs ran the tests. "We never saw it coming at all," Harrow said.', "Harrow Labs"),
        ('Ann Lee-Roe ran the tests. "We never saw it coming at all," Lee-Roe said.', "Ann Lee-Roe"),
        ('Ann "Kit" Marlow ran the tests. "We never saw it coming at all," Marlow said.', "Ann Marlow"),
        ('Ann Marlow met Peter Lee. "Lee has never seen it coming at all," she said.', "Ann Marlow"),
        (
            'Peter Lee wrote to Tom Hale. Lee said Hale had left. "He never saw it coming at all," he said.',
            "Peter Lee",
        ),
        (
            'Ann Marlow left Saaremaa in May. "We never saw it coming at all," she said.',
            "Ann Marlow",
        ),
        ('Ann Marlow sent a note. "We never saw it coming at all," her letter said.', "Ann Marlow"),
        ('The Department for Schools was calm. "We never saw it coming," the Department for Schools said.', None),
    ],
)
def test_names_behind_mentions_of_many_kinds(extract: Extract, text: str, name: str | None) -> None:
    spoken = [quote for quote in extract(text) if quote.form == "direct"]
    assert spoken[0].speaker_name == (name or "Department for Schools")


@pytest.mark.parametrize("text", ["her group", "a spokesman for Roe"])
def test_those_around_somebody_are_not_that_person(extract: Extract, text: str) -> None:
    told = f'Jane Roe, a biologist, ran the tests. "The model lied to all of us," said {text}.'
    assert extract(told)[0].speaker_name != "Jane Roe"


def test_answers_of_an_interview_are_turns_of_who_is_named(extract: Extract) -> None:
    text = (
        "Why did you look at models?\n\nJane Roe: Because nobody else would look at them.\n\nAnd what came of it?\n\n"
        "Jane Roe: More than I had hoped for, and less than I had feared."
    )
    found = extract(text)
    assert [(quote.form, said(text, quote)[1]) for quote in found] == [("turn", "Jane Roe")] * 2
    item = to_json(text, found[0])
    assert (item["type"], item["verbatim"]) == ("indirect", True)


def test_the_interviewers_questions_are_nobodys_words(extract: Extract) -> None:
    text = "Q: Why did you look at them?\n\nQ: And what came of it?\n\nQ: Was it worth the time?"
    assert [quote for quote in extract(text) if quote.form == "turn"] == []


def test_labels_of_a_list_are_no_speakers(extract: Extract) -> None:
    text = "Time: 40 minutes in a hot oven.\n\nMix it all.\n\nTime: 20 minutes in a hot oven."
    assert extract(text) == []


def test_an_answer_may_begin_with_a_mark(extract: Extract) -> None:
    text = 'Jane Roe came.\n\nRoe: "Fine" is what they all told me.\n\nWhy?\n\nRoe: It came to nothing in the end.'
    assert [quote.form for quote in extract(text)] == ["turn", "turn"]


@pytest.mark.parametrize(
    "text", ["On Tuesday, Roe testified.", "When Ferrer died in March, Baxter wrote the obituary."]
)
def test_a_circumstance_is_not_what_was_said(extract: Extract, text: str) -> None:
    assert extract(text) == []


def test_a_pull_quote_counts_once_with_both_places(extract: Extract) -> None:
    text = "“It lied all the time”\n\n“It lied all the time and would not stop,” Jane Roe said."
    (quote,) = extract(text)
    assert quote.wording(text) == "It lied all the time and would not stop,"
    assert [text[place.start : place.end] for place in quote.also] == ["It lied all the time"]
    assert to_json(text, quote)["also"] == [[1, 21]]


def test_one_remark_given_to_two_people_stays_two(extract: Extract) -> None:
    text = "“It lied all the time to us,” Jane Roe said.\n\n“It lied all the time to us,” Peter Lee said."
    assert [quote.speaker_name for quote in extract(text)] == ["Jane Roe", "Peter Lee"]


def test_one_remark_of_two_unnamed_sources_stays_two(extract: Extract) -> None:
    words = "“We will not comment on this,”"
    text = f"{words} a Google spokesman said.\n\n{words} a Meta spokeswoman said."
    assert [said(text, quote)[1] for quote in extract(text)] == ["a Google spokesman", "a Meta spokeswoman"]


def test_a_list_of_sources_is_no_speech(extract: Extract) -> None:
    assert extract('"Document found on rainy street" — Toronto Star, August 15, 2008') == []
