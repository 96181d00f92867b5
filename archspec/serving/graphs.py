"""What can be said of saved_model.pb without running it: its meta graph, and what its signatures reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.errors import some, visible
from archspec.io.memory import free_memory
from archspec.serving.layout import GRAPH
from archspec.serving.rules import Fault

DEFAULT = "serving_default"
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{name}" for name in ("predict", "classify", "regress"))
JSON_KINDS = frozenset({"DT_FLOAT", "DT_DOUBLE", "DT_INT8", "DT_INT16", "DT_INT32", "DT_INT64", "DT_UINT8", "DT_UINT32",
                        "DT_UINT64", "DT_BOOL", "DT_STRING"})
PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
XLA = frozenset({"XlaCallModule", "XlaLaunch", "XlaLaunchV2", "_XlaCompile", "_XlaRun"})
PRINTS = "PrintV2 into a file"
FILES = frozenset({"WriteFile", "ReadFile", "MatchingFiles", "SaveV2", "Save", "SaveSlices", "MergeV2Checkpoints",
                   "TFRecordDataset", "TFRecordDatasetV2", "TextLineDataset", "TextLineDatasetV2", "FixedLengthRecordDatasetV2",
                   "DatasetToTFRecord", "CacheDataset", "CacheDatasetV2", "SaveDataset", "SaveDatasetV2", "DebugIdentity",
                   "DebugIdentityV2", PRINTS, "ReaderReadV2", "WholeFileReaderV2", "WriteSummary", "CreateSummaryFileWriter"})
ASSIGNS = re.compile(r"Assign\w*VariableOp|Assign|AssignAdd|AssignSub|ResourceScatter\w*|Scatter(Add|Sub|Update)")
DRAWS = re.compile(r"(Stateless)?(Random|Truncated|Parameterized)\w*(Normal|Uniform|Int|Gamma|Poisson)\w*|Multinomial")
VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
MADE_UP = re.compile(r"(keras_tensor|input_layer|input|inputs|output|args|dense|x)(_?\d+)*")
"""Names that a tool gives where nobody said one."""
SHARE = 4
"""Of the free memory a graph may take a part of so many: read, it is larger than its file."""


@dataclass(frozen=True)
class Reached:
    """What a signature's outputs depend on: operations, functions and devices by name, and constants of ParseExample's."""

    operations: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Graph:
    """The one meta graph that a server loads."""

    meta: Any

    @cached_property
    def signatures(self) -> Mapping[str, Any]:
        """By name, without those that a loader calls itself."""
        return {name: each for name, each in self.meta.signature_def.items() if not name.startswith("__saved_model")}

    @cached_property
    def functions(self) -> Mapping[str, Any]:
        """By name."""
        return {each.signature.name: each for each in self.meta.graph_def.library.function}

    @cached_property
    def operations(self) -> set[str]:
        """All that stand anywhere in it."""
        inner = (node.op for each in self.functions.values() for node in each.node_def)
        return {*(node.op for node in self.meta.graph_def.node), *inner}

    @property
    def has_variables(self) -> bool:
        """Whether there is anything to be restored."""
        return bool(self.operations & VARIABLES)

    @cached_property
    def reached(self) -> Mapping[str, Reached]:
        """Of each signature."""
        return {name: self._reached(each) for name, each in self.signatures.items()}

    def _reached(self, signature: Any) -> Reached:
        found, waiting = Reached(), [_node(info.name) for info in signature.outputs.values()]
        nodes, seen = self._nodes, set[str]()
        while waiting:
            name = waiting.pop()
            if name in nodes and name not in seen:
                seen.add(name)
                self._visit(nodes[name], found)
                waiting.extend(map(_node, nodes[name].input))
        return found

    def _visit(self, first: Any, found: Reached) -> None:
        waiting = [first]
        while waiting:
            node = waiting.pop()
            into_file = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
            found.operations.add(PRINTS if into_file else node.op)
            if node.device:
                found.devices.add(node.device)
            called = {node.op, *(f.name for value in node.attr.values() for f in (value.func, *value.list.func))}
            for name in called & self.functions.keys() - found.functions:
                found.functions.add(name)
                waiting.extend(self.functions[name].node_def)

    @cached_property
    def _nodes(self) -> Mapping[str, Any]:
        return {node.name: node for node in self.meta.graph_def.node}


def _node(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]


def read_graph(version: Path) -> tuple[Graph | None, list[Fault]]:
    """The meta graph of a version, or why there is none. Nothing of it is run."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    path = version / GRAPH
    size = path.stat().st_size
    if size > free_memory() // SHARE:
        return None, [Fault("files.graph", GRAPH, f"has {size:,} bytes, for which there is no memory here")]
    try:
        saved = SavedModel.FromString(path.read_bytes())
    except (DecodeError, OSError) as error:
        return None, [Fault("files.graph", GRAPH, f"cannot be read: {visible(str(error))}")]
    tags = [sorted(each.meta_info_def.tags) for each in saved.meta_graphs]
    if tags.count(["serve"]) != 1:
        said = some(visible("+".join(each) or "no tag") for each in tags) or "none"
        return None, [Fault("meta.tags", GRAPH, f"its meta graphs are {said}")]
    return Graph(saved.meta_graphs[tags.index(["serve"])]), []


