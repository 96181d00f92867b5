"""What can be said of saved_model.pb without running it: its meta graph, and what its signatures reach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.errors import some, visible
from archspec.io.memory import free_memory
from archspec.io.places import reached as lying
from archspec.serving.harmless import OWN, is_harmless
from archspec.serving.layout import ASSETS, GRAPH
from archspec.serving.rules import Fault

DEFAULT = "serving_default"
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{name}" for name in ("predict", "classify", "regress"))
JSON_KINDS = frozenset({"DT_FLOAT", "DT_DOUBLE", "DT_INT8", "DT_INT16", "DT_INT32", "DT_INT64", "DT_UINT8", "DT_UINT32",
                        "DT_UINT64", "DT_BOOL", "DT_STRING"})
PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
XLA = frozenset({"XlaCallModule", "XlaLaunch", "XlaLaunchV2", "_XlaCompile", "_XlaRun"})
PRINTS = "PrintV2 into a file"
ASSIGNS = re.compile(r"Assign\w*VariableOp|Assign|AssignAdd|AssignSub|ResourceScatter\w*|Scatter(Add|Sub|Update)")
DRAWS = re.compile(r"(Stateless)?(Random|Truncated|Parameterized)\w*(Normal|Uniform|Int|Gamma|Poisson)\w*|Multinomial")
VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
MADE_UP = re.compile(r"(keras_tensor|input_layer|input|inputs|output|args|dense|x)(_?\d+)*")
"""Names that a tool gives where nobody said one."""
OF_LOADER = "__saved_model"
"""How signatures begin that a loader calls itself."""
INITIALISERS = ("saved_model_main_op", "legacy_init_op")
"""Collections of what a loader runs, of graphs of TensorFlow 1."""
LOADING = ("restoring the variables", "initialising")
SAME = "api_implements"
"""The attribute by which TensorFlow exchanges functions."""
MAKES_HANDLES = frozenset({"Const", "HostConst", "_HostConst", "ImmutableConst", "ParseTensor"})
"""What may give the handle of a variable that another operation has made."""
SHARE = 4
"""Of the free memory a graph may take a part of so many: read, it is larger than its file."""


@dataclass(frozen=True)
class Reached:
    """What is run for some tensors: operations, functions and devices by name; `touching` are those that may do harm."""

    operations: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    touching: set[str] = field(default_factory=set)
    calls: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    """Functions, and those of their arguments that are names of the version's own files."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The one meta graph that a server loads, of the version in a folder."""

    meta: Any
    version: Path

    @cached_property
    def signatures(self) -> Mapping[str, Any]:
        """By name, without those that a loader calls itself."""
        return {name: each for name, each in self.meta.signature_def.items() if not name.startswith(OF_LOADER)}

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
        return {name: self._reached(_outputs(each), frozenset()) for name, each in self.signatures.items()}

    @cached_property
    def loading(self) -> tuple[Reached, Reached]:
        """What is run when the version is loaded, before anyone asks: what restores variables, and what initialises."""
        saver = self.meta.saver_def
        begins = [each for name, it in self.meta.signature_def.items() if name.startswith(OF_LOADER) for each in _outputs(it)]
        for key in INITIALISERS:
            begins += self.meta.collection_def[key].node_list.value if key in self.meta.collection_def else ()
        return (self._reached([saver.restore_op_name], frozenset({saver.filename_tensor_name.removesuffix(":0")})),
                self._reached(begins, self._assets | self._holding(self._assets)))

    @property
    def objects(self) -> Reached:
        """What TensorFlow's loader for Python may run besides, by which objects are made anew: a server's does not."""
        found = Reached()
        for name in self.meta.object_graph_def.concrete_functions:
            for node in self.functions[name].node_def if name in self.functions else ():
                self._visit(node, frozenset(), found)
        return found

    @cached_property
    def _assets(self) -> frozenset[str]:
        """Nodes that are fed with names of the version's own files, and of no others, while it is initialised."""
        named = [(each.tensor_info.name, self._is_own(each.filename)) for each in self.meta.asset_file_def]
        others = {_node(name) for name, own in named if not own}
        return frozenset(name.removesuffix(":0") for name, own in named if own) - others

    def _is_own(self, asset: str) -> bool:
        """Whether it is a file in the version's folder, with every link followed."""
        if asset.startswith("/") or ".." in asset.split("/"):
            return False
        found = lying(self.version / ASSETS / asset, [self.version])
        return found is not None and found.is_file()

    def _holding(self, own: frozenset[str]) -> frozenset[str]:
        """What reads variables that nothing but names of own files is ever assigned to: so TensorFlow keeps those of assets."""
        inner = [node for each in self.functions.values() for node in each.node_def]
        if not own or any(map(_makes_handle, (*self._nodes.values(), *inner))):
            return frozenset()
        handles = Counter(_handle(node) for node in (*self._nodes.values(), *inner) if node.op == "VarHandleOp")
        users = dict[str, list[Any]]()
        for node in self._nodes.values():
            for given in node.input:
                users.setdefault(_node(given), []).append(node)
        # no asset is fed yet when variables are restored
        early = self._before([self.meta.saver_def.restore_op_name])
        variables = [node for node in self._nodes.values() if node.op == "VarHandleOp" and handles[_handle(node)] == 1]
        kept = [users.get(each.name, []) for each in variables]
        return frozenset(each.name for uses in kept if all(_keeps(each, own, early) for each in uses) for each in uses
                         if each.op == "ReadVariableOp")

    def _reached(self, tensors: Iterable[str], own: frozenset[str]) -> Reached:
        """Of tensors; `own` are nodes that are fed with names of the version's files."""
        found = Reached()
        for name in self._before(tensors):
            self._visit(self._nodes[name], own, found)
        return found

    def _before(self, tensors: Iterable[str]) -> set[str]:
        """The nodes that some tensors take."""
        found, waiting = set[str](), [_node(each) for each in tensors]
        while waiting:
            name = waiting.pop()
            if name in self._nodes and name not in found:
                found.add(name)
                waiting.extend(map(_node, self._nodes[name].input))
        return found

    def _visit(self, first: Any, own: frozenset[str], found: Reached) -> None:
        waiting = [(first, own)]
        while waiting:
            node, mine = waiting.pop()
            _note(node, mine, found)
            for name in self._called(node):
                call = name, self._passed(node, name, mine)
                if call not in found.calls:
                    found.calls.add(call)
                    found.functions.add(name)
                    waiting.extend((inner, call[1]) for inner in self.functions[name].node_def)

    def _called(self, node: Any) -> set[str]:
        """The functions that a node may call: those that it names, and others that TensorFlow may take in their place."""
        named = {node.op, *(f.name for value in node.attr.values() for f in (value.func, *value.list.func))}
        known = named & self.functions.keys()
        same = {self.functions[name].attr[SAME].s for name in known if SAME in self.functions[name].attr}
        return known | {name for each in same for name in self._same[each]}

    def _passed(self, node: Any, name: str, own: frozenset[str]) -> frozenset[str]:
        """The arguments of a function that are names of own files, as a node passes them on."""
        if not own or node.op not in (name, "PartitionedCall", "StatefulPartitionedCall"):
            return frozenset()
        given = zip(self.functions[name].signature.input_arg, node.input, strict=False)
        return frozenset(argument.name for argument, each in given if each.removesuffix(":0") in own)

    @cached_property
    def _same(self) -> Mapping[bytes, list[str]]:
        """The functions that say of themselves that they are the same as others."""
        found = dict[bytes, list[str]]()
        for name, each in self.functions.items():
            if SAME in each.attr:
                found.setdefault(each.attr[SAME].s, []).append(name)
        return found

    @cached_property
    def _nodes(self) -> Mapping[str, Any]:
        return {node.name: node for node in self.meta.graph_def.node}


