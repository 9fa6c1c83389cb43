"""Ray on several nodes, which are killed: the same results in the same order, or an end in words."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import attrs
from raycluster import Cluster, cluster

from kb.executor import Derived

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
