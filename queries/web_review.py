"""The pages of the web UI on which people decide: the queue, a finding, the log, and the form for a judgement."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kb.errors import UserError
from queries import review
from queries.days import now
from queries.web_site import NotHereError, Site, part_of

SETTLE_S = 1.0
"""How long a form waits until the pages show what it entered."""
NOTE = 1_000
NAME = 80
VERDICTS: Mapping[str, review.Verdict] = {"confirmed": "confirmed", "rejected": "rejected", "unsure": "unsure"}


def queue(site: Site, request: Request) -> Response:
    """What waits for a decision, or with `all` everything; judgements are read at once."""
    picture, everything = site.picture(), "all" in request.query_params
    cases = site.cases(picture)
    waiting = [case for case in cases if case.judgement is None or case.judgement.verdict == "unsure" or case.lost]
    return site.page(
        "web/review.html",
        picture,
        part=part_of(request, cases if everything else waiting, 25),
        everything=everything,
        waiting=len(waiting),
        decided=len(cases) - len(waiting),
        shown=picture.shown,
        ids=picture.found,
        form=site.form(request),
    )


def finding(site: Site, request: Request) -> Response:
    """One finding with its proof and what was decided about it, rejected ones too."""
    picture, key = site.picture(), request.path_params["key"]
    shown, plain = picture.shown.get(key), picture.found.get(key)
    if plain is None:
        raise NotHereError
    log = [judgement for judgement in site.workspace.reader.judgements() if judgement.subject == key]
    return site.page(
        "web/finding.html",
        picture,
        found=shown,
        plain=plain,
        log=log[::-1],
        standing=review.standing(log).get(key),
        form=site.form(request),
    )


def log(site: Site, request: Request) -> Response:
    """Every judgement ever made, the latest first."""
    judgements = site.workspace.reader.judgements()[::-1]
    return site.page("web/log.html", site.pictures.latest(), part=part_of(request, judgements))


def judge(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Enter a judgement or withdraw what stands, and go back to where the form was."""
    picture, subject = site.picture(), fields.get("subject", "")
    if subject not in {case.subject for case in site.cases(picture)}:
        raise NotHereError
    verdict, user = fields.get("verdict", ""), " ".join(fields.get("user", "").split())[:NAME]
    if verdict == "withdraw":
        review.withdraw(site.workspace, subject, at=now())
    elif verdict in VERDICTS:
        if not user:
            raise UserError("say who decides: the field “Your name” is empty")
        note = " ".join(fields.get("note", "").split())[:NOTE]
        review.record(site.workspace, subject, VERDICTS[verdict], note=note, user=user, at=now())
    else:
        raise UserError("choose what to decide: confirm, reject, unsure or withdraw")
    site.pictures.after_judgement(SETTLE_S)
    answer = RedirectResponse(_back(fields.get("back", "")), status_code=303)
    if user:
        answer.set_cookie(
            site.user_cookie, quote(user), httponly=True, samesite="strict", secure=site.door.tls, max_age=31_536_000
        )
    return answer


def _back(given: str) -> str:
    """Where a form asked to go back to, if that is one of these pages."""
    return given if given.startswith(("/findings/", "/review")) and "\\" not in given else "/review"
