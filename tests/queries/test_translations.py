"""A wording that the page gives as a translation is no alteration."""

import pytest
from coverage_builders import Said, article, covering, reference, speaker, study

from queries.check import check

ADA = speaker("ada", "Ada Quill", affiliation="Moor College")
TEXT = "The boats came back at night because nobody had told the men on board about the storm."
SPUN = "The boats returned at night because no one had told the men on board about the storm."


def found(text: str) -> list[str]:
    page = article("http://b.example/1", text, [Said(SPUN.rstrip("."), "Ada Quill", "Ada Quill")])
    return [f.rule.value for f in check(covering(study([ADA], [reference("boats", "ada", TEXT)]), page))]


def test_a_reworded_quote_is_altered() -> None:
    assert found(f"“{SPUN}” said Ada Quill.") == ["altered-quote"]


@pytest.mark.parametrize("note", ["(translated from Danish)", "in Danish; the translation is ours, our translation"])
def test_a_translation_that_says_so_is_not(note: str) -> None:
    assert found(f"“{SPUN}” said Ada Quill {note}.") == []


def test_a_note_on_the_whole_page_counts() -> None:
    assert found(f"“{SPUN}” said Ada Quill.\n\nThe interview was conducted in Danish.") == []
