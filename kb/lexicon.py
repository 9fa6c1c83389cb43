"""Word lists, written as running text."""


def listed(text: str) -> frozenset[str]:
    """The words of a list.

    >>> sorted(listed("say tell"))
    ['say', 'tell']
    """
    return frozenset(text.split())
