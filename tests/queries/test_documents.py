import json
from typing import Any

import pytest

from kb.errors import UserError
from kb.settings import Settings
from queries import documents
from queries.documents import DocumentStage, Input

RAW = "The  mill closed.\r\n\r\n“We\u00a0had no choice but to stop,” said Ana Ruiz, the\tmill’s owner.\r\nShe left."


@pytest.fixture(scope="module")
def stage() -> DocumentStage:
    return DocumentStage(Settings().spacy_model)


def read(stage: DocumentStage, given: Input) -> Any:
    return stage.run(given).records[0].plain


def test_offsets_are_into_the_very_text_that_was_given(stage: DocumentStage) -> None:
    plain = read(stage, Input(id="a", text=RAW))
    assert plain["text"] == RAW
    assert plain["language"] == "en"
    quote = next(quote for quote in plain["quotes"] if quote["type"] == "direct")
    assert RAW[quote["start"] : quote["end"]] == quote["text"] == "We\u00a0had no choice but to stop,"
    assert RAW[quote["speaker_start"] : quote["speaker_end"]] == quote["speaker"] == "Ana Ruiz"
    assert RAW[quote["cue_start"] : quote["cue_end"]] == "said"


def test_page_that_is_no_article_says_why(stage: DocumentStage) -> None:
    plain = read(stage, Input(id="a", body=b"%PDF-1.7\n\x00\x01\x02" + bytes(500)))
    assert plain["rejected"] == "not-html"
    assert plain["quotes"] == []


def test_shape_is_that_of_the_contract(stage: DocumentStage) -> None:
    fields = {"id", "url", "title", "authors", "published_at", "modified_at", "language", "text", "rejected", "quotes"}
    for given in (Input(id="a", text=RAW), Input(id="b", body=b"")):
        assert fields <= read(stage, given).keys()


def test_lines_keep_their_order_and_ids() -> None:
    lines = [json.dumps({"id": name, "text": "x"}) for name in ("b", "a")]
    assert [item.key for item in documents.from_lines(lines, "in")] == ["b", "a"]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"text": 5}', '{"text": null, "html": null}'])
def test_bad_line_is_named_with_its_number(line: str) -> None:
    with pytest.raises(UserError, match=r"^in:2: "):
        list(documents.from_lines(['{"text": "x"}', line], "in"))
