"""What can go wrong, and the exit code each kind leads to.

    RetoldError
    ├── UserError    exit 2   bad input or usage: the message says what to change
    │   ├── StudyError        claims.yaml, with file and line
    │   └── IndexBusyError    another process has the vector index
    ├── DataError    exit 3   what is on disk is damaged
    │   ├── DigestError       bytes differ from the digest recorded for them
    │   └── UnstorableError   a derived record that the record store cannot hold
    └── CrawlError   exit 4   the crawl could not run at all
        ├── BusyError         another process is at work on the same data
        └── LostError         the record store's or the index's server went away in the middle

A page that is no article is not an error: stages return `Rejected` with a code.
"""


class RetoldError(Exception):
    """Base of every error that retold raises on purpose."""

    exit_code = 1


class UserError(RetoldError):
    """Bad input or usage; the message says what to do about it."""

    exit_code = 2


class StudyError(UserError):
    """claims.yaml cannot be used. `line` is 1-based, 0 where no line applies."""

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


class IndexBusyError(UserError):
    """Another process has the vector index."""


class DataError(RetoldError):
    """Stored data is damaged or from a newer retold."""

    exit_code = 3


class DigestError(DataError):
    """Bytes read back do not have the digest that was recorded for them."""

    def __init__(self, what: str, expected: str, actual: str) -> None:
        super().__init__(f"{what}: expected {expected}, found {actual}")
        self.what = what
        self.expected = expected
        self.actual = actual


class UnstorableError(DataError):
    """The record store cannot hold what a stage made; the build keeps it as that input's failure."""


class CrawlError(RetoldError):
    """The crawl could not start or its process died."""

    exit_code = 4


class BusyError(CrawlError):
    """Another process is at work on the same data folder."""


class LostError(CrawlError):
    """The server of the record store or the vector index went away in the middle; what was committed is kept."""
