"""Fills a model from a file of weights: which mapping fits, whether all is there, then the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.spec.arch import Spec
from archspec.spec.source import Scalar
from archspec.weights.files import opened
from archspec.weights.library import candidates
from archspec.weights.match import Misfit, Plan, last_layers, plan

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a file: its layout (a name, or a mapping file), and how much may differ."""

    layout: str
    new_head: bool = False
    partial: bool = False
    auxiliary: bool = False
    """Whether the model has the auxiliary classifiers, for training."""


def stage_blocks(spec: Spec) -> tuple[str, ...]:
    """The blocks that the stages of a spec repeat, by which a mapping knows a family."""
    return tuple(dict.fromkeys(stage.block.text for stage in spec.stages if isinstance(stage.block, Scalar)))


@contextmanager
def planned(graph: Graph, blocks: tuple[str, ...], path: Path, wanted: Wanted) -> Iterator[Plan]:
    """The plan for a network of these blocks, which can be carried out within.

    Of several mappings of the layout the one that leaves the fewest tensors without a place. Raises InputError.
    """
    mappings = candidates(wanted.layout, blocks)
    with opened(path) as file:
        readable = [mapping for mapping in mappings if mapping.format == file.format]
        if not readable:
            raise InputError(f"{path} is a file of {FORMATS[file.format]}, the layout {wanted.layout} one of "
                             f"{FORMATS[mappings[0].format]}\n  hint: choose the layout by where the file is from")
        yield min((plan(graph, file, mapping, auxiliary=wanted.auxiliary, new_head=wanted.new_head)
                   for mapping in readable), key=lambda each: each.misses)


FORMATS = {"keras": "Keras", "torch": "PyTorch (.pth, .pt, .safetensors)"}


def refuse(found: Plan, graph: Graph, path: Path, wanted: Wanted) -> None:
    """Raises InputError unless the file and the network fit as far as was asked."""
    what = f"{path} does not fit {graph.name} by the mapping {found.mapping.name}"
    if not found.matched:
        raise InputError(f"{what}: no tensor of the file belongs to it\n  hint: is it another network, or another layout?")
    if found.misfits:
        raise InputError(f"{what}: {_misfits(found.misfits)}\n  hint: {_misfit_hint(found, graph)}")
    if not wanted.partial and (found.missing or found.unexpected):
        counts = [f"{count} {word}" for count, word in ((len(found.missing), "missing"), (len(found.unexpected), "unexpected"))
                  if count]
        raise InputError(f"{what}: {' and '.join(counts)} tensors\n  hint: {_partial_hint(found, graph)}")


def _misfits(misfits: tuple[Misfit, ...]) -> str:
    first = misfits[0]
    return (f"{first.tensor} is {list(first.theirs)}, {first.layer} needs {first.array} {list(first.ours)}"
            + (f", and {len(misfits) - 1} more of another shape" if len(misfits) > 1 else ""))


def _misfit_hint(found: Plan, graph: Graph) -> str:
    heads = last_layers(graph)
    if any(misfit.layer not in heads for misfit in found.misfits):
        return "the network differs in width or depth: is this the spec that the file was made for?"
    return "the classes differ: --new-head keeps all but the last layer, --set classes=N keeps the file's"


def _partial_hint(found: Plan, graph: Graph) -> str:
    heads = last_layers(graph)
    if not found.unexpected and all(each.layer in heads for each in found.missing):
        return "the file has no classifier: --new-head starts one"
    return "--partial takes what is there, starts what is missing afresh and leaves out what is unexpected"


def fill(model: keras.Model, found: Plan) -> None:
    """Puts the numbers into the model, tensor by tensor."""
    variables = {(layer.name, variable.name): variable for layer in model.layers for variable in layer.weights}
    for match in found.matched:
        variables[match.layer, match.array].assign(match.conversion(match.stored.read()))
