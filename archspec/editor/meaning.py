"""What stands under a cursor means: a key's sentence, where its value comes from, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from archspec.author.complete import block_table, declared, parameters
from archspec.editor.checked import Checked
from archspec.editor.completing import arguments, known_names
from archspec.editor.cursor import BREAK
from archspec.editor.naming import symbols_of
from archspec.editor.paths import Path, call_of, dotted, is_item, item_of, names_of
from archspec.editor.places import Place, place_at, word_at
from archspec.editor.valued import expression_at, worth
from archspec.errors import InputError, SpecError, Where, listed
from archspec.graph.ir import Graph, Node
from archspec.network import load, lower, without
from archspec.schema.json_schema import described, plain_text
from archspec.schema.keys import Key
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.arch import Spec
from archspec.spec.files import extended, included_file, recipe_names
from archspec.spec.longform import PLURALS
from archspec.spec.operations import OPERATIONS
from archspec.spec.sections import BLOCK, SPEC
from archspec.spec.source import read
from archspec.views.explain import explain
from archspec.views.numbers import count, shape, short
from archspec.views.recipes import entry
from archspec.views.summary import totals

ENTRY = re.compile(r"(stem|head)\[(\d+)\]")
"""How the path of what stands in an entry of stem or head begins."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Sentences on what stands at a place, in the order in which they are told."""

    place: Place
    sentences: tuple[str, ...]


def meaning(checked: Checked, tree: Tree, line: int, column: int) -> Meaning | None:
    """What is told of a place of a text. `tree` is the text's own; costs and values are those of a spec without problems."""
    place = place_at(tree, line, column)
    if place is None:
        return None
    said = [*_expression(place, column, checked), *_named(place, checked), *_what(place, checked),
            *_origins(place, checked.spec), *_cost(place, checked)]
    return Meaning(place, tuple(said)) if said else None


def _expression(place: Place, column: int, checked: Checked) -> Iterator[str]:
    """Of an expression what the name in it is that stands under the cursor, and what it comes to."""
    if place.of_key or expression_at(place.where.text, column) is None:
        return
    yield from _known(place.path, word_at(place.where.text, column)[0].removeprefix("$"), checked)
    if checked.spec is not None and BREAK.split(checked.text)[place.where.line - 1:place.where.line] == [place.where.text]:
        yield from worth(checked.spec, place.where, column)


def _known(path: Path, name: str, checked: Checked) -> Iterator[str]:
    """What a name is that expressions know at a path."""
    about = next((each.about for each in known_names(path, checked.resolved) if each.label == f"${name}"), "")
    if about:
        yield f"**{name}**: {about}"


def _named(place: Place, checked: Checked) -> Iterator[str]:
    """What a file is that is named: a parent with its cost, a recipe, a file of blocks with their names."""
    if place.of_key:
        return
    name = Scalar(place.text, place.text, place.where)
    try:
        match place.path:
            case ("extends",):
                yield from _parent(place.text, extended(name, checked.path))
            case ("include", *_):
                blocks = read(included_file(name, checked.path)).entries.get("blocks")
                yield f"**{place.text}**: the blocks {listed(blocks.entries if isinstance(blocks, MappingTree) else ())}"
            case ("train", "recipe") if place.text in recipe_names():
                found = entry(place.text)
                yield f"**{found.name}**: {found.description}"
                yield f"{found.epochs} epochs, batch {found.batch}, learning rate {found.learning_rate}"
                yield f"published: {found.result}; {found.protocol}"
    except SpecError:  # told where it is named
        return


def _parent(name: str, file: FilePath) -> Iterator[str]:
    spec = load(file)
    yield f"**{name}**" + f": {spec.description}" * bool(spec.description)
    yield _sum(lower(spec).nodes)


def _what(place: Place, checked: Checked) -> Iterator[str]:
    """One sentence from the declaration."""
    table = None if checked.resolved is None else block_table(checked.resolved)
    word, item = place.text.split(" ")[0], is_item(place.path[:-1] if place.of_key else place.path)
    if item and word in OPERATIONS:
        yield f"**{word}**: {plain_text(OPERATIONS[word].doc)}; takes {OPERATIONS[word].takes()}"
    elif table is not None and word in table and (item or any(each.kind == "block" for each in symbols_of(place))):
        yield from _block(word, table.tree(word))
    elif (key := _declared(place.path)) is not None and described(key):
        yield f"**{place.last}**: {described(key)}"
    else:
        yield from _parameter(place, checked)


def _parameter(place: Place, checked: Checked) -> Iterator[str]:
    """Of a key that a block declares: in a call of it, in the stages, or in its own parameters and names of `let`."""
    call, single = call_of(place.path), PLURALS.get(place.last, place.last)
    match names_of(place.path):
        case _ if call is not None and len(call[1]) == 1 and place.last in (takes := arguments(call[0], checked.resolved)):
            yield f"**{place.last}**: {takes[place.last]}"
        case ["stages", _] | ["stages", _, _] | ["parameters", _] if checked.resolved is not None:
            found = parameters(checked.resolved).get(single)
            if found is not None:
                yield f"**{place.last}**: {arguments(found[0], checked.resolved)[single]}"
        case ["blocks", _, "parameters" | "let", name]:
            yield from _known(place.path, name, checked)


