"""Which dictionary of a checkpoint holds the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archspec.weights.pickles import Document, Refused, Skipped, View
from archspec.weights.tensors import shown

AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema")
"""Keys of the moving average of the weights, by which a training script evaluates; timm's reader prefers it too."""
HOLDERS = ("state_dict", "model_state_dict", "model", "network", "net", "module", "params", "weights")
"""Keys under which training scripts keep the weights, beside the optimizer's state and more."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class State:
    """The tensors of a checkpoint by name, and what is to be said about the choice."""

    tensors: dict[str, View]
    notes: tuple[str, ...]


def state_of(document: Document) -> State:
    """The weights of a checkpoint: those averaged over time, if it has them. Raises Refused where there are none."""
    for path, tensors in _candidates(document.value, (), set()):
        return State(tensors, (*_average(path), *_skipped(document.skipped)))
    raise Refused(_nothing(document.value))


def _candidates(value: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[tuple[str, ...], dict[str, View]]]:
    """Dictionaries of tensors, the innermost first, each visited once."""
    if type(value) is not dict or id(value) in seen or len(path) > SHOWN:
        return
    seen.add(id(value))
    for key in (*AVERAGES, *HOLDERS):
        yield from _candidates(value.get(key), (*path, key), seen)
    tensors = {name: tensor for name, tensor in value.items() if isinstance(tensor, View)}
    if tensors:
        yield path, tensors


def _average(path: tuple[str, ...]) -> Iterator[str]:
    for key in path:
        if key in AVERAGES:
            yield f"the weights averaged over the training are read, {key}"


def _skipped(names: tuple[str, ...]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"what else it holds is neither read nor run: {', '.join(names[:SHOWN])}{more}"


def _nothing(value: Any) -> str:
    if isinstance(value, Skipped):
        return f"it is a {value.name}, not a dictionary of tensors"
    if type(value) is not dict:
        return f"it is a {type(value).__name__}, not a dictionary of tensors"
    inner = sorted({each.name for each in value.values() if isinstance(each, Skipped)})
    holds = f" but {inner[0]}, which is not run here" if inner else ""
    keys = " ".join(map(shown, list(value)[:SHOWN * 2]))
    return f"there are no tensors in it where checkpoints keep them{holds}; its keys: {keys or 'none'}"
