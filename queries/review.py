"""What people decide about findings and names: the queue, a judgement, its withdrawal, the log.

Judgements are rows that are never changed but for the time they were withdrawn. They hang on content: a finding's id
comes from its rule and words, two names are themselves. So they outlive a rebuild, and show as lost when what they are
about is gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import attrs

from kb.claims import Speaker, Study
from kb.errors import UserError
from kb.records import Judgement, rfc3339
from kb.speakers import Judged, Voice, names_of, pair, voices
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
    """That the finding holds, or that two names are one person; of names that are not alike, what was judged."""
    judgement: Judgement | None
    """The one that stands."""
    lost: bool = False
    """Judged, but nothing in the coverage answers to it any more."""


def standing(judgements: Iterable[Judgement]) -> dict[str, Judgement]:
    """By subject the last judgement that was not withdrawn."""
    found: dict[str, Judgement] = {}
    for judgement in sorted(judgements, key=lambda judgement: (judgement.made_at, judgement.id)):
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
    decided = standing(workspace.reader.judgements())
    return cases_of(findings(workspace), Names.of(workspace.reader.speaker_names(), workspace.study), decided)


@attrs.frozen
class Names:
    """The names of the coverage and the study, and who bears them before anybody judged."""

    printed: frozenset[str]
    undecided: tuple[Voice, ...]

    @classmethod
    def of(cls, printed: Mapping[str, int], study: Study) -> "Names":
        """`printed`: names with their number of texts."""
        return cls(_known(study, printed), voices(printed, study.speakers))


def cases_of(found: Iterable[Finding], names: Names, decided: Mapping[str, Judgement]) -> list[Case]:
    """As `cases`, of what was read before."""
    listed = [_of_finding(finding, decided) for finding in found]
    listed += [case for voice in names.undecided for case in _of_voice(voice, decided)]
    shown = {case.subject for case in listed}
    further = [
        _of_judgement(judgement, names.printed) for subject, judgement in decided.items() if subject not in shown
    ]
    return [*listed, *further]


def findings(workspace: Workspace) -> tuple[Finding, ...]:
    """All findings over the coverage, with names merged as people have judged."""
    judged = Judged.of(standing(workspace.reader.judgements()))
    return check(workspace.reader.coverage(workspace.study), speakers=resolver(workspace.study, judged))


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


_DECIDED = {"confirmed": 1.0, "unsure": 0.5, "rejected": 0.0}


def _of_judgement(judgement: Judgement, known: frozenset[str]) -> Case:
    """What people decided about names that are not alike, or about what is gone."""
    names = names_of(judgement.subject)
    return Case(
        subject=judgement.subject,
        summary=_told(judgement.subject),
        confidence=_DECIDED[judgement.verdict] if names else 0.0,
        judgement=judgement,
        lost=not names or not known.issuperset(names),
    )


def _known(study: Study, printed: Iterable[str]) -> frozenset[str]:
    """Names that the coverage or the study has."""
    return frozenset(printed).union(*(_names(speaker) for speaker in study.speakers))


def _names(speaker: Speaker) -> tuple[str, ...]:
    return (speaker.name, *speaker.aliases)


def _told(subject: str) -> str:
    names = names_of(subject)
    return f"one speaker: “{names[0]}” and “{names[1]}”" if len(names) == 2 else subject


def subject_of(workspace: Workspace, given: Sequence[str], *, gone: bool = False) -> str:
    """What `review confirm …` is about: a finding by its id or the start of it, or two names.

    With `gone`, names may be lost from the coverage. UserError where nothing or more than one thing answers.
    """
    if len(given) == 2:
        if given[0] == given[1]:
            raise UserError(f"name two names, not {given[0]!r} twice")
        known = _known(workspace.study, workspace.reader.speaker_names())
        strangers = [name for name in given if name not in known]
        if strangers and not gone:
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
    """Enter a judgement; an earlier one stays in the log and no longer stands.

    UserError for one about names that goes against what stands.
    """
    names = names_of(subject)
    decided = Judgement(subject=subject, verdict=verdict, user=user, made_at=at, note=note, withdrawn_at=None)
    with workspace.judgements.alone():
        if names and verdict != "unsure":
            _require_no_conflict(workspace, names, verdict)
        (made,) = workspace.judgements.add([decided])
    return made


def _require_no_conflict(workspace: Workspace, names: Sequence[str], verdict: Verdict) -> None:
    """A merge must not join what was judged apart or what claims.yaml names as two; nor a split part one name."""
    one, other = names
    subject = pair(one, other)
    decided = standing(workspace.reader.judgements())
    judged = Judged.of({about: judgement for about, judgement in decided.items() if about != subject})
    together, told = judged.same(one), f"{one!r} and {other!r}"
    if verdict == "rejected":
        if other in together:
            raise UserError(
                f"{told} are one speaker by other judgements; withdraw one of those first: retold review log"
            )
        return
    if other in judged.apart(one):
        raise UserError(f"{told} are kept apart by other judgements; withdraw those first: retold review log")
    joined = together | judged.same(other)
    speakers = [speaker for speaker in workspace.study.speakers if joined.intersection(_names(speaker))]
    if len(speakers) > 1:
        raise UserError(
            f"this would make {' and '.join(s.name for s in speakers)} one; they are two speakers in claims.yaml: "
            "give one the other's name under `aliases` there, or leave them apart"
        )


def withdraw(workspace: Workspace, subject: str, *, at: datetime) -> Judgement:
    """Take back what stands about a subject; what was judged before it stands again."""
    decided = standing(workspace.reader.judgements()).get(subject)
    if decided is None:
        raise UserError(f"nothing stands about {_told(subject)}")
    withdrawn = workspace.judgements.withdraw(decided, at)
    if withdrawn is None:
        raise UserError(f"what stood about {_told(subject)} has been withdrawn meanwhile; see `retold review log`")
    return withdrawn


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
