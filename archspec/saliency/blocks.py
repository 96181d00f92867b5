"""Which maps of a network are looked at: the last one, that of a name, what leaves each block, and what the block has added."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from archspec.errors import InputError, nearest, visible
from archspec.graph.ir import Graph, Node, Value, is_input
from archspec.graph.ops import Activation, Concat, Dropout, DropPath, Merge
from archspec.graph.parts import parts

HEAD = "head"
THROUGH = (Activation, Concat, Dropout, DropPath)
"""Between what a block adds and what leaves it may stand these, and sums."""
SUMS = ("add", "average")


@dataclass(frozen=True)
class Block:
    """A block of a stage, or a stage without blocks, or what of a stage is in none: by the name that `summary` gives it.

    `results` are the nodes whose values leave it, but for those of which another one of them is made. `added` are those of
    its own layers that are summed, or concatenated, with what came in on the way to them; the results where nothing is.
    """

    name: str
    stage: str
    results: tuple[str, ...]
    added: tuple[str, ...]


def blocks(graph: Graph) -> tuple[Block, ...]:
    """The blocks of a predicting network (passes.inference.predicting) in the order of computation; of the head none."""
    found: dict[tuple[str, int], list[Node]] = {}
    for node in graph.nodes:
        if node.section not in ("", HEAD):
            found.setdefault((node.section, node.block), []).append(node)
    numbered = {stage for stage, number in found if number}
    made = []
    for (stage, number), nodes in found.items():
        rest = f"{stage} (rest)" if stage in numbered else stage
        name = f"{stage}_block{number}" if number else rest
        results = _results(graph, nodes)
        inside = {node.name for node in nodes}
        added = [each for result in results for each in _added(graph, result, inside)[0]]
        made.append(Block(name, stage, results, tuple(dict.fromkeys(added))))
    return tuple(made)


def _results(graph: Graph, nodes: Iterable[Node]) -> tuple[str, ...]:
    """The nodes of a part whose values leave it; not one from which the part makes another of them."""
    inside = {node.name: node for node in nodes}
    leaving = [name for name in inside
               if name == graph.output.name or any(user.name not in inside for user in graph.users[name])]
    made_of = set[str]()
    for name in leaving:
        waiting = [value.name for value in inside[name].inputs]
        while waiting:
            before = waiting.pop()
            if before in inside and before not in made_of:
                made_of.add(before)
                waiting.extend(value.name for value in inside[before].inputs)
    return tuple(name for name in leaving if name not in made_of)


def _added(graph: Graph, name: str, inside: Collection[str]) -> tuple[list[str], bool]:
    """The nodes of a part that are added to what came in, up to this one; and whether anything that came in is in it."""
    if name not in inside:
        return [], True
    node = graph.node(name)
    if node.role == "shortcut":
        return [], True
    if not isinstance(node.op, THROUGH) and not (isinstance(node.op, Merge) and node.op.how in SUMS):
        return [name], False
    terms = [_added(graph, value.name, inside) for value in node.inputs]
    if not any(carried for _, carried in terms):
        return [name], False
    return [each for own, _ in terms for each in own], True


def lies(value: Value) -> bool:
    """Whether a value is a map of more than one place whose places lie as those of the image."""
    return _is_map(value) and value.type.stride is not None


def _is_map(value: Value) -> bool:
    return value.type.is_map and value.type.shape[:2] != (1, 1)


def last_map(graph: Graph) -> str:
    """The node that gives the last map of a predicting network, before the head makes a vector of it.

    Raises InputError where there is none, or where its places do not lie as those of the image.
    """
    found = [node for node in graph.nodes if _is_map(node.output) and not is_input(node)]
    if not found:
        raise InputError(f"{graph.name} makes no map of an image, of which Grad-CAM could be taken\n"
                         "  hint: --method occlusion needs none")
    last = found[-1].output
    if not lies(last):
        other = next((node.name for node in reversed(found) if lies(node.output)), "")
        raise InputError(f"{graph.name}: its last map, {last.name}, is {last.type}, and its places do not lie as the image's\n"
                         "  hint: " + (f"--at {other}, or --method occlusion" if other else "--method occlusion needs no map"))
    return last.name


def map_called(graph: Graph, name: str) -> str:
    """The node whose map is meant by the name of a node, a block or a stage. Raises InputError where there is none."""
    known = parts(graph)
    if name not in known:
        near = nearest(name, known) or "archspec summary --layers SPEC names all"
        raise InputError(f"--at {visible(name)}: {graph.name} has no layer, block or stage of that name\n  hint: {near}")
    single = [node for node in graph.nodes if node.name == name]
    nodes = [node for node in graph.nodes if node.name in known[name]]
    results = single or [node for node in nodes if node.name in _results(graph, nodes)]
    found = [node.name for node in results if lies(node.output) and not is_input(node)]
    if not found and name == HEAD:
        found = [node.name for node in nodes if lies(node.output)]
    if not found:
        said = results[-1].output.type
        raise InputError(f"--at {visible(name)}: it gives {said}, which is no map whose places lie as those of the image\n"
                         "  hint: name a layer before it: archspec summary --layers SPEC shows what each gives")
    return found[-1]


def stage_maps(graph: Graph) -> dict[str, str]:
    """The last map of each stage, by the stage: of those that have one that lies as the image."""
    found = dict[str, str]()
    for stage in graph.sections:
        nodes = [node for node in graph.nodes if node.section == stage]
        maps = [name for name in _results(graph, nodes) if lies(graph.node(name).output)] if stage != HEAD else []
        if maps:
            found[stage] = maps[-1]
    return found
