"""Why a capture or a text yields nothing: a result of a stage, not an error.

Apart from the errors, which every command loads: attrs takes a tenth of the time of `retold --help`.
"""

from enum import StrEnum

import attrs


class Code(StrEnum):
    """Why a capture or text yields nothing. Stable: scripts read these."""

    NOT_HTML = "not-html"
    """The body is not a text format that holds an article (image, PDF, binary served as HTML)."""
    TOO_LARGE = "too-large"
    """The body exceeds the size limit and was not parsed."""
    EMPTY = "empty"
    """No bytes, or only white space."""
    NO_ARTICLE = "no-article"
    """HTML without an article body that extraction could find."""
    LIST_PAGE = "list-page"
    """A front page, section, tag or search page: headlines, no article."""
    LIVE_BLOG = "live-blog"
    """A running ticker: many entries under one address."""
    HTTP_ERROR = "http-error"
    """The server answered with a status of 400 or above."""
    OFF_TOPIC = "off-topic"
    """Not about the study."""
    LANGUAGE = "language"
    """A language that the parser at hand does not read."""
    TOOK_TOO_LONG = "took-too-long"
    """Reading it was given up after `RETOLD_DOCUMENT_TIMEOUT_S`, and its worker killed."""
    TOOK_TOO_MUCH_MEMORY = "took-too-much-memory"
    """Reading it was given up at `RETOLD_DOCUMENT_MAX_BYTES` of memory, and its worker killed."""


@attrs.frozen(kw_only=True)
class Rejected:
    """A stage's verdict that its input yields nothing, with the reason."""

    code: Code
    detail: str = ""
