"""A spec as the backbone of another library's detector."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import archspec


@pytest.mark.slow
def test_keras_cv_detects_with_a_backbone_of_ours() -> None:
    spec = archspec.load("resnet18", {"input": "?x?x3", "stages.width": [8, 16, 32, 64]})
    backbone = archspec.backbone(spec, ["P3", "P4", "P5"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras_cv
        detector = keras_cv.models.RetinaNet(num_classes=3, bounding_box_format="xywh", backbone=backbone)
        found = detector(np.zeros((1, 128, 128, 3), np.float32))
    anchors = 9 * sum((128 // stride) ** 2 for stride in (8, 16, 32, 64, 128))
    assert found["box"].shape == (1, anchors, 4)
    assert found["classification"].shape == (1, anchors, 3)
