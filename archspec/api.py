"""What a program can ask of archspec. The package gives each of these names, and loads them when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import InputError, Problem, SpecError, Where
from archspec.graph.ir import Graph
from archspec.network import load as _load
from archspec.network import lower as _lower
from archspec.spec.arch import Spec
from archspec.views.summary import Summary
from archspec.views.summary import summary as _summary

if TYPE_CHECKING:
    import keras

__all__ = ["Graph", "InputError", "Problem", "Spec", "SpecError", "Summary", "Where", "backbone", "build",
           "load", "lower", "summary"]

NetworkLike = str | PathLike[str] | Spec | Graph
"""What stands for a network: the name of a shipped spec, a path, a spec, its graph."""
Overrides = Mapping[str, object] | Sequence[str]
OUTPUT_STRIDES = (8, 16, 32)
"""Those that segmentation and detection are published with."""


def load(reference: str | PathLike[str], overrides: Overrides = ()) -> Spec:
    """The spec of a path or a shipped name, with overrides: `{"stages.se": 16}`, or `["stages.se=16"]`.

    Raises SpecError with every problem, InputError for anything that is neither.
    """
    if not isinstance(reference, str | PathLike):
        raise InputError(f"load takes a path or the name of a shipped spec, this is {_described(reference)}\n"
                         '  hint: archspec.load("resnet50")')
    if isinstance(overrides, str) or not isinstance(overrides, Mapping | Sequence):
        raise InputError(f"overrides are a mapping or a list, this is {_described(overrides)}\n"
                         '  hint: archspec.load("resnet50", {"stages.se": 16})')
    for each in overrides if isinstance(overrides, Sequence) else ():
        if not isinstance(each, str):
            raise InputError(f"an override in a list is a text, this is {_described(each)}\n"
                             '  hint: archspec.load("resnet50", ["stages.se=16"])')
    return _load(reference, overrides)


def lower(network: NetworkLike) -> Graph:
    """The graph of a network: a spec, a path, a shipped name; a graph is given back. Raises SpecError or InputError."""
    if isinstance(network, Graph):
        return network
    if isinstance(network, Spec):
        return _lower(network)
    if isinstance(network, str | PathLike):
        return _lower(_load(network))
    raise InputError(f"a network is a path, the name of a shipped spec, a spec or a graph, this is {_described(network)}\n"
                     '  hint: archspec.build("resnet50"), or archspec.build(archspec.load("resnet50", {"stages.se": 16}))')


def summary(network: NetworkLike, batch: int = 32) -> Summary:
    """What a network costs, by stage and in all, and the memory for `batch` images. Takes what `lower` takes.

    Raises InputError for a batch that is no number of images.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise InputError(f"batch is a number of images, this is {_described(batch)}\n"
                         '  hint: other values of keys go to load: archspec.summary(archspec.load("resnet50", {"classes": 9}))')
    return _summary(lower(network), batch)


def build(network: NetworkLike, *, auxiliary: bool = False) -> keras.Model:
    """The functional Keras model of a network: images (batch, height, width, channels) to logits (batch, classes).

    Takes what `lower` takes. With `auxiliary` it gives a dict: `logits`, and `auxiliary_STAGE` for each extra classifier.
    """
    graph = lower(network)
    from archspec.model.emit import build as emit
    return emit(graph, auxiliary=auxiliary)


def backbone(network: NetworkLike, levels: Sequence[str], *, output_stride: int | None = None,
             weights: str | PathLike[str] | None = None) -> keras.Model:
    """A Keras model that gives a dict of feature maps: level (P1 to P5) to (batch, height, width, channels).

    Takes what `lower` takes. With `output_stride` (8, 16 or 32) no map is smaller than that: later strides become dilations,
    and a level keeps its name and its place in the network, so that at 8 the maps of P3, P4 and P5 are of one size. `weights`
    is the folder of a finished run, or a .keras file that a run or `archspec import` has written; they fit at every output
    stride, at other image sizes and at another number of classes.

    The model is what keras_cv.models.RetinaNet and DeepLabV3Plus take as a backbone, and keras_hub.models.RetinaNetBackbone
    and DeepLabV3Backbone as an image encoder. Raises InputError for a level that the network does not have, a network that
    has no such output stride, and weights that are not its own.
    """
    if isinstance(levels, str):
        raise InputError(f"levels are a list, this is {_described(levels)}\n"
                         '  hint: archspec.backbone("resnet50", ["P3", "P4", "P5"])')
    if output_stride is not None and output_stride not in OUTPUT_STRIDES:
        raise InputError(f"output_stride is 8, 16, 32 or None, this is {_described(output_stride)}")
    graph = lower(network)
    from archspec.model.emit import backbone as emit
    model = emit(graph, levels, output_stride=output_stride, initialize=weights is None)
    if weights is not None:
        _fill(model, graph, Path(weights))
    return model


def _fill(model: keras.Model, graph: Graph, path: Path) -> None:
    """The numbers of a trained network in a part of it."""
    from archspec.weights.load import Wanted, fill, planned, refuse, refuse_form
    from archspec.weights.own import OWN
    wanted, layers = Wanted(OWN), {layer.name for layer in model.layers}
    with planned(graph, (), path, wanted) as plan:
        part = plan.only(layers)
        refuse(part, graph, wanted)
        refuse_form(plan, graph, lambda overrides: graph)
        fill(model, part, wanted)


def _described(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:80]
