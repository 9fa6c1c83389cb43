from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kb.blocks import read_blocks
from kb.bylines import clean_bylines, is_person
from kb.dates import Moment, first_sane, read_date
from kb.decode import decode, parse
from kb.headline import choose_title, strip_site
from kb.metadata import Metadata, read_metadata

PAGES = Path(__file__).parent / "pages"


def read(html: str, url: str = "https://www.post.example/news/1") -> Metadata:
    tree = parse(html)
    assert tree is not None
    return read_metadata(tree, list(read_blocks(tree)), url=url)


def golden(name: str) -> Metadata:
    return read((PAGES / name / "page.html").read_text("utf-8"))


def ld(**fields: str) -> str:
    inner = ",".join(f'"{key}":{value}' for key, value in fields.items())
    return f'<script type="application/ld+json">{{"@type":"NewsArticle",{inner}}}</script>'


def test_authors_by_reference_are_resolved() -> None:
    assert golden("boxes").bylines == ("Mara Lindqvist", "Tomas Okafor")


def test_visible_byline_is_read_where_none_is_declared() -> None:
    assert golden("visible").bylines == ("Joan Abernathy",)


@pytest.mark.parametrize(
    "line", ["Posted on March 4, 2026 by Joan Abernathy", "04.03.2026 | 14:07 Uhr | Von Joan Abernathy"]
)
def test_byline_behind_the_date_is_read(line: str) -> None:
    assert read(f"<h1>Lanterns cross the weir at night</h1><p>{line}</p>").bylines == ("Joan Abernathy",)


def test_visible_date_is_read_where_none_is_declared() -> None:
    published = golden("visible").published
    assert published is not None
    assert (published.at, published.precision) == (datetime(2026, 4, 2, 18, 45, tzinfo=UTC), "minute")


def test_site_name_is_cut_from_the_title() -> None:
    assert golden("visible").title == "Lanterns over the weir"


def test_canonical_address_of_another_site_is_not_ours() -> None:
    html = '<link rel="canonical" href="https://elsewhere.example.org/a">'
    assert read(html).canonical_url is None


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://www.evil.co.uk/a", "https://www.ledger.co.uk/2026/a"),
        ("https://evil.github.io/a", "https://ledger.github.io/2026/a"),
        ("http://10.9.0.1/a", "http://127.1.0.1/2026/a"),
    ],
)
def test_a_neighbour_below_one_public_suffix_is_another_site(url: str, named: str) -> None:
    """Its words would stand under the other's address."""
    assert read(f'<link rel="canonical" href="{named}">', url=url).canonical_url is None


@pytest.mark.parametrize("url", ["https://m.ledger.co.uk/a", "https://ledger.co.uk/a"])
def test_subdomains_below_a_public_suffix_are_one_site(url: str) -> None:
    named = "https://www.ledger.co.uk/2026/a"
    assert read(f'<link rel="canonical" href="{named}">', url=url).canonical_url == named


def test_canonical_address_that_is_the_front_page_is_a_slip() -> None:
    assert read('<link rel="canonical" href="https://www.post.example/">').canonical_url is None


def test_relative_canonical_address_is_made_absolute() -> None:
    assert read('<link rel="canonical" href="/news/one">').canonical_url == "https://www.post.example/news/one"


def test_json_ld_date_comes_before_the_meta_element() -> None:
    html = ld(datePublished='"2026-01-02T03:04:05Z"') + '<meta property="article:published_time" content="2025-01-01">'
    published = read(html).published
    assert published is not None
    assert published.raw == "2026-01-02T03:04:05Z"


def test_video_date_does_not_stand_for_the_article() -> None:
    video = '<script type="application/ld+json">{"@type":"VideoObject","uploadDate":"2020-01-01"}</script>'
    published = read(video + '<meta property="article:published_time" content="2026-01-02">').published
    assert published is not None
    assert published.at.year == 2026


def test_article_that_shares_the_heading_is_the_page_s_own() -> None:
    other = ld(headline='"Choir looks for tenors"', datePublished='"2020-01-01"')
    own = ld(headline='"Bridge closes"', datePublished='"2026-01-01"')
    assert read(other + own + "<h1>Bridge closes</h1>").linked.published == "2026-01-01"  # type: ignore[union-attr]


def test_script_with_trailing_comma_is_read() -> None:
    html = '<script type="application/ld+json">{"@type":"Article","headline":"Bridge closes",}</script>'
    assert read(html).title == "Bridge closes"


