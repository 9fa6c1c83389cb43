"""claims.yaml -> Study; every error names file, line and what was expected."""

from datetime import date

import pytest

from kb.claims import Document, Expectation
from kb.errors import StudyError
from kb.study import load, loads

HEAD = "study:\n  id: s\n  title: T\n"
FULL = """\
version: 1
contact: desk@example.org
study:
  id: peer-tides
  title: Peer Tides
  url: https://doi.example/1
  aliases: [tide study]
  since: 2026-01-15
  until: 2026-12-31
  documents:
    - {id: v1, title: First version, url: "https://papers.example/1v1", published: 2026-01-15}
speakers:
  - {id: roe, name: Jane Roe, aliases: [Roe], affiliation: Example University}
quotes:
  - {id: roe-surprised, speaker: roe, text: We were surprised., source: "https://ledger.example/a", tolerance: exact}
claims:
  - id: tested
    text: Seven models were tested.
    speaker: roe
    expect: {quantity: 7, of: models tested}
    caveats: [simulated]
    evidence: {doc: v1, exact: We test seven models., page: 3}
sources:
  - {id: ledger, name: The Ledger, domains: [www.Ledger.example], kind: agency, feeds: ["https://ledger.example/rss"]}
schedule: 0 6 * * *
alerts: ["mailto://desk@example.org"]
"""


def problem(yaml: str) -> tuple[int, str]:
    with pytest.raises(StudyError) as raised:
        loads(yaml)
    return raised.value.line, raised.value.problem


def test_full_file_is_read():
    read = loads(FULL)
    assert read.slug == "peer-tides"
    assert read.since == date(2026, 1, 15)
    assert read.speakers[0].aliases == ("Roe",)
    assert read.quotes[0].tolerance == "exact"
    assert read.claims[0].expect == (Expectation(value=7.0, high=None, of="models tested", condition=None),)
    assert (read.claims[0].document, read.claims[0].exact) == ("v1", "We test seven models.")
    assert read.sources[0].domains == ("ledger.example",)
    assert read.schedule == "0 6 * * *"


def test_address_of_the_study_counts_as_its_first_document():
    assert loads(FULL).documents[0] == Document(
        slug="study", title="Peer Tides", url="https://doi.example/1", published_at=None
    )


def test_strings_are_plain_so_that_records_travel_to_workers():
    read = loads("study: {id: s, title: \"T\", aliases: ['a']}")
    assert [type(read.slug), type(read.title), type(read.aliases[0])] == [str, str, str]


@pytest.mark.parametrize("yaml", ["", "# nothing\n", "---\n"])
def test_empty_file_is_told_what_to_hold(yaml):
    assert problem(yaml) == (1, "the file is empty; expected `study:` with `id` and `title` (see `retold init`)")


@pytest.mark.parametrize("yaml", ["hello", "- a\n- b\n", "42"])
def test_file_without_keys_at_the_top_is_refused(yaml):
    assert problem(yaml) == (1, "expected keys such as `study:` at the top, found a plain value or list")


@pytest.mark.parametrize(
    ("yaml", "line", "says"),
    [
        ("study:\n  id: 2024\n  title: T\n", 2, "study.id: expected text; where it looks like a number"),
        ("study:\n  id: 2024-01-01\n  title: T\n", 2, "put it in quotation marks"),
        ("study:\n  id: s\n  title: 1984\n", 3, "found 1984"),
        ("study:\n  id: My Study\n  title: T\n", 2, "expected an id of lower-case letters, digits and hyphens"),
        ("study:\n  id: s\n", 1, "study.title is missing"),
        ("study:\n  id: s\n  title: ''\n", 3, "study.title: expected text"),
        ("study:\n", 1, "study is missing"),
        ("study: []\n", 1, "study: expected keys with values"),
        ("version: 1\n", 1, "study is missing"),
        ("version: 2\n" + HEAD, 1, "version: expected 1, found 2"),
        (HEAD + "  aliases: tide\n", 4, "study.aliases: expected a list"),
        (HEAD + "  aliases: [tide, 2024]\n", 4, "study.aliases.1: expected text"),
        (HEAD + "  since: 2026\n", 4, "study.since: expected a day such as 2026-01-15, found 2026"),
        (HEAD + "  since: 86400\n", 4, "expected a day"),
        (HEAD + "  since: last week\n", 4, "expected a day such as 2026-01-15, found 'last week'"),
        (HEAD + "  since: 2026-01-01T10:00:00Z\n", 4, "without a time"),
        (HEAD + "  since: 2026-02-01\n  until: 2026-01-01\n", 5, "lies before study.since"),
        (HEAD + "  tittle: x\n", 4, "study.tittle: unknown key"),
        (HEAD + "1: x\n", 4, "a key that is not text"),
        (HEAD + "quotes: {a: b}\n", 4, "quotes: expected a list"),
        (HEAD + "quotes:\n- hello\n", 5, "quotes.0: expected keys with values"),
        (HEAD + "quotes:\n- {id: q, speaker: roe, text: t}\n", 5, "'roe' is not among the speakers"),
        (HEAD + "speakers:\n- {id: a, name: A}\n- {id: a, name: B}\n", 6, "the id 'a' stands twice"),
        (HEAD + "claims:\n- id: c\n  text: t\n  expect:\n    quantity: seven\n    of: x\n", 8, "expected a number"),
        (HEAD + "claims:\n- {id: c, text: t, expect: {quantity: true, of: x}}\n", 5, "expected a number, found True"),
        (HEAD + "claims:\n- {id: c, text: t, expect: {quantity: .nan, of: x}}\n", 5, "expected a number"),
        (HEAD + f"claims:\n- {{id: c, text: t, expect: {{quantity: 0x{'f' * 5000}, of: x}}}}\n", 5, "very many digits"),
        (HEAD + "claims:\n- {id: c, text: t, document: v9}\n", 5, "'v9' is not among study.documents"),
        (HEAD + "sources:\n- {id: a, name: n, domains: [a.b], kind: blog}\n", 5, "expected 'press', 'agency'"),
        (HEAD + "sources:\n- {id: a, name: n, domains: []}\n", 5, "at least one entry"),
        (HEAD + "sources:\n- {id: a, name: n, domains: ['']}\n", 5, "expected a host"),
        (HEAD + "sources:\n- {id: a, name: n, domains: ['https://a.b/']}\n", 5, "expected a host"),
        (HEAD + "sources:\n- id: a\n  name: n\n  domains: [a.b]\n  feeds: ['http://[x']\n", 8, "http:// or https://"),
        (HEAD + "schedule: often\n", 4, "expected hourly, daily, weekly or a cron line"),
        (HEAD + "study:\n  id: t\n", 4, "duplicate key"),
        ("study:\n  id: s\n  id: t\n  title: T\n", 3, "duplicate key"),
        ("study:\n\tid: s\n", 2, "cannot start any token"),
        ("study:\n  id: s\n  title: a: b\n", 3, "mapping values are not allowed here"),
        ("study: *x\n", 1, "undefined alias"),
        (HEAD + "---\n" + HEAD, 4, "another document"),
        (HEAD + "speakers: !!python/object:os.system {}\n", 4, "speakers: expected a list"),
    ],
)
def test_error_names_the_line_and_what_was_expected(yaml, line, says):
    at, what = problem(yaml)
    assert at == line
    assert says in what


