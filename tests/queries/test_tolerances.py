"""Which printed numbers can stand for the true one."""

import pytest

from kb.claims import Expectation
from kb.records import Quantity, Span
from queries.tolerances import agrees


def printed(value: float, hedge: str | None, unit: str = "percent") -> Quantity:
    span = Span(0, 1)
    return Quantity(
        text="t", span=span, tool="t", value=value, high=None, unit=unit, measure="", condition=None, hedge=hedge
    )


@pytest.mark.parametrize(
    ("value", "hedge"), [(70, "just over"), (75, "just under"), (70, "about"), (70, "no fewer than")]
)
def test_a_hedge_leaves_room(value: float, hedge: str) -> None:
    assert agrees(printed(value, hedge), Expectation(value=71, high=None, of="percent of cups", condition=None))


@pytest.mark.parametrize(("value", "hedge"), [(70, None), (75, "more than"), (17, "up to"), (91, "about")])
def test_a_hedge_in_the_wrong_direction_leaves_none(value: float, hedge: str | None) -> None:
    assert not agrees(printed(value, hedge), Expectation(value=71, high=None, of="percent of cups", condition=None))
