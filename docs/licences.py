"""The licences of all that an installation brings along, as the installed packages state them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

import attrs

PAGE = Path(__file__).parent / "licences.md"
PINNED = Path(__file__).parents[1] / "constraints.txt"

ALLOWED = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "ZPL-2.1",
        "Zlib",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MPL-1.1",
        "MPL-2.0",
    ]
)
"""Ask for notices, or for changes of the package itself to be passed on (LGPL, MPL); none reaches into this project."""

SPDX: Mapping[str, str] = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What packages say that name no SPDX identifier."""

UNSAID: Mapping[str, str] = {"axe-playwright-python": "MIT"}
"""Packages whose metadata are silent; their licence files were read."""

_EXCEPTION = re.compile(r" WITH [\w.-]+")


@attrs.frozen(kw_only=True)
class Package:
    """An installed package."""

    name: str
    licence: str
    """An SPDX expression, as far as what the package says can be read as one."""


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> list[str]:
    """Names of all packages in constraints.txt."""
    return sorted(normal(line.partition("==")[0]) for line in PINNED.read_text("utf-8").split())


def installed(names: Iterable[str]) -> list[Package]:
    """Those of the named packages that are installed here."""
    wanted = set(names)
    found = {normal(each.metadata["Name"]): each for each in distributions()}
    return [Package(name=name, licence=_licence(found[name])) for name in sorted(wanted & found.keys())]


def _licence(package: Distribution) -> str:
    said = package.metadata.json.get("license_expression")
    if said:
        return str(said)
    named = [
        value.rpartition(" :: ")[2]
        for value in package.metadata.get_all("Classifier") or []
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    if not named:
        first = str(package.metadata.json.get("license") or "").strip().partition("\n")[0]
        named = [first or UNSAID.get(normal(package.metadata["Name"]), "")]
    return " AND ".join(SPDX.get(name.casefold(), name) for name in named)


def is_allowed(package: Package) -> bool:
    """Whether each part of its licence, or of alternatives one, is among `ALLOWED`."""
    parts = _EXCEPTION.sub("", package.licence).replace("(", "").replace(")", "").split(" AND ")
    return all(any(one.strip() in ALLOWED for one in part.split(" OR ")) for part in parts)


def page(names: Iterable[str]) -> Iterator[str]:
    """docs/licences.md. A package that this platform or Python does without keeps the row that it had."""
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    rows = dict(re.findall(r"^\| ([\w.-]+) \| (.+) \|$", before, re.MULTILINE))
    rows |= {each.name: each.licence for each in installed(names)}
    yield "# Licences"
    yield ""
    yield "Every package of [constraints.txt](../constraints.txt), direct or brought along, with the licence that its"
    yield "metadata state. Why each direct one is there: [dependencies](dependencies.md). A test fails on a licence"
    yield "that is not in the list of `docs/licences.py`; GPL and AGPL are not."
    yield ""
    yield "| package | licence |"
    yield "|---|---|"
    for name in sorted(names):
        if name in rows:
            yield f"| {name} | {rows[name]} |"