@pytest.mark.parametrize(
    "yaml",
    ["{a: " * 2_000, "study: " + "[" * 300, HEAD + "x: \x00\n", HEAD + "  since: 2026-13-01\n", "? : - a\nb: c\n"],
)
def test_yaml_that_cannot_be_read_is_an_error_of_the_study(yaml):
    assert "not valid YAML" in problem(yaml)[1]


def test_alias_bomb_is_refused_at_once():
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "unknown key" in problem("\n".join([*rows, HEAD]))[1]  # spelt out, these would be 9^8 entries


def test_list_that_holds_itself_is_refused():
    assert "expected text" in problem("study: &a\n  id: s\n  title: T\n  aliases: [*a]\n")[1]


def test_key_with_all_entries_commented_out_is_an_empty_list():
    assert loads(HEAD + "quotes:\n  # - id: q\n").quotes == ()


def test_merged_keys_are_checked_too():
    at, what = problem(HEAD + "speakers:\n- &x {id: a, name: A, age: 3}\n- <<: *x\n  id: b\n")
    assert (at, what) == (5, "speakers.0.age: unknown key (and 1 more)")


def test_error_message_starts_with_file_and_line(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("study:\n  id: 7\n  title: T\n")
    with pytest.raises(StudyError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}:2: ")
    assert raised.value.exit_code == 2


def test_missing_file_points_to_init(tmp_path):
    with pytest.raises(StudyError, match="no such file; `retold init`"):
        load(tmp_path / "claims.yaml")


def test_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(StudyError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_other_encoding_is_told_with_its_line(tmp_path):
    (tmp_path / "claims.yaml").write_bytes("study:\n  id: s\n  title: café\n".encode("latin-1"))
    with pytest.raises(StudyError, match=r"claims\.yaml:3: not UTF-8 text"):
        load(tmp_path / "claims.yaml")


@pytest.mark.parametrize("lead", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path, lead, line_end):
    (tmp_path / "claims.yaml").write_bytes(lead + HEAD.replace("\n", line_end).encode())
    assert load(tmp_path / "claims.yaml").title == "T"


def test_feeds_take_a_place_for_queries_behind_the_host() -> None:
    feed = "https://search.example/rss?q={query}"
    study = loads(f"study: {{id: s, title: T}}\nfeeds: ['{feed}']\n")
    assert study.feeds == (feed,)


@pytest.mark.parametrize(
    ("key", "address", "said"),
    [
        ("feeds", "https://{query}.example/rss", "behind the host"),
        ("feeds", "https://a.example/rss?q={topic}", "nothing else in braces"),
        ("pages", "https://a.example/?s={query}", "only feeds take {query}"),
    ],
)
def test_places_for_queries_that_cannot_be_filled_are_told(key: str, address: str, said: str) -> None:
    with pytest.raises(StudyError, match=said) as raised:
        loads(
            "study: {id: s, title: T}\nsources:\n"
            f"  - id: a\n    name: A\n    domains: [a.example]\n    {key}: ['{address}']\n"
        )
    assert raised.value.line == 6


def test_searches_are_read_with_their_filters():
    sources = "sources: [{id: a, name: A, domains: [a.example]}]\n"
    (search,) = loads(f"{HEAD}{sources}searches: [{{id: s, query: naps, source: a, kind: quote}}]").searches
    assert (search.slug, search.query, search.source) == ("s", "naps", "a")
    assert (search.kind, search.near) == ("quote", 0.6)


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("{id: s, query: '?!'}", "a query with a word in it"),
        ("{id: s, query: nap, source: b}", "'b' is not among the sources"),
        ("{id: s, query: nap, near: 2}", "near"),
        ("{id: s, query: nap, k: 5}", "unknown key"),
        ("{id: s, query: nap}, {id: s, query: naps}", "stands twice"),
    ],
)
def test_search_that_cannot_be_made_is_told_with_its_line(search, told):
    with pytest.raises(StudyError, match=told):
        loads(f"{HEAD}searches: [{search}]")
