from datetime import UTC, datetime

import pytest
from loopback import make_study

from crawler.manners import retry_after
from crawler.plan import plan
from crawler.settings import scrapy_settings
from kb.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b"Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        (b"Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        (b"soon", None),
        (b"-5", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: bytes | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_doors_that_run_python_are_closed() -> None:
    made = scrapy_settings(plan(make_study(), Settings(), {}, NOW), Settings().crawl)
    assert not any(made[name] for name in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "HTTPCACHE_ENABLED"))


def test_autothrottle_is_on_unless_the_user_wants_no_delay() -> None:
    crawl = Settings().crawl
    order = plan(make_study(), Settings(), {}, NOW)
    assert scrapy_settings(order, crawl)["AUTOTHROTTLE_ENABLED"]
    assert not scrapy_settings(order, crawl.model_copy(update={"delay_s": 0.0}))["AUTOTHROTTLE_ENABLED"]
