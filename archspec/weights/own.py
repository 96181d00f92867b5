"""Models of archspec's own: model.keras of a run, or what `archspec import` wrote. They say their network node by node."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from archspec.errors import InputError, shorten
from archspec.graph.ir import Graph
from archspec.graph.text import MEMBER, line
from archspec.weights import archives, keras_file
from archspec.weights.files import check, reader_of
from archspec.weights.form import Form
from archspec.weights.mapping import LayoutMapping, Rule
from archspec.weights.patterns import pattern
from archspec.weights.tensors import Stored, Unreadable, WeightsFile

OWN = "archspec"
"""The layout of these models."""
MAPPING = LayoutMapping(OWN, "keras", frozenset(), "", Form(), "", (Rule(pattern("{name*}", {}), "{name}", {}),), (), ())
"""Every layer has its own name."""
MODEL = "model.keras"
READ = "the layout archspec reads the folder of a finished run, its model.keras, and what archspec import has written; other "\
       "files need another layout, the name of the library that they are from"
NO_AUXILIARY = "it holds no auxiliary classifiers; those of a training keep their first values"
MOST_TEXT = 8 << 20
"""Bytes of a graph's text; that of ResNet-1202 has 0.7 MB."""
OF_TRAINING = frozenset({"momentum", "bias_init", "init", "dropout", "drop_path"})
"""Arguments that change no number of a network that predicts, given its weights."""
ONLY_TRAINING = frozenset({"dropout", "drop_path"})
"""Operations that are nothing to a network that predicts."""
OF_CLASSES = frozenset({"filters", "units"})


@contextmanager
def own_weights(path: Path, graph: Graph) -> Iterator[WeightsFile]:
    """The tensors of a run's folder or a .keras file, `layer/array` as the graph calls them. Raises InputError."""
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{file}: there is no such model\n  hint: {READ}")
    if reader_of(file) is not keras_file.archive:
        raise Unreadable(file, "this is no model of archspec's", READ)
    arrays = {node.name: [weight.name for weight in node.weights] for node in graph.nodes}
    with keras_file.by_layer(file) as layers:
        tensors = {f"{layer}/{name}": stored for layer, found in layers.items()
                   for name, stored in _named(arrays.get(layer, []), found)}
        check(file, tensors)
        yield WeightsFile(file, "keras", tensors, (NO_AUXILIARY,) * bool(graph.auxiliary), _network(file))


def _named(names: list[str], found: tuple[Stored, ...]) -> Iterator[tuple[str, Stored]]:
    """The arrays of a layer by name; by number where the graph has another count of them."""
    known = names if len(names) == len(found) else map(str, range(len(found)))
    return zip(known, found, strict=True)


def _network(path: Path) -> tuple[str, ...] | None:
    """The lines of the graph; None where the file does not say them. Raises Unreadable."""
    with archives.opened(path) as archive:
        if MEMBER not in archive.namelist():
            return None
        text = BytesIO()
        archives.extract(path, archive, MEMBER, MOST_TEXT, text)
    found = tuple(text.getvalue().decode(errors="replace").split("\n"))
    if not all(map(str.isprintable, found)):
        raise Unreadable(path, f"{MEMBER} in it is no text of a network")
    return found


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a line says of a node, as far as its numbers depend on it when it predicts."""

    op: str
    inputs: tuple[str, ...]


def unlike(theirs: Collection[str], graph: Graph, fresh: Collection[str], partial: bool) -> Iterator[str]:
    """What nodes of a file's network and of ours do not have in common, each as a sentence.

    Not how many classes there are in layers that start afresh. `partial`: only what both have is compared, each node
    by itself.
    """
    there, here = _stated(theirs, fresh), _stated(map(line, graph.predicting), fresh)
    for name in dict.fromkeys((*here, *there)):
        if name not in there or name not in here:
            if not partial:
                yield f"{shorten(name)} is only {'there' if name in there else 'here'}"
        elif there[name].op != here[name].op:
            yield f"{name}: {shorten(there[name].op)} there, {here[name].op} here"
        elif there[name].inputs != here[name].inputs and not partial:
            yield f"{name}: of {shorten(' '.join(there[name].inputs))} there, of {' '.join(here[name].inputs)} here"


def _stated(lines: Collection[str] | Iterator[str], fresh: Collection[str]) -> Mapping[str, _Stated]:
    """Each node by name, those left out that a network which predicts does without."""
    found: dict[str, _Stated] = {}
    same: dict[str, str] = {}
    for each in lines:
        name, _, rest = each.partition(" = ")
        op, _, inputs = rest.rpartition(" -> ")[0].partition(") ")
        taken = tuple(same.get(value, value) for value in inputs.split())
        kind, _, arguments = op.partition("(")
        if kind in ONLY_TRAINING and len(taken) == 1:
            same[name] = taken[0]
        else:
            left_out = OF_TRAINING | (OF_CLASSES if name in fresh else frozenset())
            found[name] = _Stated(_op(kind, arguments, left_out), taken)
    return found


def _op(kind: str, arguments: str, left_out: frozenset[str]) -> str:
    """An operation as text; the size of the image is no matter of it."""
    kept = [each for each in arguments.split(", ") if each.partition("=")[0] not in left_out]
    return f"{kind}({', '.join(kept) if kind != 'input' else ''})"
