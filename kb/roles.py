"""Words for what somebody does or is for others, for the bodies they serve, and for their parties.

Written from general knowledge; a role that no list or ending has is passed over.
"""

from typing import TYPE_CHECKING

from kb.lexicon import listed

if TYPE_CHECKING:
    from spacy.tokens import Token

ACADEMIC = listed(
    """university college institute institution school laboratory lab center centre hospital clinic academy museum
    observatory"""
)
INSTITUTIONS = ACADEMIC | listed(
    """department ministry agency bureau office commission council company corporation inc ltd foundation society
    association committee campaign party union court parliament senate house congress news times post journal
    magazine organization organisation network group firm bank"""
)
PARTIES = listed("democrat republican conservative liberal libertarian socialist independent green tory")
_ROLES = listed(
    """academic adjutant administrator admiral advocate agent aide ambassador analyst archbishop architect assistant
    associate athlete attorney auditor author banker bishop boss broker captain cardinal ceo cfo chair chairperson
    chancellor chaplain chef chief co-author co-chair co-director co-founder coach columnist commander commissioner
    comptroller constable consul consultant coordinator correspondent counsel counselor critic cto curator dean
    delegate deputy diplomat director doctor donor economist editor educator engineer envoy executive expert
    farmer fellow founder general governor graduate guard head historian host intern inventor
    investigator investor journalist judge justice lawyer leader lecturer legislator librarian lieutenant lobbyist
    major manager marine mathematician mayor mechanic medic member minister monk mp musician negotiator nominee
    nun nurse officer official operative organizer organiser owner painter partner pastor pathologist
    pediatrician performer physician physicist pilot poet politician pollster pope postdoc premier president priest
    principal prof professor programmer prosecutor psychiatrist publicist rabbi rector registrar representative
    resident sailor scholar scientist secretary senator sergeant sheriff singer solicitor speaker specialist
    spokesman spokesperson spokeswoman staffer statistician strategist student superdelegate superintendent surgeon
    surveyor teacher technician trader treasurer trustee undersecretary veteran vicar volunteer warden whip worker
    candidate contender front-runner frontrunner incumbent congressman congresswoman alumnus ambassadress activist
    sen sen. gov gov. rep rep. sgt. gen. lt. col. capt. pm emeritus emerita adviser advisor reporter publisher blogger
    moderator contributor producer supporter backer challenger researcher designer developer entrepreneur hacker
    pioneer actor actress comedian dissident creator narrator operator presenter broadcaster newscaster anchor
    composer dancer rapper player footballer boxer golfer swimmer trainer umpire referee ranger firefighter carrier
    driver builder carpenter plumber contractor rancher grower brewer miner dealer defender magistrate clerk paralegal
    barrister provost tutor instructor examiner coder constituent customer employee trustee appointee dentist midwife
    paramedic historian astronomer philosopher modeler modeller forecaster translator interpreter ombudsman
    chairman chairwoman spokesman businessman businesswoman assemblyman assemblywoman councilman councilwoman
    alderman committeeman frontman airman"""
)
_ROLE_ENDS = ("ist", "woman", "person", "maker", "writer", "worker", "holder", "keeper", "grapher", "logian", "ician")
"""Endings of nouns for those who do something; long enough that few things share them."""
_THINGS = listed("checklist shortlist playlist woman person")
HONORIFICS = listed(
    """sen sen. senator rep rep. representative gov gov. governor judge justice rev rev. reverend capt. col. gen. lt.
    sgt. maj. adm."""
)
"""Titles of address, which carry no `of` and few other words."""
COURTESY = listed("mr mr. mrs mrs. ms ms. miss dr dr. prof. sir dame lord lady")


def is_role(token: "Token") -> bool:
    """Whether a noun says what somebody does or is for others: `chemist`, `vice-president`."""
    word = token.lower_
    part = word.rsplit("-", 1)[-1]
    if word in _ROLES or part in _ROLES or word.endswith("ologist"):
        return True
    return token.pos_ in ("NOUN", "PROPN") and part.endswith(_ROLE_ENDS) and part not in _THINGS and len(part) > 5
