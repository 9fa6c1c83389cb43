"""What people decide about findings and names: the queue, a judgement, its withdrawal, the log.

Judgements are rows that are never changed but for the time they were withdrawn. They hang on content: a finding's id
comes from its rule and words, two names are themselves. So they outlive a rebuild, and show as lost when what they are
about is gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import attrs

from kb.errors import UserError
from kb.records import Judgement, rfc3339
from kb.speakers import BETWEEN, PREFIX, Judged, Voice, pair, voices
from kb.workspace import Workspace
from queries.attribution import resolver
from queries.check import Finding, check

Verdict = Literal["confirmed", "rejected", "unsure"]

SHORTEST = 8
"""Signs of a finding's id, its tag left out, that are enough when they mean one finding."""


@attrs.frozen(kw_only=True)
class Case:
    """Something to decide, or that was decided."""

    subject: str
    summary: str
    confidence: float
    """That the finding holds, or that two names are one person."""
    judgement: Judgement | None
    """The one that stands."""
    lost: bool = False
    """Judged, but nothing in the coverage answers to it any more."""


def standing(judgements: Iterable[Judgement]) -> dict[str, Judgement]:
    """By subject the last judgement that was not withdrawn."""
    found: dict[str, Judgement] = {}
    for judgement in sorted(judgements, key=lambda judgement: judgement.made_at):
        if judgement.withdrawn_at is None:
            found[judgement.subject] = judgement
    return found


def status(decided: Mapping[str, Judgement]) -> dict[str, str]:
    """The `status` of findings by id; those that nobody judged are not in it."""
    return {subject: judgement.verdict for subject, judgement in decided.items()}


def speakers(workspace: Workspace) -> tuple[Voice, ...]:
    """Who speaks in the coverage, with every spelling, as people have judged it so far."""
    judged = Judged.of(standing(workspace.reader.judgements()))
    return voices(workspace.reader.speaker_names(), workspace.study.speakers, judged)


def cases(workspace: Workspace) -> list[Case]:
    """Findings and doubtful spellings with what stands about them, then what was judged and is lost."""
    judgements = workspace.reader.judgements()
    decided = standing(judgements)
    judged = Judged.of(decided)
    coverage = workspace.reader.coverage(workspace.study)
    found = check(coverage, speakers=resolver(workspace.study, judged))
    listed = [_of_finding(finding, decided) for finding in found]
    undecided = voices(workspace.reader.speaker_names(), workspace.study.speakers)
    listed += [case for voice in undecided for case in _of_voice(voice, decided)]
    known = {case.subject for case in listed}
    lost = [
        Case(subject=subject, summary=_told(subject), confidence=0.0, judgement=judgement, lost=not _names(subject))
        for subject, judgement in decided.items()
        if subject not in known
    ]
    return [*listed, *lost]


def _of_finding(finding: Finding, decided: Mapping[str, Judgement]) -> Case:
    summary = f"{finding.rule}: {finding.summary}"
    return Case(subject=finding.id, summary=summary, confidence=finding.confidence, judgement=decided.get(finding.id))


ALIKE = 0.8
"""Confidence in a spelling that differs by a letter or two. Set low by hand, not measured: likeness is all there is."""


def _of_voice(voice: Voice, decided: Mapping[str, Judgement]) -> list[Case]:
    return [
        Case(
            subject=pair(voice.name, spelling),
            summary=_told(pair(voice.name, spelling)),
            confidence=ALIKE,
            judgement=decided.get(pair(voice.name, spelling)),
        )
        for spelling in voice.doubtful
    ]


def _names(subject: str) -> list[str]:
    return subject.removeprefix(PREFIX).split(BETWEEN) if subject.startswith(PREFIX) else []


def _told(subject: str) -> str:
    names = _names(subject)
    return f"one speaker: “{names[0]}” and “{names[1]}”" if len(names) == 2 else subject


def subject_of(workspace: Workspace, given: Sequence[str]) -> str:
    """What `review confirm …` is about: a finding by its id or the start of it, or two names.

    UserError where nothing or more than one thing answers.
    """
    if len(given) == 2:
        known = {*workspace.reader.speaker_names()}
        known |= {name for s in workspace.study.speakers for name in (s.name, *s.aliases)}
        strangers = [name for name in given if name not in known]
        if strangers:
            raise UserError(f"nobody is called {strangers[0]!r} in the coverage; `retold speakers` lists the names")
        return pair(given[0], given[1])
    if len(given) != 1:
        raise UserError("name one finding by its id, or two speakers: retold review confirm finding:1f2e3d4c")
    subjects = [case.subject for case in cases(workspace)]
    wanted = given[0]
    fitting = [subject for subject in subjects if subject == wanted] or [
        subject
        for subject in subjects
        if len(wanted.removeprefix("finding:")) >= SHORTEST
        and subject.removeprefix("finding:").startswith(wanted.removeprefix("finding:"))
    ]
    if len(fitting) != 1:
        raise UserError(
            f"{'several findings' if fitting else 'no finding'} with id {wanted!r}; `retold review` lists them"
        )
    return fitting[0]


def record(workspace: Workspace, subject: str, verdict: Verdict, *, note: str, user: str, at: datetime) -> Judgement:
    """Enter a judgement; an earlier one stays in the log and no longer stands."""
    made = Judgement(subject=subject, verdict=verdict, user=user, made_at=at, note=note, withdrawn_at=None)
    workspace.store.add_judgement(made)
    return made


def withdraw(workspace: Workspace, subject: str, *, at: datetime) -> Judgement:
    """Take back what stands about a subject; what was judged before it stands again."""
    decided = standing(workspace.reader.judgements()).get(subject)
    if decided is None:
        raise UserError(f"nothing stands about {_told(subject)}")
    workspace.store.withdraw_judgement(decided.id, at)
    return attrs.evolve(decided, withdrawn_at=at)


def to_json(judgement: Judgement) -> dict[str, object]:
    """One line of the log."""
    withdrawn = judgement.withdrawn_at
    return {
        "subject": judgement.subject,
        "verdict": judgement.verdict,
        "user": judgement.user,
        "made_at": rfc3339(judgement.made_at),
        "note": judgement.note,
        "withdrawn_at": rfc3339(withdrawn) if withdrawn else None,
    }


def case_json(case: Case) -> dict[str, object]:
    """One line of the queue."""
    return {
        "subject": case.subject,
        "summary": case.summary,
        "confidence": round(case.confidence, 4),
        "status": "lost" if case.lost else case.judgement.verdict if case.judgement else "open",
        "note": case.judgement.note if case.judgement else None,
    }
