"""What several tests of this package share."""

from collections.abc import Callable

import pytest

from kb.parse import Parser
from kb.quotes import quotes, tool
from kb.records import Quote


@pytest.fixture(scope="session")
def parser() -> Parser:
    """One for all: loading the model takes seconds."""
    return Parser()


@pytest.fixture(scope="session")
def extract(parser: Parser) -> Callable[[str], list[Quote]]:
    """The quotes of a text, as the pipeline finds them."""
    return lambda text: quotes("text:test", text, parser.parse(text), tool(parser.tool))
