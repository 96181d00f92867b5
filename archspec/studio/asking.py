"""What the page asks of a place in a text: what stands there means, where it is defined and used, what can be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archspec.editor.checked import Checked
from archspec.editor.meaning import meaning, nodes_of
from archspec.editor.naming import Symbol, definition, symbol_at, uses
from archspec.editor.paths import Path as Steps
from archspec.editor.paths import item_of
from archspec.editor.places import Place, place_at
from archspec.editor.renaming import renamed
from archspec.editor.word import completed
from archspec.errors import InputError, Where, shorten, some, visible
from archspec.graph.ir import Graph
from archspec.schema.tree import Tree
from archspec.studio.elements import SECTION
from archspec.studio.known import checked, resolved, text_of
from archspec.studio.places import Json, Text, file_name

MOST = 300
"""Options, and elements, that are sent."""
OF_NETWORK = ("input", "parameters", "defaults", "let", "output_stride", "memory")
"""Sections that speak of all stages."""


def at(request: Json) -> Json:
    """The card of a place: what stands there means, where its name is defined and used; and which elements it speaks of."""
    text = text_of(request)
    line, column = text.cursor(request["line"], request["column"])
    found = checked(text)
    if found.tree is None:
        return {"card": None, "elements": []}
    place = place_at(found.tree, line, column)
    return {"card": _card(text, found, found.tree, line, column), "path": "" if place is None else visible(place.where.path),
            "elements": [] if place is None or found.graph is None else [*_elements(place, text, found.graph)][:MOST]}


def _card(text: Text, found: Checked, tree: Tree, line: int, column: int) -> Json | None:
    told, symbol = meaning(found, tree, line, column), symbol_at(tree, line, column)
    defined = None if symbol is None else _defined(symbol, text, found, tree)
    if told is None and defined is None:
        return None
    place = told.place if told is not None else None
    title = _title(place) if place is not None else symbol.name if symbol is not None else ""
    return {"title": visible(title), "sentences": [] if told is None else [*map(visible, told.sentences)],
            "definition": None if defined is None else text.place(defined),
            "uses": [] if symbol is None else [text.place(where, len(symbol.name)) for where in uses(tree, symbol)][:MOST],
            "rename": {"old": symbol.name, "span": text.span(symbol.where, len(symbol.name))}
            if symbol is not None and _is_own(symbol, defined, text) else None}


def _title(place: Place) -> str:
    """A key, or a value with the key that it is of."""
    return place.text if place.of_key or not place.last else f"{place.last}: {shorten(place.text)}"


def _defined(symbol: Symbol, text: Text, found: Checked, tree: Tree) -> Where | None:
    return definition(symbol, text.path, tree, found.resolved)


def _is_own(symbol: Symbol, defined: Where | None, text: Text) -> bool:
    """Whether it is a name that can have another one, and that the text defines itself."""
    return symbol.kind in ("block", "kept") and defined is not None and Path(defined.file).resolve() == text.path


# -- which elements a place speaks of ------------------------------------------------------------------------------------

def _elements(place: Place, text: Text, graph: Graph) -> Iterator[str]:
    """Their keys: those of layers that an item makes, or those of the stages that a key is of."""
    item = item_of(place.path)
    if item:
        nodes = nodes_of(graph, text.file, item)
        yield from dict.fromkeys(f"{SECTION}{node.section}" for node in nodes)
        yield from (node.name for node in nodes)
        return
    sections = _sections(place.path, graph)
    yield from (f"{SECTION}{name}" for name in sections)
    if sections and place.path[0] in ("stem", "head"):
        yield from (node.name for node in graph.predicting if node.section in sections)


def _sections(path: Steps, graph: Graph) -> list[str]:
    """The sections that a path speaks of."""
    stages = [name for name in graph.sections if name not in ("stem", "head")]
    match path:
        case ("stem" | "head" as name, *_):
            return [name]
        case ("stages", int(number), *_) | ("stages", _, int(number), *_):
            return stages[number:number + 1]
        case ("stages", str(name), *_) if name in stages:
            return [name]
        case ("auxiliary", str(name), *_):
            return [name] if name in stages else []
        case ("blocks", str(name), *_):
            called = (node.section for node in graph.predicting if any(frame.name == name for frame in node.calls))
            return [*dict.fromkeys(called)]
        case ("stages", *_):
            return stages
        case (str(name), *_) if name in OF_NETWORK:
            return stages
    return []


# -- writing -------------------------------------------------------------------------------------------------------------

def complete(request: Json) -> Json:
    """What can stand at a place, instead of the whole word there."""
    text = text_of(request)
    line, column = text.cursor(request["line"], request["column"])
    found = completed(text.text, line, column, text.path, lambda changed: resolved(Text(text.path, changed)))
    span = text.span(Where(text.file, line, found.begin), found.end - found.begin)
    return {"from": {"line": line, "column": span["column"]}, "to": {"line": line, "column": span["end_column"]},
            "options": [{"label": visible(each.label), "text": each.text, "kind": each.kind, "about": visible(each.about)}
                        for each in found.options[:MOST]]}


def rename(request: Json) -> Json:
    """The changes that give a name of the text's own another one.

    Raises InputError where the text would be wrong then, and where other files use the name: a tab has one file.
    """
    text, new = text_of(request), request["new"]
    found = checked(text)
    symbol = None if found.tree is None else symbol_at(found.tree, *text.cursor(request["line"], request["column"]))
    if found.tree is None or symbol is None or not _is_own(symbol, _defined(symbol, text, found, found.tree), text):
        raise InputError("what this file defines itself can have another name: a block, or a value behind keep")
    made = renamed(symbol, new, text.path, {text.path: text.text})
    others = [visible(file_name(str(path))) for path in made.places if path != text.path]
    if others:
        raise InputError(f"'{symbol.name}' stands in {some(others)}, too, and here one file is changed\n"
                         "  hint: an editor that archspec lsp serves changes all")
    return {"edits": [{**text.span(where, len(symbol.name)), "text": new} for where in made.places.get(text.path, ())],
            "layers": made.layers}