def _handle(variable: Any) -> bytes:
    """By which all nodes are the same variable that say so; those that say nothing, too. Containers may be the same."""
    return bytes(variable.attr["shared_name"].s)


def _makes_handle(node: Any) -> bool:
    """Whether a node may give a variable that has another node."""
    return node.op in MAKES_HANDLES and any(value.type == RESOURCE for value in node.attr.values())


def _keeps(user: Any, own: frozenset[str], early: set[str]) -> bool:
    """Whether a node leaves in a variable what is there, or assigns the name of an own file, once it is known."""
    assigns = user.op == "AssignVariableOp" and user.name not in early
    given = [each.removesuffix(":0") for each in user.input]
    return user.op in ("ReadVariableOp", "VarIsInitializedOp") or (assigns and given[1] in own)


def _outputs(signature: Any) -> list[str]:
    return [info.name for info in signature.outputs.values()]


def _note(node: Any, own: frozenset[str], found: Reached) -> None:
    """What a node is; a file of the version's own may be read."""
    into_file = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
    found.operations.add(PRINTS if into_file else node.op)
    if node.device:
        found.devices.add(node.device)
    place = OWN.get(node.op)
    if place is not None and place < len(node.input) and node.input[place].removesuffix(":0") in own:
        return
    if into_file or not is_harmless(node.op):
        found.touching.add(PRINTS if into_file else node.op)


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
    return Graph(saved.meta_graphs[tags.index(["serve"])], version), []


def meta(graph: Graph) -> Iterator[Fault]:
    """Of the meta graph as a whole."""
    from tensorflow.python.framework import op_def_registry
    unknown = sorted(name for name in graph.operations - graph.functions.keys() if op_def_registry.get(name) is None)
    if unknown:
        yield Fault("meta.operations", "", f"not TensorFlow's: {some(map(visible, unknown))}")
    if not graph.meta.meta_info_def.stripped_default_attrs:
        yield Fault("meta.stripped", "", "they are all written out")
    yield from _touching((*zip(LOADING, graph.loading, strict=True), *sorted(graph.reached.items())))


def objects(graph: Graph) -> Iterator[Fault]:
    """Of what TensorFlow's loader for Python runs, and no server's."""
    yield from _touching([("making objects", graph.objects)])


def _touching(parts: Iterable[tuple[str, Reached]]) -> Iterator[Fault]:
    for name, found in parts:
        if found.touching:
            yield Fault("meta.files", visible(name), some(map(visible, sorted(found.touching))))


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


STRING, FLOAT, RESOURCE = 7, 1, 20
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
