"""How strongly a sentence claims."""

import pytest

from kb.claim_strength import Strength, change, strength


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Walking to school was associated with better marks.", Strength.LINK),
        ("Early risers were less likely to skip breakfast.", Strength.LINK),
        ("Walking to school may improve marks.", Strength.MAY_CAUSE),
        ("Walking to school improves marks.", Strength.CAUSE),
        ("Walking to school had no effect on marks.", Strength.NO_RELATION),
        ("We asked 200 pupils.", None),
        ("We asked 200 pupils. Walking improves marks.", Strength.CAUSE),
        ("", None),
    ],
)
def test_levels(text: str, level: Strength | None) -> None:
    assert strength(text) == level


@pytest.mark.parametrize(
    ("finding", "retold", "said"),
    [
        ("Tea was linked with sounder sleep.", "Tea improves sleep.", "exaggerates"),
        ("Tea improves sleep.", "Tea may improve sleep.", "downplays"),
        ("Tea may improve sleep.", "Tea could improve sleep, a study suggests.", "same"),
        ("Tea improves sleep.", "A cup in the evening.", "same"),
    ],
)
def test_changes(finding: str, retold: str, said: str) -> None:
    assert change(finding, retold) == said