def test_licence_link_is_kept() -> None:
    html = '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY</a>'
    assert read(html).license == "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("By Jane Roe", ("Jane Roe",)),
        ("Jane Roe, Staff Writer", ("Jane Roe",)),
        ("JANE ROE and JOHN DOE", ("Jane Roe", "John Doe")),
        ("Words by Jane Roe for the Daily Post", ("Jane Roe",)),
        ("Jane Roe, PhD, MPH", ("Jane Roe",)),
        ("https://www.facebook.com/dailypost", ()),
        ("jane@dailypost.example", ()),
        ("Reuters", ("Reuters",)),
        ("admin", ()),
        ("Jane Roe; Roe", ("Jane Roe",)),
        ("Von Jörg Müller und Anna-Lena Groß", ("Jörg Müller", "Anna-Lena Groß")),
        ("牛镛", ("牛镛",)),
        ("Oyelaran, Marit K.", ("Marit K. Oyelaran",)),
        ("OYELARAN, MARIT K.", ("Marit K. Oyelaran",)),
        ("By Oyelaran, M. K., Staff Writer", ("M. K. Oyelaran",)),
        ("van der Berg, J.", ("J. van der Berg",)),
        ("Roe, Jane, PhD", ("Jane Roe",)),
        ("Roe, Jane; Vos, Jan P.", ("Jane Roe", "Jan P. Vos")),
        ("Roe, Jane and Vos, Jan P.", ("Jane Roe", "Jan P. Vos")),
        ("Roe, Jane K., Vos, Jan P.", ("Jane K. Roe", "Jan P. Vos")),
        ("Marit Oyelaran, Jan Vos", ("Marit Oyelaran", "Jan Vos")),
        ("Marit Oyelaran, Jan K. Vos", ("Marit Oyelaran", "Jan K. Vos")),
        ("Jane K. Roe, Vos", ("Jane K. Roe", "Vos")),
        ("Oyelaran, Qwertha", ("Oyelaran",)),
        ("Jane, John", ("Jane",)),
        ("Jane Roe, John Doe, and Ana Ruiz", ("Jane Roe", "John Doe", "Ana Ruiz")),
        ("", ()),
    ],
)
def test_bylines_are_names(raw: str, expected: tuple[str, ...]) -> None:
    assert clean_bylines([raw]) == expected


def test_outlet_is_no_author_beside_a_person() -> None:
    assert clean_bylines(["The Daily Post", "Jane Roe"], ["The Daily Post"]) == ("Jane Roe",)


@pytest.mark.parametrize("text", ["Science Desk", "5 April 2026", "Read more", "the quick brown fox jumps over it"])
def test_no_person_is_made_of_other_words(text: str) -> None:
    assert not is_person(text)


@pytest.mark.parametrize(
    ("raw", "iso", "precision"),
    [
        ("2026-03-04T10:20:30Z", "2026-03-04T10:20:30+00:00", "second"),
        ("2026-03-04T10:20-05:00", "2026-03-04T15:20:00+00:00", "minute"),
        ("2026-03-04 10:20:30.123 UTC", "2026-03-04T10:20:30+00:00", "second"),
        ("20260304", "2026-03-04T00:00:00+00:00", "day"),
        ("1772619630", "2026-03-04T10:20:30+00:00", "second"),
        ("Wed, 04 Mar 2026 10:20:30 +0100", "2026-03-04T09:20:30+00:00", "second"),
        ("March 4th, 2026 at 5:06 PM EST", "2026-03-04T22:06:00+00:00", "minute"),
        ("4. März 2026, 17:06", "2026-03-04T17:06:00+00:00", "minute"),
        ("4 de marzo de 2026", "2026-03-04T00:00:00+00:00", "day"),
        ("03/25/2026", "2026-03-25T00:00:00+00:00", "day"),
        ("04.03.2026", "2026-03-04T00:00:00+00:00", "day"),
        ("Mar 4, 2026 3:57 PM", "2026-03-04T15:57:00+00:00", "minute"),
        ("By Joan RoeMarch 4, 2026", "2026-03-04T00:00:00+00:00", "day"),
        ("5 de março de 2026", "2026-03-05T00:00:00+00:00", "day"),
        ("2026年3月4日", "2026-03-04T00:00:00+00:00", "day"),
        ("November 2025", "2025-11-01T00:00:00+00:00", "month"),
    ],
)
def test_dates_are_read_with_their_precision(raw: str, iso: str, precision: str) -> None:
    moment = read_date(raw)
    assert moment is not None
    assert (moment.at.isoformat(), moment.precision) == (iso, precision)


