"""Ray on several nodes, which are killed: the same results in the same order, or an end in words."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest
from raycluster import Cluster, cluster

from kb.embed import SentenceTransformerEmbedder
from kb.errors import UserError
from kb.executor import Derived, Item
from kb.minilm import MiniLM
from kb.ray_crew import graphics_share
from kb.ray_executor import RayExecutor
from kb.stages import AnnotateStage, EmbedStage

SOAK = os.environ.get("RETOLD_SOAK") == "1"
LARGE = 200_000
"""Bytes from which on Ray keeps a result in the memory of the machine that made it."""


@attrs.frozen
class Weighing:
    """A stage for these tests: every fifth result is large, and orders are obeyed."""

    def run(self, payload: Any) -> Derived:
        if payload == "die":
            os._exit(3)
        time.sleep(0.02)
        return Derived((payload, os.getppid(), b"." * LARGE if payload % 5 == 0 else b""))


DRIVER = """
import json, os, signal, sys
sys.path[:0] = {path!r}
from test_ray_cluster import Weighing
from kb.errors import RetoldError
from kb.executor import Item
from kb.ray_executor import RayExecutor

def told(address, workers, group, spread, after):
    "Items until results came from so many nodes; then the signal, some items more, and the orders among them."
    nodes, keys, errors, killed = set(), [], [], False
    def items():
        number = 0
        while not killed:
            yield Item(str(number), number)
            number += 1
        for payload in after:
            yield Item(str(number), payload)
            number += 1
    try:
        for attempt in RayExecutor(workers, address).map(Weighing(), items()):
            keys.append(attempt.item.key)
            if attempt.error:
                errors.append(attempt.item.payload)
            else:
                nodes.add(attempt.result.records[1])
            if len(keys) > 40 and len(nodes) >= spread and not killed:
                os.killpg(group, {signal})
                killed = True
    except RetoldError as error:
        print(json.dumps({{"error": str(error), "killed": killed}}))
        sys.exit(error.exit_code)
    return {{"in order": keys == list(map(str, range(len(keys)))), "errors": errors, "killed": killed}}

address, *rounds = sys.argv[1:]
for each in rounds:
    print(json.dumps(told(address, *json.loads(each))), flush=True)
"""


def told(nodes: Cluster, folder: Path, *rounds: Any, kill: int = signal.SIGKILL) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and what rounds came to.

    Each: workers, a node's process group, from how many nodes there are results before its signal, what comes after.
    """
    script = folder / "driver.py"
    script.write_text(DRIVER.format(path=[str(Path(__file__).parent)], signal=int(kill)))
    done = nodes.run(script, *map(json.dumps, rounds))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_node_that_is_killed_costs_nothing_and_without_the_head_the_run_ends_in_words(tmp_path: Path) -> None:
    after = list(range(100))
    with cluster() as nodes:
        nodes.add(2)
        nodes.add(2)
        code, (first, second) = told(nodes, tmp_path, (4, nodes.nodes[1], 2, after), (4, nodes.nodes[0], 1, after))
    assert first == {"in order": True, "errors": [], "killed": True}
    assert second["killed"]
    assert code == 4
    assert "start Ray again, and the same command goes on from here" in second["error"]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:port"])
def test_head_that_is_not_there_is_told_at_once(address: str) -> None:
    with pytest.raises(UserError, match=f"nobody answers at {address}: is the head of the Ray cluster up"):
        list(RayExecutor(2, address).map(Weighing(), [Item("0", 0)]))


@pytest.mark.parametrize(
    ("machines", "wanted", "share"),
    [
        ([(8, 0)], 8, 0.0),  # no card: none is asked for
        ([(8, 1)], 4, 0.25),
        ([(2, 4)], 2, 1.0),  # a card each, never two for one
        ([(2, 1), (2, 2)], 4, 0.5),  # a third of three cards is one for three; the fourth needs halves
        ([(8, 1), (1, 4)], 5, 0.25),  # four cards beside one processor serve one worker
        ([(6, 0), (2, 1)], 8, 0.5),  # six processors have no card beside them
        ([(9, 1)], 7, 0.1428),  # seven sevenths, as Ray counts, are more than a card
    ],
)
def test_cards_are_cut_so_that_all_fit_who_have_a_processor_beside_one(
    machines: list[tuple[int, int]], wanted: int, share: float
) -> None:
    assert graphics_share(machines, wanted) == share


def test_only_a_stage_that_can_use_a_card_asks_for_one() -> None:
    assert EmbedStage(SentenceTransformerEmbedder("some/model")).graphics
    assert not EmbedStage(MiniLM()).graphics
    assert not AnnotateStage("some model").graphics


@pytest.mark.skipif(not SOAK, reason="RETOLD_SOAK=1: Ray takes a minute to notice a machine that falls silent")
def test_node_that_falls_silent_and_items_that_kill_their_workers_meanwhile(tmp_path: Path) -> None:
    after = [*range(40), "die", *range(40)]
    with cluster() as nodes:
        nodes.add(2)
        nodes.add(2)
        code, (told_of,) = told(nodes, tmp_path, (4, nodes.nodes[1], 2, after), kill=signal.SIGSTOP)
    assert told_of == {"in order": True, "errors": ["die"], "killed": True}
    assert code == 0


@pytest.mark.skipif(not SOAK, reason="RETOLD_SOAK=1")
def test_machines_that_go_away_and_others_that_come(tmp_path: Path) -> None:
    after = list(range(2_000))
    with cluster() as nodes, ThreadPoolExecutor(1) as aside:
        nodes.add(0)
        nodes.add(2)
        running = aside.submit(told, nodes, tmp_path, (4, nodes.nodes[1], 1, after))
        nodes.add(2)  # the only other one with places for workers
        code, (told_of,) = running.result()
    assert told_of == {"in order": True, "errors": [], "killed": True}
    assert code == 0
