"""Coverage-guided fuzzing: `python tests/fuzz.py TARGET FOLDER [libFuzzer's options]`, for which `pip install atheris`.

FOLDER keeps what was found on the way and is filled with the target's seeds first. A case that raises, takes 60 seconds
or 4 GB ends the run and is written beside it. `-runs=N` or `-max_total_time=S` ends it otherwise.
"""

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crawler", "kb", "queries", "trafilatura", "htmldate", "warcio", "fuzzing"]):
    import fuzzing


def main() -> None:
    name, folder, *options = sys.argv[1:]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in fuzzing.seeds(name):
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
        fuzzing.TARGETS[name](seed)  # what is loaded with a first case is not charged to one
    limits = ["-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={folder}/{name}-"]
    atheris.Setup([sys.argv[0], *limits, *options, str(corpus)], fuzzing.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
