"""Exportable: what every export is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.errors import InputError
from archspec.export import sample
from archspec.graph.passes import Network, for_inference
from archspec.spec.export import ExportSection

BATCHES = (1, 2, 4, 8)
"""So a request is filled up to less than twice its images."""


@dataclass(frozen=True, eq=False)
class Exportable:
    """A trained network, as it predicts, and what is asked of its exports.

    `levels` of the feature pyramid are handed out beside the classes. `calibration` gives the images that show a quantised
    export the range of its numbers: training images as evaluation sees them, (n, h, w, c) float32 from 0 to 255, a sample
    over the classes; made ones are taken where it gives None. `batches` are the sizes of a batch that a server is to be ready
    for.
    """

    artifact: Artifact
    options: ExportSection = field(default_factory=ExportSection)
    levels: tuple[str, ...] = ()
    calibration: Callable[[], np.ndarray | None] = field(default=lambda: None, repr=False)
    batches: tuple[int, ...] = BATCHES

    @cached_property
    def network(self) -> Network:
        """From image to logits, in as few operations as can be, each weight once."""
        return for_inference(Network(self.artifact.graph, self.artifact.weights), self.levels)

    def calibrating(self) -> np.ndarray:
        """The images to calibrate with."""
        found = self.calibration()
        return sample.made(self.artifact.preprocess) if found is None else found


def every_level(artifact: Artifact) -> tuple[str, ...]:
    """The levels of the network's feature pyramid. Raises InputError where it has none."""
    if not artifact.graph.features:
        raise InputError(f"{artifact.name} has no levels of a feature pyramid\n"
                         "  hint: leave the feature maps out")
    return tuple(artifact.graph.features)