@pytest.mark.parametrize("raw", ["", "yesterday", "03/04/2026", "2026-13-45", "9" * 400, "May", None])
def test_what_is_no_clear_date_is_none(raw: str | None) -> None:
    assert read_date(raw) is None


HEADLINE = "<h1>Lanterns cross the weir at night</h1>"


def published(html: str) -> Moment | None:
    return read(HEADLINE + html).published


def stated(moment: str) -> str:
    return ld(datePublished=f'"{moment}"')


def test_change_day_alone_is_no_publication() -> None:
    page = read(f"{HEADLINE}<p>Updated on March 4, 2026</p>")
    assert page.published is None
    assert page.modified is not None
    assert page.modified.day == date(2026, 3, 4)


def test_label_in_the_line_above_names_the_kind_of_date() -> None:
    page = read(f"{HEADLINE}<p>Last updated:</p><p>March 4, 2026</p>")
    assert (page.published, page.modified is None) == (None, False)


def test_line_with_both_dates_gives_both() -> None:
    page = read(f"{HEADLINE}<p>Updated March 6, 2026 | Published March 4, 2026</p>")
    assert page.published is not None
    assert page.modified is not None
    assert (page.published.day, page.modified.day) == (date(2026, 3, 4), date(2026, 3, 6))


def test_time_element_of_a_change_is_no_publication() -> None:
    html = "<p>Updated <time datetime='2026-03-06T10:00:00Z'>6 March</time></p>"
    first = "<p>Posted <time datetime='2026-03-04T10:00:00Z'>4 March</time></p>"
    moment = published(html + first)
    assert moment is not None
    assert moment.day == date(2026, 3, 4)


@pytest.mark.parametrize("shown", ["March 4, 2026 11:30 PM EST", "March 4, 2026"])
def test_day_is_that_which_the_page_shows(shown: str) -> None:
    moment = published(stated("2026-03-05T04:30:10Z") + f"<p>{shown}</p>")
    assert moment is not None
    assert (moment.at, moment.day) == (datetime(2026, 3, 5, 4, 30, 10, tzinfo=UTC), date(2026, 3, 4))


def test_next_day_that_no_zone_explains_is_not_taken() -> None:
    moment = published(stated("2026-03-05T04:30:10Z") + "<p>March 6, 2026</p>")
    assert moment is not None
    assert moment.day == date(2026, 3, 5)


def test_day_written_as_midnight_stays_that_day() -> None:
    moment = published(stated("2026-03-05T00:00:00Z") + "<p>March 4, 2026</p>")
    assert moment is not None
    assert moment.day == date(2026, 3, 5)


def test_day_refines_the_month() -> None:
    moment = first_sane(["March 2026", "2026-03-04"], None)
    assert moment is not None
    assert (moment.day, moment.precision) == (date(2026, 3, 4), "day")


def test_time_of_the_same_day_refines_the_day() -> None:
    moment = first_sane(["2026-03-04", "2026-03-04T10:20:30Z"], None)
    assert moment is not None
    assert moment.precision == "second"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Models go awry | The Daily", "Models go awry"),
        ("The Daily - Models go awry", "Models go awry"),
        ("Models go awry – Science – The Daily", "Models go awry – Science"),
        ("Jekyll - and Hyde", "Jekyll - and Hyde"),
        ("The Daily", "The Daily"),
    ],
)
def test_site_is_stripped_only_where_it_stands_apart(title: str, expected: str) -> None:
    assert strip_site(title, {"the daily"}) == expected


def test_shown_heading_is_preferred_to_the_search_title() -> None:
    assert choose_title(["Models go awry in court"], ["Why models go awry | The Daily"], None, ["The Daily"]) == (
        "Models go awry in court"
    )


def test_heading_that_is_the_outlet_s_name_is_no_title() -> None:
    assert choose_title(["The Daily"], ["Models go awry"], None, ["The Daily"]) == "Models go awry"


@pytest.mark.parametrize(
    ("body", "charset", "expected"),
    [
        ("né".encode(), "iso-8859-1", "né"),
        ("né".encode("latin-1"), None, "né"),
        ("日本語".encode("shift_jis"), "shift_jis", "日本語"),
        ("né".encode("utf-16"), None, "né"),
        (b"\xef\xbb\xbfn\xc3\xa9", "ascii", "né"),
        (b'<meta charset="windows-1251">' + "мир".encode("cp1251"), None, '<meta charset="windows-1251">мир'),
    ],
)
def test_bytes_become_the_characters_meant(body: bytes, charset: str | None, expected: str) -> None:
    assert decode(body, charset) == expected
