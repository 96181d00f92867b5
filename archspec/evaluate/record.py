"""What has to stand beside a number for it to be compared with another one: how the network was evaluated, and on what."""

from __future__ import annotations

from typing import Any

from archspec.evaluate.evaluation import Evaluated, Model

TIES = "a class counts as among the k best where fewer than k classes score as high or higher"


def protocol_record(evaluated: Evaluated, name: str) -> dict[str, Any]:
    """The protocol as it was done, every default in it."""
    protocol, rule = evaluated.protocol, evaluated.rule
    sides = [side.of(min(rule.height, rule.width)) for side in protocol.sizes or ()]
    metrics = evaluated.model.facts["metrics"]
    return {
        "name": name, "source": protocol.source, "decoder": rule.decoder, "interpolation": rule.interpolation,
        "antialias": rule.antialias, "origin": rule.origin, "offset": rule.offset, "order": rule.order,
        "resize": rule.to_json()["resize"] if not sides else None, "sizes": sides, "frame": protocol.frame,
        "input": list(rule.shape), "crops": _crops(evaluated), "parts": protocol.count, "mirrored": protocol.mirrored,
        "dense": protocol.dense, "average": protocol.average, "weights": str(metrics.get("weights", "raw")),
        "statistics": _statistics(evaluated.model), "precision": evaluated.model.precision, "ties": TIES,
    }


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
