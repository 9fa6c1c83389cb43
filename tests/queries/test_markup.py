import pytest

from queries.markup import escape_markdown, markdown_link, web_address
from queries.plain import one_line, printable


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "vbscript:x",
        "//example.org/a",
        "https://",
        "http:///a",
        "http://[broken",
        "https://exa mple.org",
        "https://example.org/\u202egpj",
        "",
    ],
)
def test_other_addresses_never_become_links(url: str) -> None:
    assert web_address(url) is None


@pytest.mark.parametrize("url", ["https://example.org/a?b=c#d", "http://example.org:8080/", "HTTPS://EXAMPLE.ORG"])
def test_web_addresses_may_become_links(url: str) -> None:
    assert web_address(url) == url


def test_direction_overrides_and_controls_show_as_replacement() -> None:
    assert printable("a\u202eb\x1bc\x9bd") == "a\ufffdb\ufffdc\ufffdd"


def test_line_feeds_stay_in_passages_and_go_from_lines() -> None:
    assert printable("a\nb") == "a\nb"
    assert one_line("a\n\tb") == "a b"


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "# a", "> a", "=== a"])
def test_line_starts_form_no_block(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\\" in escaped.split(" ", maxsplit=1)[0]


@pytest.mark.parametrize("sign", list("\\`*_{}[]<>()#|~!$&@"))
def test_signs_of_markdown_are_escaped(sign: str) -> None:
    assert escape_markdown(f"a{sign}b") == f"a\\{sign}b"


def test_bare_addresses_do_not_become_links() -> None:
    assert escape_markdown("see https://a.example and www.b.example") == r"see https\://a.example and www\.b.example"


def test_address_cannot_leave_its_brackets() -> None:
    assert markdown_link("a", "https://example.org/>x|y`z") == "[a](<https://example.org/%3Ex%7Cy%60z>)"


def test_address_that_is_no_link_is_shown_in_words() -> None:
    assert markdown_link("a", "javascript:alert(1)") == r"a \(javascript:alert\(1\)\)"
