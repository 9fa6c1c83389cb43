"""`python -m docs.mcp_examples DATA [STUDY]`: writes what each tool of the MCP server gives into mcp.md.

DATA is the folder of a `retold demo`. Lists are as short as the tools can make them.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.data import NEWSROOM
from docs.generate import renewed
from kb.settings import Settings, silence_telemetry
from kb.workspace import Workspace
from queries.lookup import Desk
from queries.mcp import Tools
from queries.picture import Sight
from queries.told import NOTICE

START, END = "<!-- examples: written by `python -m docs.mcp_examples DATA` -->", "<!-- end of examples -->"
WIDTH = 118
EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"query": "two models are safer than one", "kind": "quote", "k": 1}),
    ("quote", {"quote": "q-fold", "limit": 1}),
    ("claim", {"claim": "c-conversations", "limit": 1}),
    ("trace", {"subject": "q-fold", "limit": 2}),
    ("check_draft", {"text": "The researchers tested nine models, said Marit Oyelaran.", "limit": 1}),
    ("report", {"subject": "q-fold", "length": 1000}),
)


def main(arguments: Sequence[str]) -> int:
    """Write the examples; returns the exit code."""
    silence_telemetry()
    study = Path(arguments[1]) if arguments[1:] else NEWSROOM / "claims.yaml"
    page = Path(__file__).parent / "mcp.md"
    with Workspace(Settings(study=study, data_dir=Path(arguments[0]))) as workspace:
        page.write_text(renewed("mcp.md", START, END, _examples(workspace)), encoding="utf-8")
    return 0


def _examples(workspace: Workspace) -> Iterator[str]:
    with closing(Desk(workspace)) as desk, closing(Sight(workspace)) as sight:
        tools = Tools(workspace, desk, sight)
        for name, given in EXAMPLES:
            answer = getattr(tools, name)(**given).model_dump()
            answer["notice"] = f"{NOTICE[:30]}…"
            yield from ("", f"`{name}` of `{json.dumps(given)}`:", "", "```json", laid_out(answer), "```")
        yield ""


def laid_out(value: Any, indent: str = "") -> str:
    """JSON, what fits on a line on one.

    >>> print(laid_out({"a": [1, 2]}))
    {"a": [1, 2]}
    """
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    inner = f"{indent}  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + laid_out(each, inner) for each in value) + f"\n{indent}]"
    entries = (f"{inner}{json.dumps(name)}: {laid_out(each, inner)}" for name, each in value.items())
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
