"""What there is to be told of an image: for each class its maps, where they are highest, and what blocks have in its logit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.data.looking import Tick
from archspec.graph.ir import Graph
from archspec.graph.passes.inference import predicting
from archspec.saliency.blocks import Block, blocks, last_map, map_called, stage_maps
from archspec.saliency.gradients import Gradients, Looking, looking
from archspec.saliency.laid import Laid
from archspec.saliency.methods import GRADCAM, OCCLUSION
from archspec.saliency.occlusion import Patches, Run, occluded, spread

DIGITS = 6
"""Of a number in a document: float32 knows no more."""


@dataclass(frozen=True)
class Part:
    """What a block has in a class's logit, to first order: gradient times activation, summed.

    `carries` is that of what leaves the block, `adds` of what its own layers add to that; `share` is `adds` over the sum
    of all blocks' sizes of it, from -1 to 1.
    """

    block: Block
    output: tuple[int | None, ...]
    carries: float
    adds: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {"block": self.block.name, "stage": self.block.stage, "output": list(self.output),
                "carries": _rounded(self.carries), "adds": _rounded(self.adds), "share": _rounded(self.share)}


@dataclass(frozen=True)
class Stage:
    """The blocks of a stage: what its last one carries, and the sums of what they add and of their shares."""

    name: str
    parts: tuple[Part, ...]

    @property
    def carries(self) -> float:
        """Of the last block."""
        return self.parts[-1].carries

    @property
    def adds(self) -> float:
        """Of all blocks."""
        return sum(part.adds for part in self.parts)

    @property
    def share(self) -> float:
        """Of all blocks."""
        return sum(part.share for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {"stage": self.name, "carries": _rounded(self.carries), "adds": _rounded(self.adds),
                "share": _rounded(self.share)}


def by_stage(parts: Sequence[Part]) -> list[Stage]:
    """The stages of some blocks, in their order."""
    return [Stage(name, tuple(found)) for name, found in groupby(parts, key=lambda part: part.block.stage)]


@dataclass(frozen=True)
class Peak:
    """The highest value of a map, and the middle of its cell in the image: x from the left, y from the top, in pixels."""

    value: float
    x: float
    y: float

    def to_json(self) -> dict[str, float]:
        """To six digits, and a thousandth of a pixel."""
        return {"value": _rounded(self.value), "x": round(self.x, 3), "y": round(self.y, 3)}


@dataclass(frozen=True)
class Reason:
    """What speaks for a class in an image. `cam` and `losses` are None where that method was not asked for.

    `cam` is the Grad-CAM (h, w) of the map that was chosen, `stages` of the last map of each stage; `losses` (rows, columns)
    what the probability loses where a patch lies.
    """

    name: str
    index: int
    probability: float
    logit: float | None = None
    cam: np.ndarray | None = None
    stages: Mapping[str, np.ndarray] | None = None
    parts: Sequence[Part] = ()
    losses: np.ndarray | None = None


@dataclass(frozen=True)
class Explained:
    """An image, what the network says of it, and why. `image` is (h, w, channels) of all of it, 255 for white."""

    name: str
    image: np.ndarray
    laid: Laid
    reasons: tuple[Reason, ...]

    def peak(self, cells: np.ndarray) -> Peak:
        """Of a map that covers the input; the first of equal ones."""
        row, column = np.unravel_index(int(np.argmax(cells)), cells.shape)
        x, y = self.laid.middle((int(row), int(column)), cells.shape)
        return Peak(float(cells[row, column]), x, y)

    def to_json(self, explainer: Explainer) -> dict[str, Any]:
        """One JSON object."""
        return {"image": self.name, "size": [int(side) for side in self.image.shape[:2]], "seen": self.laid.seen.to_json(),
                "classes": [self._of(each, explainer) for each in self.reasons]}

    def _of(self, reason: Reason, explainer: Explainer) -> dict[str, Any]:
        found: dict[str, Any] = {"class": reason.name, "index": reason.index, "probability": _rounded(reason.probability)}
        if reason.cam is not None and reason.logit is not None:
            found |= {"logit": _rounded(reason.logit),
                      "gradcam": {"at": explainer.at, "map": _rows(reason.cam), "peak": self.peak(reason.cam).to_json()},
                      "stages": [stage.to_json() for stage in by_stage(reason.parts)],
                      "blocks": [part.to_json() for part in reason.parts]}
        if reason.losses is not None:
            chosen = explainer.chosen
            found["occlusion"] = {"patch": chosen.side, "stride": chosen.stride, "colour": list(chosen.value),
                                  "rows": list(chosen.rows), "columns": list(chosen.columns), "map": _rows(reason.losses),
                                  "peak": self.peak(self.hidden(reason.losses, chosen)).to_json()}
        return found

    def hidden(self, losses: np.ndarray, chosen: Patches) -> np.ndarray:
        """What is lost where patches lie, for each pixel of the input."""
        return spread(losses, chosen, self.laid.rule.height, self.laid.rule.width)


@dataclass(frozen=True)
class Explainer:
    """A trained network, by which `methods` and with which `patches` it is looked into; `run` gives its probabilities."""

    artifact: Artifact
    run: Run
    methods: Sequence[str]
    chosen: Patches
    place: str | None
    """The layer, block or stage whose map Grad-CAM takes; the last map if None."""
    batch: int

    @cached_property
    def graph(self) -> Graph:
        """The network as it predicts."""
        return predicting(self.artifact.graph)

    @cached_property
    def at(self) -> str:
        """The node whose map Grad-CAM takes. Raises InputError where there is none."""
        return last_map(self.graph) if self.place is None else map_called(self.graph, self.place)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Of the network."""
        return blocks(self.graph)

    @cached_property
    def stages(self) -> dict[str, str]:
        """The last map of each stage."""
        return stage_maps(self.graph)

    @cached_property
    def _look(self) -> Looking:
        sums = [name for block in self.blocks for name in (*block.results, *block.added)]
        return looking(self.artifact, list(dict.fromkeys([self.at, *self.stages.values()])), list(dict.fromkeys(sums)))

    def reasons(self, pixels: np.ndarray, classes: Sequence[int], tick: Tick) -> tuple[Reason, ...]:
        """For each of some classes, or for the most probable if none is said; `pixels` is (h, w, c) from 0 to 255."""
        said = self.run(pixels[None].astype(np.float32))[0]
        asked = list(classes) or [int(np.argmax(said))]
        losses = occluded(self.run, pixels, self.chosen, asked, self.batch, tick) if OCCLUSION in self.methods else None
        return tuple(self._reason(pixels, number, float(said[number]), None if losses is None else losses[..., place])
                     for place, number in enumerate(asked))

    def _reason(self, pixels: np.ndarray, number: int, probability: float, losses: np.ndarray | None) -> Reason:
        name = self.artifact.classes[number]
        if GRADCAM not in self.methods:
            return Reason(name, number, probability, losses=losses)
        found = self._look(pixels, number)
        return Reason(name, number, probability, found.logit, found.maps[self.at],
                      {stage: found.maps[node] for stage, node in self.stages.items()}, self._parts(found), losses)

    def _parts(self, found: Gradients) -> list[Part]:
        def total(names: Sequence[str]) -> float:
            return sum(found.sums[name] for name in names)
        whole = sum(abs(total(block.added)) for block in self.blocks) or 1.0
        return [Part(block, self.graph.node(block.results[-1]).output.type.shape, total(block.results), total(block.added),
                     total(block.added) / whole) for block in self.blocks if block.results]


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _rows(cells: np.ndarray) -> list[list[float]]:
    return [[_rounded(float(each)) for each in row] for row in cells]
