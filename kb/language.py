"""The language of a text by its script and function words, for pages and files that declare none."""

from collections import Counter

from kb.text import words

_FUNCTION_WORDS = {
    "en": "the and of to in that is was for with it on as are be this by have not from",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine auch als",
    "fr": "le la les des et du une est dans que pour qui sur pas par plus au avec ce il",
    "es": "el los las del que una por con para como más su al lo pero sus ha este se fue",
    "it": "il di che della per non sono gli con del una dei nel alla anche più delle ha come dal",
    "pt": "não uma os com para por mais das dos como foi ao pelo pela são também seu em um à",
    "nl": "het een van dat niet zijn voor met op aan ook maar om bij naar wordt deze die er uit",
    "sv": "och att det som på är av för inte till med den har om ett hade kan från men under",
    "no": "og det som på er av for ikke til med den har om et kan fra men jeg også etter ble",
    "da": "og det som på er af for ikke til med den har om et kan fra men jeg også efter blev",
    "pl": "się nie na że do jest to jak co od za po przez dla ale był tym już czy są",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _code, _list in _FUNCTION_WORDS.items():
    for _word in _list.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_code)
_SCRIPTS = (
    ("el", "\u0370", "\u03ff"), ("ru", "\u0400", "\u04ff"), ("he", "\u0590", "\u05ff"), ("ar", "\u0600", "\u06ff"),
    ("hi", "\u0900", "\u097f"), ("th", "\u0e00", "\u0e7f"), ("ja", "\u3040", "\u30ff"), ("ko", "\uac00", "\ud7af"),
    ("zh", "\u4e00", "\u9fff"),
)  # fmt: skip
"""Ranges of letters, in code order; Japanese before Chinese, whose characters it also uses."""
_SAMPLE = 4000
_SHARE = 0.08
"""A tenth and more of running text are function words of its language; lists of names have fewer."""


def guess_language(text: str) -> str:
    """ISO 639-1 code, or `und` where neither script nor words tell.

    >>> guess_language("The models that were tested refused to shut down the others, and it was not for long.")
    'en'
    """
    sample = text[:_SAMPLE]
    letters = sum(char.isalpha() for char in sample)
    foreign = [char for char in sample if char >= _SCRIPTS[0][1]]
    for code, low, high in _SCRIPTS if len(foreign) > letters / 5 else ():
        if sum(low <= char <= high for char in foreign) > letters / 5:
            return code
    tokens = words(sample)
    votes = Counter(code for token in tokens for code in _LANGUAGES_OF.get(token, ()))
    best = max(votes, key=lambda code: votes[code], default="und")
    return best if tokens and votes[best] / len(tokens) >= _SHARE else "und"
