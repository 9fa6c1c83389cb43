"""Whose page an answer is, and whose feed may say something about it: nobody speaks for an outlet but itself. Pure."""

from crawler.feeds import Item
from crawler.frontier import Lead
from crawler.plan import CrawlPlan, source_of


def source_at(plan: CrawlPlan, lead: Lead, url: str) -> str | None:
    """The source whose words stand at the address that answered; None for a host outside claims.yaml.

    An outlet's address may lead anybody anywhere (`/redirect?to=`), and a stranger's page may link to it: what it leads
    to outside of claims.yaml is the outlet's only where the outlet itself lists it, or the user does.
    """
    own = source_of(plan.domains, url)[0]
    led_away = own is None and source_of(plan.domains, lead.url)[0] is not None
    return None if led_away and not _listed(plan, lead) else own or lead.source


def told_by_feed(plan: CrawlPlan, lead: Lead, source: str | None) -> Item | None:
    """What a feed or sitemap said of the page, unless it is that of another source: titles and dates are evidence."""
    return lead.item if _teller(plan, lead) in (None, source) else None


def _listed(plan: CrawlPlan, lead: Lead) -> bool:
    if lead.kind in ("document", "listed"):
        return True
    return lead.depth == 0 and lead.found_in is not None and _teller(plan, lead) == lead.source


def _teller(plan: CrawlPlan, lead: Lead) -> str | None:
    """The source of the way in that led to a page; None for one of the whole study, such as a search service's."""
    if lead.found_in is None:
        return None
    written = {seed.url: seed.source for seed in plan.seeds}
    return written[lead.found_in] if lead.found_in in written else source_of(plan.domains, lead.found_in)[0]
