import pickle
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import make_study

from crawler.focus import judge
from crawler.pages import read_page
from crawler.prefilter import MANY_QUOTES, Prefilter
from crawler.terms import terms_of
from kb import study as studies
from kb.claims import Document, Speaker, Study

NEWSROOM = Path(__file__).parents[2] / "examples" / "newsroom"
PAPER = Document(slug="v1", title="A paper", url="https://arxiv.org/abs/2604.01234v1", published_at=None)
STUDY = attrs.evolve(
    make_study(documents=(PAPER,)),
    speakers=(
        Speaker(slug="vale", name="Imke Vale", aliases=(), affiliation=None, role=None),
        Speaker(slug="zoe", name="Zoë Ångström", aliases=(), affiliation=None, role=None),
        Speaker(slug="ivan", name="Иван Петров", aliases=(), affiliation=None, role=None),
    ),
)


def prefilter(*given: Study, many_quotes: int = MANY_QUOTES) -> Prefilter:
    return Prefilter([(study, terms_of(study)) for study in given], many_quotes)


SIFTER = prefilter(STUDY)
TEXT_SIFTER = prefilter(STUDY, many_quotes=0)
"""As for a hundred studies: their quotes are looked for in the text without its markup."""


def found(body: bytes, sifter: Prefilter = SIFTER) -> bool:
    """As both scans say: what the second finds, the first must not have passed over."""
    exact = bool(sifter.studies(body))
    assert sifter.stirs(body) or not exact
    return exact


def escaped(name: str, form: str) -> str:
    return "".join(form % ord(letter) if letter != " " else " " for letter in name)


@pytest.mark.parametrize(
    "body",
    [
        b"said IMKE VALE on Friday",
        b"said Imke&nbsp;Vale on Friday",
        b"said <b>Imke</b>\n\t<a href='/people/1'>Vale</a>",
        b'{"text": "said\\u0020Imke\\u00a0Vale"}',
        b'{"text": "one\\nImke\\nVale"}',
        escaped("Imke Vale", "&#%d;").encode(),
        escaped("Imke Vale", "&#x%X;").encode(),
        escaped("imke vale", "&#x00%x;").encode(),
        b"Im&#107;e V\\u0061le",
        b"Imke<a class='person' href='https://news.example/people/imke-vale?from=story'>Vale</a>",
        escaped("Imke Vale", "\\u%04X").encode(),
        "the glass\u2011echo study".encode(),
        "the Glass\u2014Echo study".encode("cp1252"),
        b"Zo&euml; &Aring;ngstr&ouml;m",
        b"Zo&#235; &#xC5;ngstr&#246;m",
        b'"Zo\\u00eb \\u00c5ngstr\\u00f6m"',
        b"Zoe Angstrom",
        "ZOË ÅNGSTRÖM".encode(),
        "Zoë Ångström".encode("latin-1"),
        "Zoë Ångström".encode("mac-roman"),
        "Zoe\u0308 A\u030angstro\u0308m".encode(),
        "Иван Петров".encode(),
        "ИВАН ПЕТРОВ".encode("cp1251"),
        "Иван Петров".encode("koi8-r"),
        "Иван Петров".encode("iso8859-5"),
        escaped("Иван Петров", "&#%d;").encode(),
        escaped("Иван Петров", "\\u%04x").encode(),
        b'<a href="https://arxiv.org/pdf/2604.01234v3">',
        b'{"url": "https:\\/\\/arxiv.org\\/abs\\/2604.01234"}',
        b"it was <em>pointing at another mirror</em>, and&nbsp;nobody had",
    ],
)
def test_sign_is_found_however_it_is_written(body: bytes) -> None:
    page = b"<p>The council met. " + body + b" And so on.</p>"
    assert found(page)
    assert found(page, TEXT_SIFTER)


@pytest.mark.parametrize(
    "body",
    [
        b"Imke opened a bakery in the vale",
        b"a glass of water, and an echo",
        b"nobody had a window",
        b"2604.0123 and 604.01234",
        b"",
    ],
)
def test_other_text_is_passed_over(body: bytes) -> None:
    assert not found(body)
    assert not found(body, TEXT_SIFTER)


@pytest.mark.parametrize("many_quotes", [0, MANY_QUOTES])
@pytest.mark.parametrize("between", [" ", ", ", "\n", "&nbsp;", "</em> <em>", "\u2014"])
def test_quote_is_found_whatever_stands_between_its_words(between: str, many_quotes: int) -> None:
    said = ["Slow", "careful", "patient", "deliberate", "methodical", "honest", "work", "wins", "in", "the", "end"]
    quote = attrs.evolve(STUDY.quotes[0], text=", ".join(said))
    sifter = prefilter(attrs.evolve(STUDY, quotes=(quote,), speakers=()), many_quotes=many_quotes)
    assert found(b"<p>As she told the council on Tuesday: " + between.join(said).encode(), sifter)


