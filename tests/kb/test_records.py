"""Ids: same content, same id, on every machine; and no two contents one id."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import NOON, passage, quote, snapshot

from kb.records import Link, Span, Text, Tool, canonical_json, record_id, rfc3339, sha256

parts = st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False))


def test_id_is_its_tag_and_32_hex_digits():
    tag, _, digits = record_id("text", "a").partition(":")
    assert tag == "text"
    assert len(digits) == 32
    assert set(digits) <= set("0123456789abcdef")


def test_id_stays_what_it_was_in_the_first_release():
    assert record_id("text", "Tides rise.") == "text:07c1e556dede68c5832fef9d6cccdb27"


@given(st.lists(parts), st.lists(parts))
def test_ids_are_equal_only_for_equal_canonical_forms(one, other):
    assert (record_id("x", *one) == record_id("x", *other)) == (canonical_json(one) == canonical_json(other))


@given(st.text(min_size=1), st.text(min_size=1))
def test_identity_fields_do_not_run_into_each_other(one, other):
    assert record_id("x", one, other) != record_id("x", one + other)


def test_tag_takes_part_in_the_id():
    assert record_id("text", "a") != record_id("quote", "a")


def test_moment_has_one_id_in_every_time_zone():
    later = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert attrs.evolve(snapshot(), fetched_at=later).id == snapshot().id


def test_rfc3339_is_utc_with_z():
    assert rfc3339(datetime(2026, 4, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-04-01T12:00:00Z"


def test_rfc3339_keeps_microseconds():
    assert rfc3339(datetime(2026, 4, 1, 12, 0, 0, 5, tzinfo=UTC)) == "2026-04-01T12:00:00.000005Z"


def test_moment_without_time_zone_is_refused_because_its_id_would_depend_on_the_machine():
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(datetime(2026, 4, 1, 12))  # noqa: DTZ001


def test_canonical_json_sorts_keys_and_keeps_letters():
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'


def test_canonical_json_refuses_what_has_no_canonical_form():
    with pytest.raises(TypeError, match="bytes"):
        canonical_json(b"x")


def test_tool_id_does_not_depend_on_the_order_of_params():
    one = Tool(name="a", version="1", params={"x": 1, "y": 2})
    assert one.id == Tool(name="a", version="1", params={"y": 2, "x": 1}).id


def test_tool_id_changes_with_a_param():
    assert Tool(name="a", version="1", params={"x": 1}).id != Tool(name="a", version="1", params={"x": 2}).id


def test_text_id_ignores_the_language_guess():
    assert Text(text="a", language="en").id == Text(text="a", language="und").id


def test_passages_at_two_places_have_two_ids():
    text = Text(text="Tides rise. Tides rise.", language="en")
    first = passage(text, "Tides rise.")
    assert first.id != attrs.evolve(first, start=12, end=23).id


def test_digest_of_bytes_names_its_algorithm():
    assert sha256(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_records_travel_to_workers_with_their_id():
    assert pickle.loads(pickle.dumps(snapshot())).id == snapshot().id


def test_records_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        snapshot().status = 404


def test_wording_of_a_split_quote_joins_its_pieces():
    text = Text(text='"Tides," she said, "rise."', language="en")
    split = attrs.evolve(quote(text, "Tides"), pieces=(Span(1, 6), Span(20, 24)))
    assert split.wording(text.text) == "Tides rise"


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_spans_overlap_when_they_share_a_code_point(a, b, c, d):
    shared = set(range(a, b)) & set(range(c, d))
    if a < b and c < d:
        assert Span(a, b).overlaps(Span(c, d)) == bool(shared)


def test_links_are_equal_by_content():
    assert Link(url="u", anchor="a", span=Span(0, 1)) == Link(url="u", anchor="a", span=Span(0, 1))
