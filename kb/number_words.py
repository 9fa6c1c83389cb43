"""Words and marks that numbers are written with."""


def listed(names: str, sep: str | None = None) -> tuple[str, ...]:
    """The names in a string: word tables stay readable as running text."""
    return tuple(names.split(sep))


_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
SMALL = {word: float(value) for value, word in enumerate(_ONES)} | {
    word: 10.0 * ten for ten, word in enumerate(_TENS, start=2)
}
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mn": 1e6, "bn": 1e9, "tn": 1e12}
MONEY_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9}
PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
PARTS |= {"fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8}
PARTS |= {"ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10}
LONGEST = 24
"""Characters of a number in digits; longer ones are serial numbers or noise, and overflow."""
MULTIPLES = {"twice": 2.0, "thrice": 3.0, "doubled": 2.0, "tripled": 3.0, "trebled": 3.0, "quadrupled": 4.0}
MULTIPLES |= {"doubling": 2.0, "tripling": 3.0, "halved": 0.5, "halving": 0.5}
CURRENCIES = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee"}
UNITS = {"km": "kilometer", "kg": "kilogram", "mg": "milligram", "g": "gram", "cm": "centimeter", "mm": "millimeter"}
UNITS |= {"ms": "millisecond", "hrs": "hour", "hr": "hour", "mins": "minute", "min": "minute", "secs": "second"}
UNITS |= {"gb": "gigabyte", "tb": "terabyte", "mb": "megabyte", "mph": "mile per hour", "ft": "foot", "lb": "pound"}

_LEFT_HEDGES = listed(
    "no more than|no fewer than|no less than|not more than|more than|less than|fewer than|greater than|as many as"
    "|as few as|as much as|as little as|at least|at most|up to|close to|upwards of|in excess of|an estimated"
    "|an average of|about|around|roughly|approximately|nearly|almost|some|over|under|below|above|estimated"
    "|just over|just under|well over|virtually|practically|barely|~|>|<|≈|≥|≤",
    "|",
)
HEDGES = {tuple(phrase.split()) for phrase in _LEFT_HEDGES}
RIGHT_HEDGES = {("or", "so"), ("or", "more"), ("or", "fewer"), ("or", "less")}
SHARE_BASES = {3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 20.0, 100.0, 1000.0, 10000.0, 100000.0, 1e6}
NO_FRACTION_BEFORE = {"first", "second", "last", "other", "better", "and"}
