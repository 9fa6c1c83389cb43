"""Whose page an answer is, and whose feed may say something about it: nobody speaks for an outlet but itself. Pure."""

from urllib.parse import urlsplit

from crawler.feeds import Item
from crawler.frontier import Lead
from crawler.plan import CrawlPlan, source_of


def source_at(plan: CrawlPlan, lead: Lead, url: str) -> str | None:
    """The source whose words stand at the address that answered; None for a host outside claims.yaml.

    An outlet's address may lead anybody anywhere (`/redirect?to=`), and a stranger's page may link to it: what it leads
    to outside of claims.yaml is the outlet's only where the outlet itself lists it or the user does, or where it has
    moved with its path.
    """
    own = source_of(plan.domains, url)[0]
    led_away = own is None and source_of(plan.domains, lead.url)[0] is not None
    return None if led_away and not (_listed(lead) or _moved(lead.url, url)) else own or lead.source


def told_by_feed(lead: Lead, source: str | None) -> Item | None:
    """What a feed or sitemap said of the page, unless it is that of another source: titles and dates are evidence."""
    return lead.item if lead.teller in (None, source) else None


def _listed(lead: Lead) -> bool:
    if lead.kind in ("document", "listed", "named"):
        return True
    return lead.depth == 0 and lead.teller is not None and lead.teller == lead.source


def _moved(url: str, to: str) -> bool:
    """Whether an outlet went to another host, by country or for good: what leads anybody anywhere names the target."""
    old, new = urlsplit(url), urlsplit(to)
    return old.path == new.path and len(old.path) > 1 and not old.query