def meta(graph: Graph) -> Iterator[Fault]:
    """Of the meta graph as a whole."""
    from tensorflow.python.framework import op_def_registry
    unknown = sorted(name for name in graph.operations - graph.functions.keys() if op_def_registry.get(name) is None)
    if unknown:
        yield Fault("meta.operations", "", f"not TensorFlow's: {some(map(visible, unknown))}")
    if not graph.meta.meta_info_def.stripped_default_attrs:
        yield Fault("meta.stripped", "", "they are all written out")
    for name, found in sorted(graph.reached.items()):
        if files := found.operations & FILES:
            yield Fault("meta.files", visible(name), some(sorted(files)))


def signatures(graph: Graph) -> Iterator[Fault]:
    """Of each signature."""
    if DEFAULT not in graph.signatures:
        yield Fault("signature.default", "", f"there are {some(map(visible, sorted(graph.signatures))) or 'no signatures'}")
    for name, signature in sorted(graph.signatures.items()):
        yield from _calls(visible(name), signature, graph, graph.reached[name])
        yield from _classifies(visible(name), signature)
        for side, infos in (("input", signature.inputs), ("output", signature.outputs)):
            for key, info in sorted(infos.items()):
                yield from _tensor(f"{visible(name)}, {side} {visible(key)}", key, info, side, classify=is_classify(signature))


def _calls(name: str, signature: Any, graph: Graph, found: Reached) -> Iterator[Fault]:
    if signature.method_name not in (PREDICT, CLASSIFY, REGRESS):
        yield Fault("signature.method", name, f"its method is {visible(signature.method_name) or 'not said'}")
    if python := found.operations & PYTHON:
        yield Fault("signature.python", name, some(sorted(python)))
    compiled = [each for each in found.functions if graph.functions[each].attr["_XlaMustCompile"].b]
    if xla := sorted({*(found.operations & XLA), *compiled}):
        yield Fault("signature.xla", name, some(map(visible, xla)))
    if found.devices:
        yield Fault("signature.devices", name, some(map(visible, sorted(found.devices))))
    impure = sorted(each for each in found.operations if ASSIGNS.fullmatch(each) or DRAWS.fullmatch(each))
    if impure:
        yield Fault("signature.pure", name, f"{some(impure)}: it may be a graph for training")


def is_classify(signature: Any) -> bool:
    """Whether Classify is what a signature is for."""
    named = list(signature.inputs) == ["inputs"] and signature.inputs["inputs"].dtype == STRING
    return signature.method_name == CLASSIFY or (named and set(signature.outputs) in CLASSIFIED)


STRING, FLOAT = 7, 1
"""TensorFlow's numbers of these kinds (types.proto)."""
CLASSIFIED = ({"classes"}, {"scores"}, {"classes", "scores"})
"""What Classify answers with."""


def _classifies(name: str, signature: Any) -> Iterator[Fault]:
    if not is_classify(signature):
        return
    if list(signature.inputs) != ["inputs"] or signature.inputs["inputs"].dtype != STRING:
        yield Fault("signature.classify", name, f"its inputs are {some(map(visible, sorted(signature.inputs))) or 'none'}")
    if set(signature.outputs) not in CLASSIFIED:
        yield Fault("signature.classify", name, f"its outputs are {some(map(visible, sorted(signature.outputs))) or 'none'}")
    for key, kind in (("classes", STRING), ("scores", FLOAT)):
        if key in signature.outputs and signature.outputs[key].dtype != kind:
            yield Fault("signature.classify", name, f"{key} are not {'strings' if kind == STRING else 'float32'}")


def _tensor(where: str, key: str, info: Any, side: str, *, classify: bool) -> Iterator[Fault]:
    from tensorflow.core.framework.types_pb2 import DataType
    if info.WhichOneof("encoding") != "name" or not info.name:
        yield Fault("signature.tensors", where, "is no dense tensor")
        return
    kind = DataType.Name(info.dtype) if info.dtype in DataType.values() else "unknown"
    if kind not in JSON_KINDS:
        yield Fault("signature.numbers", where, f"is {kind.removeprefix('DT_').lower()}")
    if key == "b64":
        yield Fault("signature.b64", where, "is called so")
    if not classify and MADE_UP.fullmatch(key):
        yield Fault("signature.keys", where, "looks made up by a tool")
    shape = info.tensor_shape
    if shape.unknown_rank:
        yield Fault("signature.shapes", where, "may have any number of axes")
    elif not shape.dim:
        yield Fault("signature.batch", where, "is a scalar")
    elif shape.dim[0].size >= 0:
        yield Fault("signature.batch", where, f"has a batch of {shape.dim[0].size} alone")
    elif side == "input" and kind == "DT_STRING" and len(shape.dim) != 1:
        yield Fault("signature.shapes", where, f"are strings with {len(shape.dim)} axes")
    elif side == "input" and any(each.size < 0 for each in shape.dim[1:]):
        yield Fault("signature.shapes", where, "has axes of any size: requests of different sizes cannot be batched")
