"""WordNet's database files -> kb/wordnet: opposites, and the past forms that no ending gives."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kb import spelling

OUT = Path("kb/wordnet")
_KINDS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_WORD = re.compile(r"[a-z]{2,}")
_MARK = re.compile(r"\((?:a|p|ip)\)$")
"""Where an adjective may stand: `galore(ip)`."""

Places = Mapping[tuple[str, str], list[str]]


def run(data: Path, out: Path = OUT) -> dict[str, Any]:
    """Write opposites.txt and irregular.txt from WordNet 3.0's `data.*` and `verb.exc`.

    `--data`: the folder that holds them (Debian's package wordnet-base has it as /usr/share/wordnet). The format
    is that of the manual page wndb(5WN).
    """
    words = dict(_words(data))
    pairs = sorted({tuple(sorted(pair)) for pair in _opposites(data, words)})
    past = sorted(_irregular(data))
    _write(out / "opposites.txt", pairs)
    _write(out / "irregular.txt", past)
    return {"opposites": len(pairs), "irregular": len(past)}


def _synsets(data: Path) -> Iterator[tuple[str, list[str]]]:
    """The part of speech and fields of every entry, its gloss left out."""
    for name, kind in _KINDS.items():
        for line in (data / f"data.{name}").read_text(encoding="latin-1").splitlines():
            if not line.startswith("  "):
                yield kind, line.split(" | ")[0].split()


def _words(data: Path) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for kind, fields in _synsets(data):
        count = int(fields[3], 16)
        yield (kind, fields[0]), [_MARK.sub("", fields[4 + 2 * at]).lower() for at in range(count)]


def _opposites(data: Path, words: Places) -> Iterator[tuple[str, str]]:
    """Pairs of single words that an entry calls antonyms."""
    for kind, fields in _synsets(data):
        first = 4 + 2 * int(fields[3], 16)
        for at in range(int(fields[first])):
            sign, place, other, ends = fields[first + 1 + 4 * at : first + 5 + 4 * at]
            if sign == "!":
                one = words[kind, fields[0]][int(ends[:2], 16) - 1]
                two = words[other, place][int(ends[2:], 16) - 1]
                if _WORD.fullmatch(one) and _WORD.fullmatch(two):
                    yield one, two


def _irregular(data: Path) -> Iterator[tuple[str, str]]:
    """Forms of verbs whose stem is not that of the verb."""
    for line in (data / "verb.exc").read_text(encoding="latin-1").splitlines():
        form, verb = line.split()[:2]
        if _WORD.fullmatch(form) and _WORD.fullmatch(verb) and spelling.stem(form) != spelling.stem(verb):
            yield form, verb


def _write(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    path.write_text("".join(f"{' '.join(row)}\n" for row in rows), encoding="ascii")
