"""Models that the settings name: weights from safetensors alone, and no code of theirs.

Other forms of weights are pickles: reading one can run whatever its author wrote into it.
"""

from pathlib import Path
from typing import Any

from kb.errors import UserError

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Endings of files that are read by unpickling."""


def safely(name: str) -> dict[str, Any]:
    """How sentence-transformers loads the model of a name or folder; UserError where it would have to unpickle."""
    folder = _folder(name)
    files = sorted(folder.rglob("*")) if folder else []
    pickled = [file for file in files if file.suffix in PICKLED and not any(file.parent.glob("*.safetensors"))]
    if pickled:
        raise UserError(
            f"the model {name!r} has its weights in {pickled[0].name} and not as safetensors: reading such a file can "
            "run code. Convert it, or name another model"
        )
    return {"model_kwargs": {"use_safetensors": True}, "trust_remote_code": False}


def _folder(name: str) -> Path | None:
    """Where a model's files lie; None for one that nobody has fetched yet."""
    if Path(name).exists():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError):
        return None
