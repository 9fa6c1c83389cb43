"""Models named in the settings, looked for before work begins: a missing one must not become a failure a page."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from kb.errors import UserError
from kb.minilm import EMBEDDED
from kb.parse import MODEL, require_model
from kb.settings import Settings
from kb.workspace import Workspace


def require_parser(settings: Settings) -> None:
    """UserError when the spaCy pipeline is neither an installed package nor a folder; DigestError where the default one
    is not that of its release.
    """
    name = settings.spacy_model
    try:
        distribution(name)
    except (PackageNotFoundError, ValueError) as error:
        if not (name and Path(name).exists()):
            raise UserError(
                f"setting RETOLD_SPACY_MODEL: the spaCy pipeline {name!r} is not installed. Install its package, give "
                "a folder, or leave the setting out"
            ) from error
    if name == MODEL:
        require_model()


def require_embedder(workspace: Workspace) -> None:
    """UserError when a chosen embedding model does not load; the bundled one is not loaded for this."""
    if workspace.settings.embedding_model != EMBEDDED:
        workspace.embedder.encode(["."])
