"""Fills a model from a file of weights: which mapping fits, whether all is there, then the numbers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archspec.errors import InputError, shorten
from archspec.graph.ir import Graph
from archspec.graph.weights import Key, array_name
from archspec.weights.files import open_weights
from archspec.weights.fitting import fitting
from archspec.weights.form import differences
from archspec.weights.library import candidates
from archspec.weights.mapping import LayoutMapping
from archspec.weights.match import Match, Misfit, Plan, last_layers, plan
from archspec.weights.own import OWN, own_weights, unlike
from archspec.weights.tensors import WeightsFile

if TYPE_CHECKING:
    import keras

AS_IS = "--as-is (train.init.as_is) takes the weights all the same"
MOST_SAID = 5
"""Nodes that a message names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a file: its layout (a name, or a mapping file), and how much may differ."""

    layout: str
    new_head: bool = False
    """Start the last layer afresh; of a model of archspec's own that is done wherever the classes differ in number."""
    partial: bool = False
    auxiliary: bool = False
    """Whether the model has the auxiliary classifiers, for training."""
    as_is: bool = False
    """Take the numbers whatever they are, into a network of another form too."""


@contextmanager
def planned(graph: Graph, blocks: tuple[str, ...], path: Path, wanted: Wanted) -> Iterator[Plan]:
    """The plan for a network of these blocks, which can be carried out within.

    Of several mappings of the layout the one that leaves the fewest tensors without a place. Raises InputError.
    """
    mappings = candidates(wanted.layout, graph, blocks)
    with own_weights(path, graph) if wanted.layout == OWN else open_weights(path) as file:
        readable = [mapping for mapping in mappings if mapping.format == file.format]
        if not readable:
            raise InputError(f"{path} is a file of {FORMATS[file.format]}, the layout {wanted.layout} one of "
                             f"{FORMATS[mappings[0].format]}\n  hint: choose the layout by where the file is from")
        yield min((_plan(graph, file, mapping, wanted) for mapping in readable),
                  key=lambda each: (each.misses, len(differences(each.mapping.form, graph))))


def _plan(graph: Graph, file: WeightsFile, mapping: LayoutMapping, wanted: Wanted) -> Plan:
    own = mapping.name == OWN  # whose files hold what predicts: no auxiliary classifiers
    found = plan(graph, file, mapping, auxiliary=wanted.auxiliary and not own, new_head=wanted.new_head)
    if own and found.misfits and all(_other_classes(each, graph) for each in found.misfits):
        return plan(graph, file, mapping, auxiliary=False, new_head=True)
    return found


def _other_classes(misfit: Misfit, graph: Graph) -> bool:
    return misfit.layer in last_layers(graph) and misfit.ours[:-1] == misfit.theirs[:-1]


FORMATS = {"keras": "Keras", "torch": "PyTorch (.pth, .pt, .safetensors)"}


def notes(found: Plan) -> Iterator[str]:
    """What to say of a file that is read: which of its weights they are, and what was left out."""
    yield from found.file.notes
    if found.prefix:
        beside = f"; {found.outside} without it left out" if found.outside else ""
        yield f"the names in it begin with {shorten(found.prefix)}{beside}"
    for layer, fresh in {each.layer: each for each in found.fresh}.items():
        theirs = found.file.tensors.get(fresh.tensor)
        yield f"{layer} keeps its first values" + (
            f": the file has {theirs.shape[-1]} classes, this network {fresh.shape[-1]}"
            if found.mapping.name == OWN and theirs is not None and theirs.shape != fresh.shape else "")


def refuse(found: Plan, graph: Graph, wanted: Wanted) -> None:
    """Raises InputError unless the file and the network fit as far as was asked."""
    what = f"{found.file.path} does not fit {graph.name} by the mapping {found.mapping.name}"
    if not found.matched:
        usual = "is it another network, or another layout?"
        raise InputError(f"{what}: no tensor of the file belongs to it\n  hint: {_shipped(found, graph) or usual}")
    if found.misfits:
        raise InputError(f"{what}: {_misfits(found.misfits)}\n  hint: {_misfit_hint(found, graph)}")
    if not wanted.partial and (found.missing or found.unexpected):
        counts = [f"{count} {word}" for count, word in ((len(found.missing), "missing"), (len(found.unexpected), "unexpected"))
                  if count]
        note = f"; {found.mapping.note}" if found.mapping.note else ""
        raise InputError(f"{what}: {' and '.join(counts)} tensors\n  hint: {_partial_hint(found, graph)}{note}")


def _shipped(found: Plan, graph: Graph) -> str:
    """The shipped specs of the file's network, for a hint; '' where there is none but the one that was asked for."""
    names = [name for name in fitting(found.file, found.mapping) if name != graph.name]
    return f"the network of these weights ships as {' and '.join(names)}" if names else ""


