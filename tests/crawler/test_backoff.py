"""Silent sources: asked ever more rarely, put on record, forgiven at once; never blamed for our own fault."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from loopback import make_study

from crawler.backoff import LONGEST, Silence, SilenceFile, learned, resting, skipped
from crawler.plan import CrawlPlan, plan
from crawler.runner import CrawlSummary, SourceError
from kb.claims import Source
from kb.settings import Settings
from kb.store import Known

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEN, FOX = "https://hen.example/feed", "https://fox.example/feed"


def source(slug: str, **changes: object) -> Source:
    plain = Source(slug=slug, name=slug, domains=(f"{slug}.example",), kind="press", country=None, language=None)
    return attrs.evolve(plain, **changes)


STUDY = make_study(source("hen", feeds=(HEN,)), source("fox", feeds=(FOX,), pages=("https://fox.example/news",)))


def planned(**known: Known) -> CrawlPlan:
    return plan(STUDY, Settings(), known, NOON)


def summary(*failed: str, stopped: str | None = None) -> CrawlSummary:
    errors = tuple(SourceError(source=None, url=url, reason="connection refused") for url in failed)
    return CrawlSummary(
        counts={}, errors=errors, complete=False, stopped=stopped, requests=1, pages=1, resumed=False, seconds=1.0
    )


def silent(runs: int, until: datetime = NOON) -> dict[str, Silence]:
    return {"hen": Silence(source="hen", since=NOON, runs=runs, until=until, reason="connection refused")}


def test_source_is_silent_when_none_of_its_ways_in_answered():
    assert set(learned({}, planned(), summary(HEN), NOON, HOUR)) == {"hen"}


def test_source_with_one_way_in_that_answers_is_not_silent():
    assert learned({}, planned(), summary(FOX), NOON, HOUR) == {}


def test_first_silence_costs_no_run():
    after = learned({}, planned(), summary(HEN), NOON, HOUR)
    assert resting(after, NOON + HOUR) == {}


@pytest.mark.parametrize(("runs", "skips"), [(1, 1), (2, 3), (3, 7), (4, 15)])
def test_each_further_silence_costs_twice_as_many_runs(runs, skips):
    after = learned(silent(runs), planned(), summary(HEN), NOON, HOUR)
    asked = [n for n in range(1, 40) if "hen" not in resting(after, NOON + n * HOUR)]
    assert asked[0] == skips + 1


def test_no_source_is_left_for_more_than_a_week():
    after = learned(silent(500), planned(), summary(HEN), NOON, HOUR)
    assert after["hen"].until == NOON + LONGEST


def test_answer_forgives_everything():
    assert learned(silent(5), planned(), summary(), NOON, HOUR) == {}


def test_source_that_was_not_asked_stays_as_it_was():
    rested = plan(STUDY, Settings(), {}, NOON, resting={"hen"})
    assert learned(silent(3), rested, summary(), NOON, HOUR) == silent(3)


def test_source_that_claims_yaml_no_longer_names_is_forgotten():
    gone = {"owl": attrs.evolve(silent(3)["hen"], source="owl")}
    assert learned(gone, planned(), summary(), NOON, HOUR) == {}


def test_network_that_is_down_here_is_nobodys_silence():
    everything = (HEN, FOX, "https://fox.example/news")
    assert learned({}, planned(), summary(*everything), NOON, HOUR) == {}


def test_crawl_that_ended_early_teaches_nothing():
    assert learned({}, planned(), summary(HEN, stopped="the command that started it ended"), NOON, HOUR) == {}


def test_resting_source_is_not_asked_by_the_plan():
    rested = plan(STUDY, Settings(), {}, NOON, resting={"hen"})
    assert {seed.source for seed in rested.seeds} == {"fox"}


def test_known_articles_of_a_resting_source_are_not_due():
    known = {
        f"https://{host}.example/a": Known(
            etag=None, last_modified=None, fetched_at=NOON, first_fetched_at=NOON, body_sha256="x", snapshot_id=host
        )
        for host in ("hen", "fox")
    }
    held = plan(STUDY, Settings(), known, NOON, resting={"hen"}).held.values()
    assert {one.url: one.due for one in held} == {"https://hen.example/a": False, "https://fox.example/a": True}


def test_what_is_not_asked_is_put_on_record_with_the_reason():
    [visit] = skipped(planned().seeds, silent(3, NOON + HOUR), NOON)
    assert (visit.url, visit.action, visit.source) == (HEN, "refused", "hen")
    assert visit.reason == "left out: no answer in earlier runs (connection refused)"


def test_reason_on_record_stays_the_same_from_run_to_run():
    early, late = (next(skipped(planned().seeds, silent(n, NOON + n * HOUR), NOON)) for n in (3, 4))
    assert early.reason == late.reason


def test_file_gives_back_what_was_written(tmp_path):
    file = SilenceFile(tmp_path / "silent.json")
    file.write(silent(2))
    assert file.read() == silent(2)


@pytest.mark.parametrize("content", ["", "[{}]", '{"a": 1}', "null", '[{"source": "hen", "since": "soon"}]'])
def test_damaged_file_lets_every_source_be_asked(tmp_path, content):
    (tmp_path / "silent.json").write_text(content)
    assert SilenceFile(tmp_path / "silent.json").read() == {}
