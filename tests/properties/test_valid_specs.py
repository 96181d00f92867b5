"""Random valid specs: what archspec says of one, without a framework, is true of the Keras model, however the spec is written."""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from math import prod
from pathlib import Path
from typing import Any

import keras
import pytest
from amounts import examples
from draw.flaws import flaws
from hypothesis import given, note
from hypothesis import strategies as st
from random_specs import otherwise, specs
from tooling import tool

import archspec
from archspec.cli import run
from archspec.graph.ir import Graph
from archspec.graph.names import layer_name
from archspec.lowering.replay import Repeat, Repeats
from archspec.lowering.sink import Problems
from archspec.model.audit import audit, macs
from archspec.model.emit import build
from archspec.network import _lowered
from archspec.spec.arch import Spec
from archspec.spec.dump import to_text

check_places = tool("spoiling").check_places


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("valid")


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The files in a folder of their own; the path of net.yaml."""
    place = Path(tempfile.mkdtemp(dir=folder))
    for name, text in files.items():
        note(f"--- {name}\n{text}")
        (place / name).write_text(text, encoding="utf-8")
    return place / "net.yaml"


def loaded(folder: Path, files: Mapping[str, str]) -> Spec:
    """A spec that has no problems; what it is warned of has a place."""
    spec = archspec.load(str(written(folder, files)))
    check_places(spec.warnings)
    return spec


@examples(25)
@given(data=specs())
def test_what_summary_says_is_what_the_keras_model_has(folder: Path, data: dict[str, Any]) -> None:
    """Shapes, weights and multiply-adds of each layer and in all; the latter are counted from the model's layers."""
    graph = archspec.lower(loaded(folder, {"net.yaml": to_text(data)}))
    with keras.StatelessScope(initialize_variables=False):  # weights have shapes, and no values
        assert audit(graph, build(graph, auxiliary=bool(graph.auxiliary))) == ()
        model = build(graph)
    keras.backend.clear_session()
    said = archspec.summary(graph)
    trainable, fixed = (sum(prod(weight.shape) for weight in weights)
                        for weights in (model.trainable_weights, model.non_trainable_weights))
    assert (said.parameters.trainable, said.parameters.non_trainable) == (trainable, fixed)
    counted = [macs(layer) for layer in model.layers]
    assert said.macs == (None if None in counted else sum(each for each in counted if each is not None))
    assert {layer_name(node): node.output.type.shape for node in graph.predicting} \
        == {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers if layer.name in {
            layer_name(node) for node in graph.predicting}}


class Forgets(Repeats):
    """Keeps no repeat, so that each is lowered."""

    def put(self, key: Hashable, repeat: Repeat) -> None:
        """Nothing is kept."""


def seen(spec: Spec, repeats: Repeats) -> tuple[object, ...]:
    """All that there is of a network, and what it cost to lower."""
    graph, cost = _lowered(spec, Problems(), repeats)
    assert graph is not None
    return graph, graph.taken, cost, [(node.calls, node.where) for node in graph.nodes]


@examples(60)
@given(data=st.data())
def test_a_network_is_the_same_however_it_is_written_and_lowered(folder: Path, data: st.DataObject) -> None:
    """Its spec resolved, and with its blocks written out; in columns or a table, extended, included; repeats lowered once."""
    text = data.draw(specs())
    spec = loaded(folder, {"net.yaml": to_text(text)})
    graph: Graph = archspec.lower(spec)
    assert seen(spec, Repeats()) == seen(spec, Forgets())
    for expand in (False, True):
        assert archspec.lower(loaded(folder, {"net.yaml": spec.to_yaml(expand)})).fingerprint == graph.fingerprint
    assert archspec.lower(loaded(folder, data.draw(otherwise(text)))).fingerprint == graph.fingerprint


SHOWN = (["check", "--strict"], ["summary", "--layers"], ["summary", "--json"], ["show", "--expand"], ["draw", "--format", "mermaid", "-o", "-"],
         ["draw", "--table", "latex", "-o", "-"], ["draw", "--full", "-o", "-"], ["draw", "--stage", "head", "-o", "-"])


@examples(20)
@given(data=specs())
def test_every_command_shows_it(folder: Path, data: dict[str, Any]) -> None:
    """It is equal to itself, and its pictures have no flaw."""
    path = str(written(folder, {"net.yaml": to_text(data)}))
    for command in SHOWN:
        said = asked(*command, path)
        if "-o" in command and said.startswith("<svg"):
            assert flaws(said) == [], command
    assert flaws(asked("draw", path, "-o", "-")) == []
    assert "no difference" in asked("diff", path, path)
    if "stages" in data and not data["input"].startswith("?"):
        asked("solve", path, "--macs", "1M", "--free", "widths", "--tolerance", "90%", "-o", path.replace(".yaml", "_solved.yaml"))


MAY_END_OTHERWISE = {"check": 2, "solve": 1}
"""With warnings, and short of the budget."""


def asked(command: str, *arguments: str) -> str:
    """What a command says on standard output."""
    with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as told:
        code = run([command, *arguments])
    # widths that have to be what comes in are no longer, where each is rounded
    assert code in (0, MAY_END_OTHERWISE.get(command)) or "no candidate of net is valid" in told.getvalue(), (
        command, arguments, code, told.getvalue())
    return said.getvalue()