def refuse_form(found: Plan, graph: Graph, changed: Callable[[list[str]], Graph]) -> None:
    """Raises InputError where the network differs in what names and shapes do not show from the one of the weights.

    `changed` gives the network with overrides of its spec; those that the message names have been tried.
    """
    if found.mapping.name == OWN:
        _refuse_unlike(found, graph)
    different = differences(found.mapping.form, graph)
    if not different:
        return
    overrides = list(dict.fromkeys(override for each in different for override in each.overrides))
    mended = " ".join(f"--set {shlex.quote(override)}" for override in overrides)
    hints = [f"{mended} makes it the network of the weights" if _mends(found, overrides, changed) else "no --set mends it",
             *filter(None, [_shipped(found, graph), AS_IS, found.mapping.note])]
    raise InputError("\n".join([
        f"{found.file.path} fits {graph.name} by the mapping {found.mapping.name}, but would give other numbers:",
        *(f"  {each.text}" for each in different), f"  hint: {'; '.join(hints)}"]))


def _refuse_unlike(found: Plan, graph: Graph) -> None:
    """Raises InputError where a network that archspec saved computes otherwise, or is not known."""
    fits = f"{found.file.path} fits {graph.name} by its names"
    if found.file.network is None:
        raise InputError(f"{fits}, but does not say which network it is of\n  hint: an earlier archspec, or Keras itself, has "
                         f"written it; {AS_IS}")
    heads = {each.layer for each in found.fresh}
    sentences = list(unlike(found.file.network, graph, heads, partial=bool(found.missing or found.unexpected)))
    if sentences:
        more = [f"  and {len(sentences) - MOST_SAID} more"] if len(sentences) > MOST_SAID else []
        raise InputError("\n".join([f"{fits}, but would give other numbers:",
                                    *(f"  {each}" for each in sentences[:MOST_SAID]), *more, f"  hint: {AS_IS}"]))


def _mends(found: Plan, overrides: list[str], changed: Callable[[list[str]], Graph]) -> bool:
    try:
        return not differences(found.mapping.form, changed(overrides))
    except InputError:
        return False


def _misfits(misfits: tuple[Misfit, ...]) -> str:
    first = misfits[0]
    return (f"{first.tensor} is {list(first.theirs)}, {first.layer} needs {first.array} {list(first.ours)}"
            + (f", and {len(misfits) - 1} more of another shape" if len(misfits) > 1 else ""))


def _misfit_hint(found: Plan, graph: Graph) -> str:
    heads = last_layers(graph)
    if any(misfit.layer not in heads for misfit in found.misfits):
        return _shipped(found, graph) or "the network differs in width or depth: is this the spec that the file was made for?"
    return "the classes differ: --new-head (train.init.new_head) keeps all but the last layer, --set classes=N keeps the file's"


def _partial_hint(found: Plan, graph: Graph) -> str:
    heads = last_layers(graph)
    kept = any(each.layer in heads for each in found.matched)
    if not found.unexpected and not kept and all(each.layer in heads for each in found.missing):
        return "the file has no classifier: --new-head (train.init.new_head) starts one"
    taken = ("--partial (train.init.partial) takes what is there, starts what is missing afresh and leaves out what is "
             "unexpected")
    return "; ".join(filter(None, [_shipped(found, graph), taken]))


def arrays(found: Plan, wanted: Wanted) -> Iterator[tuple[Key, np.ndarray]]:
    """The numbers of a plan, tensor by tensor. Raises InputError where they are none to compute with."""
    for match in found.matched:
        array = match.conversion(match.stored.read())
        if not wanted.as_is:
            _check(found.file.path, match, array)
        yield (match.layer, match.array), array


def fill(model: keras.Model, found: Plan, wanted: Wanted) -> None:
    """Puts the numbers into the model. Raises InputError where they are none to compute with."""
    variables = {(layer.name, array_name(layer.name, variable.path)): variable
                 for layer in model.layers for variable in layer.weights}
    for key, array in arrays(found, wanted):
        variables[key].assign(array)


def _check(path: Path, match: Match, array: np.ndarray) -> None:
    """Raises InputError for NaN, infinities and negative variances."""
    if not np.isfinite(array).all():
        wrong = "NaN" if np.isnan(array).any() else "infinite numbers"
    elif match.array == "moving_variance" and (array < 0).any():
        wrong = "variances below zero"
    else:
        return
    raise InputError(f"{path}: {match.tensor} holds {wrong}, and so the model would give none\n"
                     f"  hint: the file is damaged, or its training diverged; {AS_IS}")
