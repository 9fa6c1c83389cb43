from collections.abc import Iterator


def findings(*args: object) -> Iterator[object]:
    return iter(())
