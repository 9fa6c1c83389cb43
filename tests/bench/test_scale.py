import gzip
import json
from pathlib import Path

import pytest

from bench.scale import run

STORY = "“We were surprised by how often it happened,” said Jane Roe of Yale. The team read 8,400 pages in {} weeks. "


@pytest.mark.usefixtures("ray_here")
def test_figures_stand_beside_the_bare_engines(tmp_path: Path) -> None:
    pages = tmp_path / "pages.jsonl.gz"
    with gzip.open(pages, "wt", encoding="utf-8") as file:
        for number in range(12):
            text = STORY.format(number) * 3
            file.write(json.dumps({"text": text, "html": f"<html><body><p>{text}</p></body></html>"}) + "\n")
    figures = run(pages, records=40, articles=12)
    assert figures["backfill"]["same"]
    assert figures["backfill"]["records"] == 40
    assert figures["ray"]["same"]
    assert figures["ray"]["articles"] == 12
    assert set(figures) == {"backfill", "ray"}