@pytest.mark.parametrize("many_quotes", [0, MANY_QUOTES])
def test_each_study_of_many_has_the_pages_of_its_own_pass(many_quotes: int) -> None:
    words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "islet", "maple", "north", "olive"]
    studies = []
    for at, word in enumerate(words):
        said = " ".join(f"{other}{word}" for other in (*words[at:], *words[:at])[:9])
        speaker = Speaker(slug=word, name=f"{word.title()} Zweibrücken", aliases=(), affiliation=None, role=None)
        quote = attrs.evolve(STUDY.quotes[0], text=f"We saw that {said} was everywhere", speaker=word)
        named = {"slug": word, "title": f"Rising {word.title()} Index", "aliases": (), "documents": ()}
        studies.append(attrs.evolve(STUDY, **named, speakers=(speaker,), quotes=(quote,)))
    together = prefilter(*studies, many_quotes=many_quotes)
    own = [prefilter(study) for study in studies]
    pages = [
        "<p>Rising Heron Index and Rising Maple&nbsp;Index</p>",
        "<p>said Delta Zweibr&uuml;cken, and Zweibrucken, Olive said nothing</p>",
        *(f"<p>As it was told on Tuesday to <i>the council</i>: {study.quotes[0].text.replace(' ', between)}</p>"
          for study in studies[::3] for between in (" ", "<wbr> ", ",\n    "))
    ]  # fmt: skip
    found_in = [together.studies(page.encode()) for page in pages]
    assert found_in == [
        tuple(at for at, sifter in enumerate(own) if sifter.studies(page.encode())) for page in pages
    ]  # fmt: skip
    assert all(found_in)
    assert all(together.stirs(page.encode()) for page in pages)


def test_page_that_calls_nothing_a_tag_is_read_whole() -> None:
    quote = STUDY.quotes[0].text
    sifter = prefilter(attrs.evolve(STUDY, speakers=()), many_quotes=0)
    assert found(quote.encode(), sifter)
    assert found(b"<!-- x -->" + b"<script>var a = 1;</script>" * 9 + quote.encode(), sifter)
    assert not found(b"<p>x</p><script>" + quote.encode() + b" and so on, and on, and on</script>", sifter)


def test_one_large_number_says_nothing_two_do() -> None:
    claim = attrs.evolve(STUDY.claims[0], text="Of 8400 conversations 11,240 sentences were read")
    sifter = prefilter(attrs.evolve(STUDY, claims=(claim,)))
    assert not found(b"It cost 8,400 euros.", sifter)
    assert not sifter.stirs(b"It cost 8,400 euros. And 8,400 more.")
    assert found(b"Of 8,400 talks, 11.240 sentences.", sifter)
    assert not found(b"Of 18,400 talks, 11.2409 sentences.", sifter)
    million = attrs.evolve(claim, text="Of 1,234,567 words 8400 were wrong")
    assert found(b"Of 1.234.567 words, 8,400.", prefilter(attrs.evolve(STUDY, claims=(million,))))


@pytest.mark.parametrize("head", [b"Content-Encoding: gzip", b"content-encoding:br", b"Transfer-Encoding: chunked"])
def test_encoded_body_is_worth_a_look(head: bytes) -> None:
    assert SIFTER.stirs(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + b"\x1f\x8b rubbish")
    assert not SIFTER.stirs(b"HTTP/1.1 200 OK\r\nX-Crawl-" + head + b"\r\n\r\nplain")


def test_wide_letters_are_worth_a_look() -> None:
    assert SIFTER.stirs("Imke Vale".encode("utf-16"))


def test_each_study_is_told_apart_and_the_patterns_travel() -> None:
    other = attrs.evolve(
        STUDY, slug="tides", title="Rising Tides Index", aliases=(), speakers=(), quotes=(), documents=()
    )
    both: Prefilter = pickle.loads(pickle.dumps(prefilter(STUDY, other)))
    assert both.studies(b"Imke Vale") == (0,)
    assert both.studies(b"the Rising Tides index and Glass Echo") == (0, 1)
    again: Prefilter = pickle.loads(pickle.dumps(both))
    assert again.studies(b"Rising Tides Index") == (1,)


@given(st.text(max_size=30), st.sampled_from(["utf-8", "utf-16", "cp1251", "gb18030"]))
def test_any_bytes_around_a_name_leave_it_found(around: str, charset: str) -> None:
    assert found(around.encode(charset, "ignore") + b" Imke Vale " + around.encode(charset, "ignore"))


def test_no_page_of_the_newsroom_that_is_judged_on_the_study_is_passed_over() -> None:
    study = studies.load(NEWSROOM / "claims.yaml")
    terms, sifter = terms_of(study), prefilter(study)
    kept = []
    for path in sorted((NEWSROOM / "sites").rglob("*.html")):
        body = path.read_bytes()
        page = read_page(body, None, "text/html", "https://x.example/a")
        if page and judge(page, terms).relation == "about":
            kept.append(found(body, sifter))
    assert len(kept) > 20
    assert all(kept)


def test_study_of_many_names_is_found_by_each() -> None:
    many = tuple(
        Speaker(slug=f"s{n}", name=f"Ołga Številka {n} Łukasz-O’Neil", aliases=(), affiliation=None, role=None)
        for n in range(30)
    )
    assert found("Ołga Stevilka 17 Łukasz O&rsquo;Neil".encode(), prefilter(attrs.evolve(STUDY, speakers=many)))
