"""The command that answers other programs: `mcp`."""

from typing import Literal

import typer

from queries.options import Options


def mcp(ctx: typer.Context) -> None:
    """Serve the knowledge base to a language model: an MCP server on standard input and output, which only reads.

    Example: retold mcp
    """
    from queries.mcp import serve

    options: Options = ctx.obj
    levels: dict[int, Literal["INFO", "WARNING", "ERROR"]] = {-1: "ERROR", 0: "WARNING", 1: "INFO"}
    with options.workspace() as workspace:
        serve(workspace, levels[options.verbosity])


COMMANDS = (mcp,)
