"""Whose a host is."""

from urllib.parse import SplitResult

from tld import get_fld


def owner_of(host: str | None) -> str:
    """What one owner has, by the list of public suffixes: everybody's `co.uk` and `github.io` is none. The last two
    labels where the list knows no suffix; of a number all.

    >>> [owner_of(host) for host in ("amp.ledger.co.uk", "desk.github.io", "a.b.invalid", "127.0.0.1", None)]
    ['ledger.co.uk', 'desk.github.io', 'b.invalid', '127.0.0.1', '']
    """
    name = (host or "").lower()
    labels = name.split(".")
    if labels[-1].isdigit() or ":" in name:
        return name
    return get_fld(f"http://{name}", fail_silently=True, search_private=True) or ".".join(labels[-2:])


def may_name(named: SplitResult, here: SplitResult) -> bool:
    """Whether a page at one address may name another as its own: one of the same owner, and no front page for all."""
    front = named.path in ("", "/") and here.path not in ("", "/")
    return owner_of(named.hostname) == owner_of(here.hostname) and not front
