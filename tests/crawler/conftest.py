from collections.abc import Iterator

import pytest
from loopback import Site


@pytest.fixture
def site() -> Iterator[Site]:
    """A loopback server whose answers the test writes."""
    made = Site()
    yield made
    made.close()
