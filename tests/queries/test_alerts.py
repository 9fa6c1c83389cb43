"""Alerts sent to a real webhook: what arrives, that it arrives once, and what happens when it does not."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import attrs
import pytest
import sqlalchemy as sa
from hook import ASTONISHED, STAR, Hook, alerts
from letterbox import Mailbox
from making import NOON
from newsdesk import CLAIMS, opened

from kb.tellings import Alert, Delivery
from kb.workspace import Workspace
from queries.alerts import MESSAGES, Sent, body, deliver, enter, message, problems, told

LATER = NOON + timedelta(days=1)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def workspace(tmp_path: Path, hook: Hook) -> Iterator[Workspace]:
    with told_at(tmp_path, hook.address) as made:
        yield made


def told_at(folder: Path, *addresses: str) -> Workspace:
    return opened(folder, CLAIMS + f"alerts: [{', '.join(map(repr, addresses))}]\n")


def send(workspace: Workspace, *fresh: Alert, **environment: str) -> Sent:
    enter(workspace, fresh, NOON)
    [sent] = deliver(workspace, environment, NOON)
    return sent


# --- What arrives ---


def test_webhook_gets_the_alert(workspace, hook):
    send(workspace, ASTONISHED)
    assert hook.titles() == ["retold: Altered quote: The Star"]


def test_message_shows_the_word_diff(workspace, hook):
    send(workspace, ASTONISHED)
    assert "We were [-surprised-] {+astonished+} …" in hook.taken[0]["message"]


def test_message_links_the_evidence(workspace, hook):
    send(workspace, ASTONISHED)
    assert "https://star.example/wards (sha256:ab)" in hook.taken[0]["message"]


def test_message_says_what_fired_it(workspace, hook):
    send(workspace, ASTONISHED)
    assert hook.taken[0]["message"].endswith("Fired by: " + ASTONISHED.why)


def test_mail_gets_the_alert_with_page_text_escaped(tmp_path):
    box = Mailbox()
    with told_at(tmp_path, box.address) as workspace:
        assert send(workspace, attrs.evolve(ASTONISHED, summary="It says <b>now</b>.")).sent == 1
    box.close()
    [mail] = box.mails
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    text = "".join(part.get_payload(decode=True).decode() for part in parts)
    assert "Altered quote" in mail["Subject"]
    assert "[-surprised-] {+astonished+}" in text
    assert not any("<b>" in p.get_payload(decode=True).decode() for p in parts if p.get_content_subtype() == "html")


def test_page_writes_no_header_of_a_mail(tmp_path):
    """Also where an alert was entered by a version that did not make its title one line."""
    loud = "x\r\nBcc: all@example.org\n\nbody\x1b[31m\u202e =?utf-8?q?a?= "
    hostile = attrs.evolve(ASTONISHED, title=loud, summary=loud, why=loud)
    box = Mailbox()
    with told_at(tmp_path, box.address) as workspace:
        assert send(workspace, hostile).sent == 1
    [mail] = box.mails
    box.close()
    assert mail["Bcc"] is None
    assert "all@example.org" not in (mail["To"], mail["Cc"])
    whole = "".join(part.get_payload(decode=True).decode() for part in mail.walk() if not part.is_multipart())
    assert "\x1b" not in whole
    assert "\u202e" not in whole


def test_many_alerts_share_a_last_message(workspace, hook):
    sent = send(workspace, *alerts(MESSAGES + 5))
    assert sent.sent == MESSAGES + 5
    assert len(hook.taken) == MESSAGES
    assert hook.titles()[-1] == "retold: 6 further alerts"


def test_page_cannot_call_a_chat_together():
    loud = attrs.evolve(ASTONISHED, summary="Said @everyone and @Here", places=(STAR,))
    text = message([loud])[1]
    assert "@everyone" not in text
    assert "@Here" not in text


def test_body_without_a_diff_has_no_gap():
    assert body(attrs.evolve(ASTONISHED, diff=())).startswith(ASTONISHED.summary + "\n\nAs printed:")


# --- Never twice ---


def test_what_was_sent_is_not_sent_again(workspace, hook):
    send(workspace, ASTONISHED)
    send(workspace, ASTONISHED)
    assert len(hook.taken) == 1


def test_what_was_told_outlives_a_rebuild_of_all_that_is_derived(tmp_path, hook):
    with told_at(tmp_path, hook.address) as workspace:
        send(workspace, ASTONISHED)
        with workspace.store.engine.begin() as connection:
            connection.execute(sa.text("UPDATE schema_state SET version = '0' WHERE part = 'derived'"))
    with told_at(tmp_path, hook.address) as workspace:
        assert told(workspace.reader.alerts()) == {"finding:1", "new-variant:1"}
        send(workspace, ASTONISHED)
    assert len(hook.taken) == 1


def test_what_was_being_sent_when_the_run_was_killed_is_told_as_unknown_and_not_sent(workspace, hook):
    enter(workspace, [ASTONISHED], NOON)
    [waiting] = workspace.reader.deliveries()
    workspace.store.mark([attrs.evolve(waiting, status="trying")])
    [sent] = deliver(workspace, {}, LATER)
    assert (sent.sent, sent.unknown, hook.taken) == (0, 1, [])
    assert deliver(workspace, {}, LATER)[0].unknown == 0


def test_two_entries_of_one_address_are_one_notifier(tmp_path, hook):
    with told_at(tmp_path, hook.address, hook.address) as workspace:
        enter(workspace, [ASTONISHED], NOON)
        deliver(workspace, {}, NOON)
    assert len(hook.taken) == 1


def test_new_notifier_is_not_told_old_news(tmp_path, hook):
    with told_at(tmp_path) as workspace:
        enter(workspace, [ASTONISHED], NOON)
    with told_at(tmp_path, hook.address) as workspace:
        assert deliver(workspace, {}, LATER)[0].sent == 0


# --- When it does not arrive ---


def test_notifier_that_fails_is_told(workspace, hook):
    hook.status = 500
    sent = send(workspace, ASTONISHED)
    assert (sent.sent, sent.waiting) == (0, 1)
    assert "500" in sent.problem


def test_what_failed_is_sent_in_the_next_run(workspace, hook):
    hook.status = 500
    send(workspace, ASTONISHED)
    hook.status = 200
    [sent] = deliver(workspace, {}, LATER)
    assert (sent.sent, sent.waiting, sent.problem) == (1, 0, "")


def test_notifier_that_fails_once_is_left_for_this_run(workspace, hook):
    hook.status = 500
    sent = send(workspace, *alerts(5))
    assert (sent.waiting, len(hook.paths)) == (5, 1)


def test_failure_at_one_notifier_keeps_nothing_from_another(tmp_path, hook):
    with told_at(tmp_path, "json://127.0.0.1:9/nobody", hook.address) as workspace:
        enter(workspace, [ASTONISHED], NOON)
        first, second = deliver(workspace, {}, NOON)
    assert (first.waiting, second.sent) == (1, 1)


def test_tries_and_the_problem_are_on_record(workspace, hook):
    hook.status = 500
    send(workspace, ASTONISHED)
    deliver(workspace, {}, LATER)
    [delivery] = workspace.reader.deliveries()
    assert isinstance(delivery, Delivery)
    assert (delivery.status, delivery.tries, delivery.at) == ("failed", 2, LATER)


def test_what_a_person_rejects_before_it_arrived_is_not_sent(workspace, hook):
    hook.status = 500
    send(workspace, ASTONISHED)
    hook.status = 200
    [sent] = deliver(workspace, {}, LATER, rejected={ASTONISHED.key})
    assert (sent.sent, sent.waiting, hook.taken) == (0, 0, [])
    assert workspace.reader.deliveries() == []


# --- Secrets ---


def test_variable_inside_an_address_is_filled_in_and_cannot_change_its_shape(tmp_path, hook):
    with told_at(tmp_path, f"json://{hook.host}/in/${{TOKEN}}") as workspace:
        send(workspace, ASTONISHED, TOKEN="a/b?c@d")
    assert unquote(hook.paths[0].rstrip("/")) == "/in/a/b?c@d"
    assert "?" not in hook.paths[0]


def test_variable_alone_is_the_whole_address(tmp_path, hook):
    with told_at(tmp_path, "${CHAT}") as workspace:
        assert send(workspace, ASTONISHED, CHAT=hook.address).sent == 1


def test_variable_that_is_not_set_is_told_and_the_alert_waits(tmp_path):
    with told_at(tmp_path, "json://127.0.0.1/${TOKEN}") as workspace:
        sent = send(workspace, ASTONISHED)
        assert (sent.waiting, sent.problem) == (1, "${TOKEN} is not set in the environment")


def test_no_secret_is_told_or_kept(tmp_path):
    with told_at(tmp_path, "json://desk:${PASSWORD}@127.0.0.1:9/") as workspace:
        sent = send(workspace, ASTONISHED, PASSWORD="hunter2")
        assert sent.problem
        assert "hunter2" not in repr(sent)
        assert "hunter2" not in repr(workspace.reader.deliveries())


def test_address_that_apprise_does_not_know_is_told_before_the_work(tmp_path):
    with told_at(tmp_path, "pigeon://loft", "json://127.0.0.1/") as workspace:
        [problem] = problems(workspace.study, {})
    assert problem.startswith("alerts.0 (pigeon): no address that Apprise can use")
