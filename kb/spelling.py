"""One key per word whatever its spelling: British or American, contracted, in digits, in look-alike letters.

Two words with the same key are the same word to a reader. Keys are for comparing only, never for
showing: some are no English (`licence` and `license` both become `licens`).
"""

import re
import unicodedata
from functools import lru_cache

from kb.text import unicode_form


def listed(words: str) -> tuple[str, ...]:
    """The words of a string: word tables stay readable as running text."""
    return tuple(words.split())


# Cyrillic and Greek letters that a reader takes for Latin ones.
_CYRILLIC = dict(zip("аеорсухіјѕԁһӏвкмнтԛԝАВЕКМНОРСТУХІЈЅ", "aeopcyxijsdhlbkmhtqwABEKMHOPCTYXIJS", strict=True))
_GREEK = dict(zip("αορνικυτχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aopvikutxABEZHIKMNOPTYX", strict=True))
_LATIN = {"ı": "i", "ɡ": "g", "ɑ": "a", "ⅼ": "l", "ʼ": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "'", "´": "'"}
_LOOKALIKES = str.maketrans(_CYRILLIC | _GREEK)
_TYPOGRAPHY = str.maketrans(_LATIN)

_IRREGULAR = {
    "won't": ("will", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("is", "not"),
    "let's": ("let", "us"),
    "i'm": ("i", "am"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "'em": ("them",),
    "cos": ("because",),
    "cuz": ("because",),
    "till": ("until",),
    "towards": ("toward",),
    "afterwards": ("afterward",),
    "forwards": ("forward",),
    "backwards": ("backward",),
    "whilst": ("while",),
    "amongst": ("among",),
    "amidst": ("amid",),
    "ok": ("okay",),
    "programme": ("program",),
    "programmes": ("programs",),
    "grey": ("gray",),
    "sceptic": ("skeptic",),
    "sceptics": ("skeptics",),
    "sceptical": ("skeptical",),
    "scepticism": ("skepticism",),
    "ageing": ("aging",),
    "judgement": ("judgment",),
    "judgements": ("judgments",),
    "acknowledgement": ("acknowledgment",),
    "artefact": ("artifact",),
    "artefacts": ("artifacts",),
    "tyre": ("tire",),
    "tyres": ("tires",),
    "cheque": ("check",),
    "aluminium": ("aluminum",),
    "mould": ("mold",),
    "plough": ("plow",),
    "learnt": ("learned",),
    "burnt": ("burned",),
    "spelt": ("spelled",),
    "dreamt": ("dreamed",),
    "leant": ("leaned",),
    "percent": ("%",),
    "us$": ("$",),
    "usa": ("united", "states"),
    "okay": ("okay",),
    "maths": ("math",),
    "practise": ("practice",),
    "practised": ("practiced",),
    "practising": ("practicing",),
    "pretence": ("pretense",),
    "enrol": ("enroll",),
    "fulfil": ("fulfill",),
    "skilful": ("skillful",),
    "manoeuvre": ("maneuver",),
    "manoeuvres": ("maneuvers",),
}
_INITIALISMS = {
    "US": ("united", "states"),
    "USA": ("united", "states"),
    "UK": ("united", "kingdom"),
    "AI": ("artificial", "intelligence"),
    "EU": ("european", "union"),
    "UN": ("united", "nations"),
}
_SUFFIXES = {"'re": "are", "'ve": "have", "'ll": "will", "'d": "would", "n't": "not"}
_IS_HOSTS = frozenset(listed("it he she that there here what who where how when why this everything something nothing"))

_RE_ENDING = {
    "centre": "center", "metre": "meter", "litre": "liter", "fibre": "fiber", "theatre": "theater",
    "calibre": "caliber", "spectre": "specter", "sabre": "saber", "lustre": "luster", "meagre": "meager",
    "sombre": "somber", "kilometre": "kilometer", "centimetre": "centimeter", "millimetre": "millimeter",
    "nanometre": "nanometer", "epicentre": "epicenter",
}  # fmt: skip
_DIGRAPHS = (
    ("paed", "ped"), ("anaes", "anes"), ("haem", "hem"), ("leukaem", "leukem"), ("oestr", "estr"),
    ("foet", "fet"), ("oesoph", "esoph"), ("diarrhoe", "diarrhe"), ("archaeo", "archeo"), ("encyclopae", "encyclope"),
    ("gynaec", "gynec"), ("orthopae", "orthope"), ("caes", "ces"), ("manoeuv", "maneuv"),
)  # fmt: skip
_OUR = re.compile(r"^(\w{3,}?|od)our(|s|ed|ing|al|ally|able|ful|ite|ites|hood|hoods|less|er|ers|ist|ists)$")
_ISE = re.compile(r"^(\w{3,}?)is(e|es|ed|ing|er|ers|ation|ations|ational)$")
_YSE = re.compile(r"^(\w{2,})ys(e|es|ed|ing|er|ers)$")
_DOUBLE_L = re.compile(r"^(\w{0,20}[aeiou]\w{0,20}[aeiou])ll(ed|ing|er|ers|ings|ation|ations|ment|ments)$")
_OGUE = re.compile(r"^(\w{2,})ogue(s?)$")
_ENCE = re.compile(r"^(def|off|lic|pret)ence(s|d)?$")


def unmask(text: str) -> str:
    """Compatibility forms, invisible characters and look-alike letters undone; accents kept.

    Look-alikes are swapped only where Latin letters prevail, so Russian or Greek text stays itself.

    >>> unmask("mоdеls")
    'models'
    """
    text = unicode_form("NFKC", text).translate(_TYPOGRAPHY)
    if text.isascii():
        return text
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    latin = sum("a" <= c <= "z" or "A" <= c <= "Z" for c in text)
    return text.translate(_LOOKALIKES) if 2 * latin > sum(map(str.isalpha, text)) else text


def plain(word: str) -> str:
    """Case-folded, without accents."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    return "".join(c for c in unicode_form("NFD", folded) if not unicodedata.combining(c))


def keys(word: str) -> tuple[str, ...]:
    """The keys of one printed word; several for a contraction or an initialism.

    >>> keys("Behaviour"), keys("isn't"), keys("AI")
    (('behavior',), ('is', 'not'), ('artificial', 'intelligence'))
    """
    if word in _INITIALISMS:
        return _INITIALISMS[word]
    low = plain(word)
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    for suffix, full in _SUFFIXES.items():
        if low.endswith(suffix) and len(low) > len(suffix):
            return (one_spelling(low[: -len(suffix)]), full)
    if low.endswith("'s"):
        host = low[:-2]
        return (host, "is") if host in _IS_HOSTS else (one_spelling(host), "'s")
    return (one_spelling(low.strip("'")),)


@lru_cache(maxsize=65_536)
def one_spelling(word: str) -> str:
    """British and American spelling brought to one form.

    >>> [one_spelling(w) for w in ("organised", "colour", "modelling", "defence", "hour", "filled")]
    ['organized', 'color', 'modeling', 'defense', 'hour', 'filled']
    """
    if len(word) < 5 or not word.isascii():
        return word
    if word.removesuffix("s") in _RE_ENDING:
        return _RE_ENDING[word.removesuffix("s")] + "s" * word.endswith("s")
    for british, american in _DIGRAPHS:
        if word.startswith(british):
            return american + word[len(british) :]
    for pattern, form in (
        (_OUR, r"\1or\2"),
        (_ISE, r"\1iz\2"),
        (_YSE, r"\1yz\2"),
        (_DOUBLE_L, r"\1l\2"),
        (_ENCE, r"\1ense\2"),
        (_OGUE, r"\1og\2"),
    ):
        changed = pattern.sub(form, word)
        if changed != word:
            return changed
    return word


@lru_cache(maxsize=65_536)
def stem(key: str) -> str:
    """A key without its inflection: `models`, `model's` and `modeled` share `model`. Crude on purpose.

    >>> [stem(w) for w in ("models", "studies", "misaligned", "running", "this", "does")]
    ['model', 'study', 'misalign', 'run', 'this', 'doe']
    """
    if len(key) < 5 or not key.isalpha():
        return key[:-1] if len(key) == 4 and key.endswith("s") and not key.endswith(("ss", "is", "us")) else key
    for ending, swap in (("ies", "y"), ("ied", "y"), ("ingly", ""), ("edly", ""), ("ing", ""), ("ed", "")):
        base = key[: -len(ending)]
        if key.endswith(ending) and len(base) >= 3 and re.search("[aeiouy]", base):
            return _undouble(base + swap)
    if key.endswith(("sses", "shes", "ches", "xes")):
        return key[:-2]
    if key.endswith("s") and not key.endswith(("ss", "us", "is")):
        key = key[:-1]
    return key[:-1] if key.endswith("e") and len(key) > 4 else key


def stemmed(words: str) -> frozenset[str]:
    """Stems of a word list, written as running text."""
    return frozenset(map(stem, listed(words)))


def _undouble(base: str) -> str:
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base[:-1] if base.endswith("e") and len(base) > 4 else base