def _block(name: str, tree: MappingTree) -> Iterator[str]:
    description, known = tree.entries.get("description"), tree.entries.get("parameters")
    said = f": {description.text}" if isinstance(description, Scalar) else ""
    takes = " ".join(f"{each}={default.text}" if isinstance(default, Scalar) and default.text != "required" else each
                     for each, default in (known.entries.items() if isinstance(known, MappingTree) else ()))
    yield f"**{name}**{said}" + f"; takes {takes}" * bool(takes)


def _declared(path: Path) -> Key | None:
    """The declaration of a key."""
    if call := call_of(path):
        name, behind = call
        signature = OPERATIONS.get(name)
        return None if signature is None or not behind else signature.arguments.get(str(behind[-1]))
    *before, name = names_of(path) or [""]
    if before[:1] == ["blocks"]:
        return BLOCK.get(name) if len(before) == 2 else None
    return declared(before).get(PLURALS.get(name, name)) if before else SPEC.get(name)


def _origins(place: Place, spec: Spec | None) -> Iterator[str]:
    """Where the value comes from: each place that says it, the base first."""
    path = _of_value(place.path)
    if spec is None or not path or path[0] == "blocks":
        return
    try:
        found = explain(spec, dotted(path))
    except InputError:
        return
    for number, origin in enumerate(found):
        yield ("" if number + 1 == len(found) else "instead of ") + f"`{origin}`"


def _of_value(path: Path) -> Path:
    """The keys that lead to the value, be it a list in which the cursor is; () where it is an entry of its own."""
    while path and isinstance(path[-1], int) and not item_of(path):
        path = path[:-1]
    return path if all(isinstance(part, str) for part in path) else ()


# -- what it costs -------------------------------------------------------------------------------------------------------

def _cost(place: Place, checked: Checked) -> Iterator[str]:
    """What the item under the cursor gives, and what the network costs more or less with what is said here."""
    if checked.spec is None or checked.graph is None:
        return
    path = item_of(place.path)
    nodes = nodes_of(checked.graph, place.where.file, path) if path else []
    if nodes:
        yield _sizes(nodes)
    elif (keys := _of_value(place.path)) and keys[0] != "train":
        yield from _against(keys, checked.spec, checked.graph)


def nodes_of(graph: Graph, file: str, path: Path) -> list[Node]:
    """The nodes that an item of a text makes, its calls of blocks looked into."""
    begun = dotted(path)

    def is_of(where: Where) -> bool:
        return where.file == file and where.path.startswith(begun) and where.path[len(begun):len(begun) + 1] in ("", ".", "[")
    return [node for node in graph.nodes if is_of(node.where) or any(is_of(frame.where) for frame in node.calls)]


def _sizes(nodes: Sequence[Node]) -> str:
    first, last = nodes[0], nodes[-1]
    entered = shape(first.inputs[0].type.shape) if first.inputs else ""
    said = f"`{entered} → {shape(last.output.type.shape)}`" if entered else f"`{shape(last.output.type.shape)}`"
    repeats = {(node.section, node.block) for node in nodes}
    return f"{said}, {_sum(nodes)}" + f", in {len(repeats)} places" * (len(repeats) > 1)


def _sum(nodes: Sequence[Node]) -> str:
    """What nodes hold and compute; the second only where all of them know it."""
    macs = [node.macs for node in nodes]
    known = [each for each in macs if each is not None]
    said = f"{count(sum(node.trainable for node in nodes))} parameters"
    return said + f", {short(sum(known))} multiply-adds" * (len(known) == len(macs))


def _against(path: Path, spec: Spec, graph: Graph) -> Iterator[str]:
    """What the whole network costs with what this file says at a key, against without it."""
    *before, name = names_of(path)
    try:
        other = without(spec, [*before, PLURALS.get(name, name) if before == ["stages"] else name])
    except SpecError:
        return
    if other.fingerprint == graph.fingerprint:
        return
    ours, theirs = totals(graph), totals(other)
    told = [f"{_signed(ours.parameters.trainable - theirs.parameters.trainable)} parameters"]
    if ours.macs is not None and theirs.macs is not None:
        told.append(f"{_signed(ours.macs - theirs.macs)} multiply-adds")
    yield f"against leaving it out: {', '.join(told)}"


def _signed(number: int) -> str:
    return f"{'+' if number >= 0 else '−'}{short(abs(number))}"


# -- shapes beside the text ----------------------------------------------------------------------------------------------

def outputs(graph: Graph, tree: Tree, file: str) -> Iterator[tuple[Where, str]]:
    """What each entry of stem and head gives, and each stage: where it stands, and the shape."""
    if not isinstance(tree, MappingTree):
        return
    last: dict[tuple[str, int], Node] = {}
    for node in graph.nodes:
        for where in (node.where, *(frame.where for frame in node.calls)):
            if where.file == file and (entry := ENTRY.match(where.path)):
                last[entry[1], int(entry[2])] = node
    for (section, number), node in last.items():
        listed = tree.entries.get(section)
        if isinstance(listed, ListTree) and number < len(listed.items):
            yield listed.items[number].where, shape(node.output.type.shape)
    stages = tree.entries.get("stages")
    if stages is not None:
        ends = {node.section: node for node in graph.predicting}
        shapes = [shape(ends[name].output.type.shape) for name in graph.sections
                  if name in ends and name not in ("stem", "head")]
        if shapes:
            yield tree.key("stages"), " ".join(shapes)
