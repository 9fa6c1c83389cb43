"""Names of a text, and the full name behind a surname, a pronoun or `the researcher`."""

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from kb.layout import Layout
    from kb.phrases import Phrase
