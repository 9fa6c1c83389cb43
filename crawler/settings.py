"""Scrapy's settings for a crawl, as a dict built from Settings.crawl and the plan.

Every line that departs from a Scrapy default says why; the defaults were read in Scrapy 2.19.
"""

import os
from typing import Any

from crawler.browser import browser_settings, require_browser
from crawler.plan import CrawlPlan
from kb.settings import CrawlSettings

MAX_REDIRECTS = 8
"""Browsers give up at 20; news sites need 3, so more is a loop or a maze."""
ROBOTS_NAME = "retold"
"""The name that robots.txt rules can address."""
MAX_WAIT_S = 120.0
"""The longest Retry-After that is waited for; a server that asks for more is left until the next crawl."""

_HANDLERS = dict.fromkeys(("http", "https"), "crawler.downloads.Handler")
_UNUSED = (
    "start.StartSpiderMiddleware",
    "httperror.HttpErrorMiddleware",
    "referer.RefererMiddleware",
    "urllength.UrlLengthMiddleware",
    "depth.DepthMiddleware",
    "metacopy.MetaCopyDetectionMiddleware",
)


def scrapy_settings(plan: CrawlPlan, crawl: CrawlSettings, gate: str | None = None) -> dict[str, Any]:
    """All settings of one crawl. `gate`: address of crawler.gate; needed where a browser reads and no proxy is set."""
    made = _manners(plan, crawl) | _limits(plan, crawl) | _closed_doors() | _parts(crawl)
    if not plan.browser:
        return made
    command = require_browser(crawl.browser)
    proxy = crawl.proxy or gate
    if proxy is None:
        raise ValueError("a browser that nothing stands in front of reaches private addresses")
    extra = browser_settings(
        command,
        proxy=proxy,
        own_proxy=crawl.proxy is not None,
        allowed=plan.allow_hosts,
        sandbox=_sandboxed(crawl),
        agent=plan.user_agent,
    )
    both = {"DOWNLOAD_HANDLERS": made["DOWNLOAD_HANDLERS"] | extra["DOWNLOAD_HANDLERS"]}
    if proxy == gate:  # after Retry has seen what the gate answered
        both["DOWNLOADER_MIDDLEWARES"] = made["DOWNLOADER_MIDDLEWARES"] | {"crawler.gate.GateAnswers": 540}
    return made | extra | both


def _sandboxed(crawl: CrawlSettings) -> bool:
    return os.geteuid() != 0 if crawl.browser_sandbox is None else crawl.browser_sandbox


def _manners(plan: CrawlPlan, crawl: CrawlSettings) -> dict[str, Any]:
    return {
        "USER_AGENT": plan.user_agent,
        "ROBOTSTXT_OBEY": crawl.robots,
        "ROBOTSTXT_USER_AGENT": ROBOTS_NAME,
        "DOWNLOAD_DELAY": crawl.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0.0,  # the default goes down to half the delay, which is promised as the least
        "CONCURRENT_REQUESTS": crawl.total,
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawl.per_domain,
        "DOWNLOAD_SLOTS": {host: {"concurrency": 1} for host in plan.searched},
        # A user who sets the delay to 0 asks for speed (an own server, a test); otherwise slow servers slow us.
        "AUTOTHROTTLE_ENABLED": crawl.delay_s > 0,
        "AUTOTHROTTLE_START_DELAY": crawl.delay_s,
        "AUTOTHROTTLE_MAX_DELAY": 60.0,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(crawl.per_domain),
        "COOKIES_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "RETRY_TIMES": crawl.retries,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "RETOLD_ALLOW_HOSTS": list(plan.allow_hosts),
        "RETOLD_PROXY": crawl.proxy,
        "RETOLD_MAX_WAIT_S": MAX_WAIT_S,
    }


def _limits(plan: CrawlPlan, crawl: CrawlSettings) -> dict[str, Any]:
    return {
        "DOWNLOAD_MAXSIZE": crawl.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": crawl.timeout_s,  # of the whole answer: a server that drips bytes ends too
        "DNS_TIMEOUT": min(crawl.timeout_s, 60.0),
        "URLLENGTH_LIMIT": 0,  # the guard refuses long addresses, and says so
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # off by default; an archive must know whom it quotes
    }


def _closed_doors() -> dict[str, Any]:
    return {
        "TELNETCONSOLE_ENABLED": False,  # both run Python for whoever reaches their port
        "REMOTE_CONTROL_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "METAREFRESH_ENABLED": False,  # reads response.text, which guesses the charset over the whole body
        "MEMUSAGE_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
        "LOG_LEVEL": "CRITICAL",  # what happened to an address is in its Visit, what broke in the summary
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_VERSIONS": [],
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None, **_HANDLERS},
    }


def _parts(crawl: CrawlSettings) -> dict[str, Any]:
    return {
        "CONCURRENT_ITEMS": 2,  # Scrapy starts so many tasks for every response; 100 by default
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # crawler.frontier knows better what is a double
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "SCHEDULER_START_MEMORY_QUEUE": None,
        "SCHEDULER_PRIORITY_QUEUE": "crawler.manners.FairQueue",
        "ITEM_PIPELINES": {"crawler.pipelines.ArchivePipeline": 100},
        "EXTENSIONS": {
            "scrapy.extensions.throttle.AutoThrottle": None,
            "crawler.manners.Throttle": 0,
            "scrapy.extensions.corestats.CoreStats": None,
            "scrapy.extensions.logcount.LogCount": None,
        },
        # Each of these wraps everything that the spider yields, and does nothing for a spider that handles all
        # answers, has its own depth and sends no referrer: together a tenth of Scrapy's time for a page.
        "SPIDER_MIDDLEWARES": {f"scrapy.spidermiddlewares.{name}": None for name in _UNUSED},
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",  # the visits are counted, see crawler.process
        "DOWNLOADER_STATS": False,
        "HTTPPROXY_ENABLED": bool(crawl.proxy),  # crawler.guard names the proxy; this one reads its password
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "crawler.guard.GuardMiddleware": 50,  # before robots.txt is asked for
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            **({"crawler.manners.Robots": 100} if crawl.robots else {}),
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
            "crawler.downloads.Unpacking": 590,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "crawler.manners.Retry": 550,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
            "crawler.manners.Redirects": 600,
        },
    }
