"""Pages that are made to hurt whoever reads them: each grows with a size, and none has anything to say."""

from collections.abc import Callable

WORDS = "The lanterns crossed the weir on Thursday evening and nobody said a word about it until the morning came. "
OPENING = f"<h1>Lanterns</h1><p>{WORDS * 3}</p>"
"""An article, so that what stands beside it is read too."""

Builder = Callable[[int], bytes]


def _beside(part: Callable[[int], str]) -> Builder:
    return lambda size: (OPENING + part(size)).encode("utf-8", "surrogatepass")


def _bare(part: Callable[[int], bytes]) -> Builder:
    return part


def _tags(opening: str, closing: str = "", each: int = 1) -> Builder:
    return _beside(lambda size: opening * (size // each) + "x" + closing * (size // each))


def _linked(size: int) -> str:
    return "".join(f'<a href="/story/{number}">Story number {number} of the weir</a> ' for number in range(size // 40))


def _attributes(size: int) -> str:
    return "<div " + " ".join(f'a{number}="x"' for number in range(size // 8)) + ">words here</div>"


def _rows(size: int) -> str:
    return f"<table>{'<tr><td>1,234</td><td>Weir</td></tr>' * (size // 36)}</table>"


def _block(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def _graph(size: int) -> str:
    node = '{"@type":"NewsArticle","@id":"#%d","headline":"Weir %d","author":{"@id":"#%d"}}'
    return _block("[" + ",".join(node % (at, at, at + 1) for at in range(size // 80)) + "]")


def _of(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece))


PAGES: dict[str, Builder] = {
    # --- markup ---
    "nested divs": _tags("<div>", "</div>", 11),
    "unclosed divs": _tags("<div>", each=5),
    "nested inline": _tags("<b><i>", "</i></b>", 13),
    "nested lists": _tags("<ul><li>", "</li></ul>", 17),
    "nested tables": _tags("<table><tr><td>", "</td></tr></table>", 33),
    "nested quotes": _tags("<blockquote><p>He said so. ", "</p></blockquote>", 44),
    "misnested": _tags("<p><b></p><i><div></b>", each=22),
    "attributes": _beside(_attributes),
    "attributes over many tags": _beside(_of("<p a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 class='x y z' id=q>word</p>")),
    "long attribute": _beside(lambda size: f'<div class="{"related " * (size // 8)}">word</div>'),
    "open tags without end": _beside(_of("<a b")),
    "open angles": _beside(_of("<")),
    "open comment": _beside(lambda size: "<!--" + "-!-" * (size // 3)),
    "comments": _beside(_of("<!-- x -->")),
    "links": _beside(_linked),
    "links in one line": _beside(lambda size: f"<p>{_linked(size)}</p>"),
    "nested links": _beside(_of("<a href=/x>weir <b>")),
    "table": _beside(_rows),
    "headings": _beside(_of("<h2>Lanterns</h2>")),
    "same headlines": _beside(_of("<h1>Lanterns</h1>")),
    "times": _beside(_of("<time datetime='2026-03-04'>u</time>")),
    "bylines": _beside(_of("<span class=byline>By Joan Roe</span><br>")),
    "metas": _beside(_of('<meta name="author" content="By Joan Roe and Ann Poe">')),
    "one long meta": _beside(lambda size: f'<meta name="author" content="By {"Joan Roe, " * (size // 10)}">'),
    "one long date": _beside(lambda size: f'<meta name="date" content="{"2026-03-" * (size // 8)}">'),
    "long title": _bare(lambda size: f"<title>{'Lanterns - ' * (size // 11)}</title>{OPENING}".encode()),
    "plaintext": _beside(lambda size: "<plaintext>" + "<div>word " * (size // 10)),
    "templates": _tags("<template><p>words", "</p></template>", 33),
    "frames": _beside(_of("<iframe src=/x><iframe srcdoc='<p>x'></iframe>")),
    "svg": _tags("<svg><g>", "</g></svg>", 17),
    "entities": _beside(_of("&#x201c;&amp;lt;&quot;&nbsp;&#0;&#xd800;&notit;")),
    "entity without end": _beside(_of("&#1")),
    "paragraphs": _beside(_of(f"<p>{WORDS}</p>")),
    "distinct paragraphs": _beside(
        lambda size: "".join(f"<p>{WORDS.replace('word', f'word {at}')}</p>" for at in range(size // 120))
    ),
    "breaks": _beside(_of("word<br>")),
    "list items": _beside(_of("<li>weir and lantern number one and two</li>")),
    "comment boxes": _beside(_of("<div class=comment><p>I saw the lanterns cross it too.</p></div>")),
    # --- JSON-LD ---
    "blocks of JSON-LD": _beside(_of(_block('{"@type":"NewsArticle","headline":"Weir","author":"Joan Roe"}'))),
    "one graph": _beside(_graph),
    "deep JSON-LD": _beside(lambda size: _block('{"@graph":[' * (size // 11))),
    "deep lists": _beside(lambda size: _block("[" * (size // 2) + "]" * (size // 2))),
    "commas of JSON-LD": _beside(lambda size: _block('{"a":[1' + ",    " * (size // 5) + "x}")),
    "backslashes of JSON-LD": _beside(lambda size: _block('{"a":"' + "\\x" * (size // 2) + '"}')),
    "values in a row": _beside(lambda size: _block('{"a":1};' * (size // 8))),
    "values then a slip": _beside(lambda size: _block('{"a":1},' * (size // 8) + "{")),
    "long numbers": _beside(lambda size: _block(f'{{"@type":"Report","wordCount":{"1" * size}}}')),
    "article body": _beside(
        lambda size: _block(f'{{"@type":"NewsArticle","headline":"Lanterns","articleBody":"{WORDS * (size // 106)}"}}')
    ),
    # --- encodings ---
    "stacked accents": _beside(lambda size: "<p>a" + "\u0301\u0327" * (size // 4) + "</p>"),
    "stacked accents as entities": _beside(_of("&#x301;&#x327;")),
    "blanks": _beside(lambda size: "<p>word" + " \u00a0\u2003" * (size // 6) + "word</p>"),
    "bidi": _beside(_of("\u202eabc\u202c\u2066def\u2069 ")),
    "zero width": _beside(_of("a\u200b\u200d\u2060")),
    "look-alikes": _beside(_of("Јоаn Rое ѕаіd ")),
    "quotation marks": _beside(_of("“")),
    "quotations": _beside(_of("“We said so,” she said. ")),
    "one long line": _beside(_of("lanterns and weirs and so on ")),
    "corrections": _beside(_of("<p>Correction: An earlier version of this article misstated it.</p>")),
    "utf-16 without a mark": _bare(lambda size: (OPENING + "<p>word</p>" * (size // 22)).encode("utf-16-le")),
    "utf-7": _bare(lambda size: b"<meta charset=utf-7>" + b"+AGEAYg-" * (size // 8)),
    "shift-jis as utf-8": _bare(
        lambda size: b"<meta charset=utf-8>" + ("日本語の記事です。" * (size // 18)).encode("shift_jis")
    ),
    "high bytes": _bare(lambda size: OPENING.encode() + bytes(range(128, 256)) * (size // 128)),
    "broken utf-8": _beside(lambda size: "\udce9 ve\udcff" * (size // 8)),
    "nul": _beside(_of("wo\x00rd\x00 ")),
    "controls": _beside(_of("a\x01\x02\x1b[31m\x7f\x85 ")),
    "charset names": _bare(lambda size: b"<meta charset=" + b"x" * size + b">" + OPENING.encode()),
}
"""Pages by kind."""

TEXTS: dict[str, Callable[[int], str]] = {
    "no full stop": _of("lanterns and weirs and so on "),
    "no blank": _of("lantern"),
    "full stops": _of("."),
    "opening marks": _of("“"),
    "closing marks": _of("”"),
    "straight marks": _of('"'),
    "marks and words": _of('"word '),
    "single marks": _of("'word "),
    "guillemets": _of("« mot "),
    "low marks": _of("„Wort "),
    "many quotes": _of("“We said so ourselves,” she said. "),
    "many speakers": _of("“We said so ourselves,” Joan Roe said. "),
    "nested marks": _of("“We ‘said “so’ ourselves” "),
    "one open quote": lambda size: "“" + "We said so ourselves and more. " * (size // 31),
    "open quotes by line": _of("“We said so ourselves and more\n"),
    "capitals": _of("A"),
    "names": _of("Joan Roe "),
    "names in a row": _of("Joan Roe, Ann Poe, "),
    "titles": _of("Dr. Prof. Mr. "),
    "said": _of("said "),
    "according": _of("according to "),
    "cues and names": _of("said Joan Roe said "),
    "interview": _of("Q: Why so?\nA: It was so.\n"),
    "turns": _of("Roe: It was so.\nPoe: It was not.\n"),
    "dashes": _of("– It was so, she said.\n"),
    "commas": _of(","),
    "parentheses": _of("("),
    "closed parentheses": _of("(a) "),
    "brackets": _of("[…] "),
    "digits": _of("1"),
    "numbers": _of("1,234.5 % of 7 "),
    "number words": _of("hundred thousand million "),
    "hyphens": _of("a-"),
    "apostrophes": _of("a’"),
    "addresses": _of("https://weir.example/a?b=c&d "),
    "blanks": _of(" \u00a0\u2003"),
    "line ends": _of("\r\n\u2028\x85"),
    "zero width": _of("a\u200b\u200d\u2060"),
    "bidi": _of("\u202eabc\u202c\u2066def\u2069 "),
    "accents": lambda size: "a" + "\u0301\u0327" * (size // 2),
    "look-alikes": _of("Јоаn Rое ѕаіd "),
    "full width": _of("Ｊｏａｎ　"),
    "Han": _of("记者说他们"),
    "emoji": _of("👩\u200d👩\u200d👧 "),
    "corrections": _of("An earlier version of this article \n"),
    "updates": _of("Updated: 4 March 2026\n"),
    "credits": _of("(Reporting by Joan Roe; Editing by Ann Poe) "),
    "first told": _of("told the Weir Times in an interview "),
}
"""Running text by kind."""
