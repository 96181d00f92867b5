"""Whether XLA compiles the step (`jit: on`), and what it cannot compile so that it means or costs the same."""

from __future__ import annotations

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv
from archspec.spec.recipe import Recipe


def compiles(recipe: Recipe, graph: Graph, devices: str, count: int) -> bool:
    """Whether it does. Raises InputError where it should and cannot; `devices` are those in words, `count` how many."""
    if recipe.jit == "off":
        return False
    if count > 1:  # TensorFlow looks for the variables of all devices on one
        raise _refused(f"XLA compiles a step on one device, and here are {devices}", "--set train.strategy=one, or")
    if recipe.accumulate > 1:
        raise _refused(f"XLA compiles a step of one batch, and train.accumulate makes {recipe.accumulate} of it",
                       "--set train.accumulate=1, or")
    if again := [node.name for node in graph.nodes if node.recompute]:
        raise _refused(f"XLA computes nothing twice, so memory: recompute would spare nothing ({len(again)} layers of "
                       f"{graph.name})", "--set memory=none, or")
    grouped = [node.name for node in graph.nodes if isinstance(node.op, Conv) and node.op.groups > 1]
    if grouped and devices.endswith("CPU"):
        raise _refused(f"on a CPU a grouped convolution that XLA compiles takes a hundred times as long ({len(grouped)} in "
                       f"{graph.name})", "")
    return True


def _refused(why: str, also: str) -> InputError:
    return InputError(f"train.jit: {why}\n  hint: {f'{also} ' * bool(also)}--set train.jit=off")
