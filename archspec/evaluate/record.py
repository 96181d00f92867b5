"""What has to stand beside a number for it to be compared with another one: how the network was evaluated, and on what."""

from __future__ import annotations

from typing import Any

from archspec.evaluate.data import Examples
from archspec.evaluate.evaluation import Evaluated, Model

TIES = "a class counts as among the k best where fewer than k classes score as high or higher"


def protocol_record(evaluated: Evaluated) -> dict[str, Any]:
    """The protocol as it was done, every default in it."""
    protocol, rule = evaluated.protocol, evaluated.rule
    sides = [side.of(min(rule.height, rule.width)) for side in protocol.sizes or ()]
    metrics = evaluated.model.facts["metrics"]
    return {
        "name": evaluated.name, "description": protocol.description, "source": protocol.source,
        "decoder": rule.decoder, "interpolation": rule.interpolation,
        "antialias": rule.antialias, "origin": rule.origin, "offset": rule.offset, "order": rule.order,
        "resize": rule.to_json()["resize"] if not sides else None, "sizes": sides, "frame": protocol.frame,
        "input": list(rule.shape), "crops": _crops(evaluated), "parts": protocol.count, "mirrored": protocol.mirrored,
        "dense": protocol.dense, "average": protocol.average, "weights": str(metrics.get("weights", "raw")),
        "statistics": _statistics(evaluated.model), "precision": evaluated.model.precision, "ties": TIES,
    }


def data_record(data: Examples) -> dict[str, Any]:
    """Of which images: how many, what their digest is, and the files that say what is left out and what else is right."""
    found: dict[str, Any] = {"source": data.source, "split": data.which, "examples": data.split.size, "digest": data.digest}
    if data.left_out is not None:
        listed = data.left_out.listed
        found["left_out"] = {"file": listed.file, "sha256": listed.sha256, "images": len(data.left_out.numbers)}
    if data.real is not None:
        listed, labelled = data.real.listed, data.real.labelled
        found["real"] = {"file": listed.file, "sha256": listed.sha256, "images": int(labelled.sum()),
                         "without_labels": int((~labelled).sum())}
    return found


def _statistics(model: Model) -> str:
    """Whose means the norms of a batch have."""
    if model.spec is None:
        return "as exported"
    restated = model.spec.train.recompute_statistics > 0 and model.spec.export.weights != "best"  # as a training's end has it
    return "recomputed" if restated else "moving"


def _crops(evaluated: Evaluated) -> list[str]:
    """What is cut out, in order, of each size."""
    protocol = evaluated.protocol
    if protocol.dense:
        return ["all"]
    if protocol.grid:
        return [f"grid {protocol.grid}x{protocol.grid}"]
    named = {"centre": ["centre"], "whole": ["whole"], "corners": ["top left", "top right", "bottom left", "bottom right"]}
    return [each for crop in protocol.crops for each in named[crop]]
