"""What a network says of each test image."""

from __future__ import annotations

import numpy as np
import pytest
from artifacts import artifact, evaluated_on

from archspec.artifact.keras_model import keras_model
from archspec.evaluate.judged import judge
from archspec.evaluate.ranks import rank
from archspec.preprocess.pixels import normalize


@pytest.mark.parametrize("several", [False, True])
def test_every_image_is_judged_once_in_its_order(several: bool) -> None:
    pixels = np.random.default_rng(1).uniform(0, 255, (5, 8, 8, 4)).astype(np.float32)
    labels = np.random.default_rng(2).integers(0, 2, (5, 3)).astype(np.uint8) if several else np.array([2, 1, 0, 1, 2], np.int32)
    found = judge(artifact(), evaluated_on(pixels, labels))
    logits = keras_model(artifact())(normalize(pixels, artifact().preprocess), training=False).numpy()
    assert found.said.tolist() == ((logits > 0) if several else logits.argmax(axis=1)).tolist()
    assert found.labels.tolist() == labels.astype(bool if several else int).tolist()
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    best = 1 / (1 + np.exp(-logits.max(axis=1))) if several else (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    assert found.surest == pytest.approx(best, rel=1e-5)
    if several:
        losses = np.logaddexp(0, np.where(labels > 0, -logits, logits)).mean(axis=1)
    else:
        losses = -np.log(shares[np.arange(5), labels] / shares.sum(axis=1))
    assert found.losses == pytest.approx(losses, rel=1e-5, abs=1e-6)
    assert found.ranks.tolist() == rank(logits, labels).numpy().tolist()
    assert (found.scores is not None) == several
