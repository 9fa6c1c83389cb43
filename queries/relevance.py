"""Which articles of a coverage are about the study: others may print its numbers and names by chance."""

from collections.abc import Sequence

from kb.claims import Study
from kb.coverage import Coverage, Retelling
from kb.text import words
from queries.attribution import Occurrence


def about_study(coverage: Coverage, said: Sequence[Occurrence]) -> frozenset[str]:
    """Ids of the articles that print a reference quote or name the study, a speaker or a speaker's institution."""
    quoting = {one.retelling.article.id for one in said if one.alignments}
    signs = study_signs(coverage.study)
    return frozenset(
        retelling.article.id
        for retelling in coverage.retellings
        if retelling.article.id in quoting or _names(retelling, signs)
    )


def study_signs(study: Study) -> tuple[str, ...]:
    """Names of the study, its speakers and their institutions, as folded words with a space on either side."""
    names = [
        study.title,
        *study.aliases,
        *(speaker.name for speaker in study.speakers),
        *(speaker.affiliation or "" for speaker in study.speakers),
    ]
    return tuple(f" {' '.join(words(name))} " for name in names if len(words(name)) > 1)


def _names(retelling: Retelling, signs: Sequence[str]) -> bool:
    line = f" {' '.join(words(retelling.text.text))} "
    return any(sign in line for sign in signs)
