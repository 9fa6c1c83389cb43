"""The worked example of docs/api.md runs as it stands."""

import re
from pathlib import Path

import pytest
from newsdesk import keep_stories, settings

from kb.embed import SentenceTransformerEmbedder
from kb.pipeline import build
from kb.workspace import Workspace

PAGE = Path(__file__).parents[1] / "docs" / "api.md"


def test_example_runs_and_says_what_it_shows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    embedder: SentenceTransformerEmbedder,
) -> None:
    with Workspace(settings(tmp_path)) as workspace:
        workspace.embedder = embedder
        keep_stories(workspace)
        build(workspace)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(block, names)
    said = capsys.readouterr().out
    assert "A nap is no cure for a bad roster" in said
    assert "The Star altered ['astonished']" in said
    assert "altered-quote" in said
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
