"""What is weighed of a possible parent, and the small network that weighs it.

One hidden layer beside direct weights; `bench/fit_kinship.py` fits it on generated coverage and writes its numbers.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
from safetensors import safe_open

from kb.digests import require_digest

Floats = npt.NDArray[np.floating]

WEIGHTS = Path(__file__).parent / "weights" / "kinship.safetensors"
WEIGHTS_SHA256 = "215b17b1a71553de485248d58e3ac1b130b10adda2e4ed7d47f303e723d0c9a4"
"""Of the file that `python -m bench fit_kinship` wrote last."""
CLIPPED = 6.0
"""Standard deviations from the mean at which a feature is cut off: what was never seen is not to be believed."""

NAMING = ("credit-sure", "credit", "wire", "mention-sure", "link")
"""Signs that name whom an article has its matter from."""
SINGLE = (
    *("any", "primary", "fame", "articles", "points", "claims-own"),
    *("undated", "parent-undated", "before", "lag", "lag-lies", "late", "soon", "wrong-by"),
    *NAMING,
    *("mention", "link-outlet", "link-own", "points-too", "back-exact", "back", "further", "many-meant", "inherited"),
    *("bound", "undone", "first-print", "printed-first"),
)
"""All that is not of words."""
_SEEN = (
    *("held", "rare", "foreign", "left", "behind", "behind-noise", "loss", "loss-any", "bypassed", "spill"),
    *("known-share", "unlike", "longer"),
)
OF_PRIMARY = ("run-above", "pair-above", "run-held", "pair-held", "word-above")
OF_NAMED = ("came-along", "closer", "pair-above", "pair-behind", "said-foreign", "lag", "best", "run-loss")
FEATURES = (
    *("lies-run", "lies-pair"),
    *SINGLE,
    *(f"{sort}-{name}" for sort in ("run", "pair", "word", "said") for name in _SEEN),
    *(f"{sort}-{name}" for sort in ("run", "pair", "word") for name in ("above", "beyond", "short")),
    *(f"primary-{name}" for name in OF_PRIMARY),
    *(f"named-{name}" for name in OF_NAMED),
)


def probability(odds: float) -> float:
    """What log-odds mean."""
    return 1 / (1 + math.exp(-max(-30.0, odds)))


@attrs.frozen
class Network:
    """The weights by name, as the file holds them."""

    weights: Mapping[str, Floats]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> "Network":
        """A file that was fitted for other features than `FEATURES` is refused (ValueError)."""
        with safe_open(path, framework="numpy") as stored:
            if stored.metadata()["features"].split() != list(FEATURES):
                raise ValueError(f"{path} was fitted for other features")
            return cls({name: stored.get_tensor(name) for name in list(stored.keys())})

    def scores(self, features: Floats) -> Floats:
        """Log-odds against `independent` of each row."""
        w = self.weights
        row = np.clip((features - w["mean"]) / w["scale"], -CLIPPED, CLIPPED)
        hidden = np.maximum(row @ w["hidden"] + w["hidden_bias"], 0.0)
        return np.asarray(hidden @ w["out"] + row @ w["direct"] + w["bias"])


@cache
def fitted() -> Network:
    """The network that ships, read when first needed; DigestError where the file is another."""
    require_digest(WEIGHTS, WEIGHTS_SHA256)
    return Network.load()
