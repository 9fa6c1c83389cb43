"""What the pair stage keeps of a model's judgement."""

import pytest

from kb.entail import Stances
from kb.stages import states


@pytest.mark.parametrize(
    ("stances", "kept"),
    [
        (Stances(supports=0.6, refutes=0.3, neutral=0.1), True),
        (Stances(supports=0.1, refutes=0.8, neutral=0.1), False),
        (Stances(supports=0.4, refutes=0.1, neutral=0.5), False),
    ],
)
def test_only_support_is_evidence(stances: Stances, kept: bool) -> None:
    assert states(stances) is kept
