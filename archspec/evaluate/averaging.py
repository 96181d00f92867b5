"""The mean of what a network says of the parts of an image, and of what several networks say of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST = float(np.finfo(np.float32).tiny)
"""Below it a probability of single precision is told as 0; its logarithm is that of this."""


def averaged(said: np.ndarray, of: str, *, several: bool, weights: Sequence[float] | None = None) -> np.ndarray:
    """(n, classes) float64 of (n, parts, classes) probabilities: their mean, or that of what they are probabilities of.

    `of` is `probabilities` or `logits`. Logits are known from probabilities but for a number that is the same for all classes
    of an answer, and so makes no difference to the softmax of their mean. Where an image may have `several` classes each has a
    sigmoid of its own. `weights` are one a part, equal ones if left out.
    """
    share = np.asarray(weights if weights is not None else np.ones(said.shape[1]), np.float64)
    share = share / share.sum()
    given = said.astype(np.float64)
    if of == "probabilities":
        return np.asarray(np.einsum("npc,p->nc", given, share))
    logits = np.log(np.maximum(given, LEAST))
    if several:
        logits -= np.log(np.maximum(1 - given, LEAST))
    mean = np.einsum("npc,p->nc", logits, share)
    if several:
        return np.asarray(1 / (1 + np.exp(-mean)))
    powers = np.exp(mean - mean.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
