"""What the page asks of a place in a text: what stands there means, where it is defined and used, what can be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from archspec.editor.checked import Checked
from archspec.editor.completing import suggestions
from archspec.editor.cursor import cursor
from archspec.editor.meaning import meaning, nodes_of
from archspec.editor.naming import Symbol, definition, refuse_name, symbol_at, uses, with_name
from archspec.editor.paths import Path as Steps
from archspec.editor.paths import item_of
from archspec.editor.places import Place, place_at
from archspec.errors import InputError, Where, shorten, visible
from archspec.graph.ir import Graph
from archspec.schema.tree import Tree
from archspec.studio.elements import SECTION
from archspec.studio.known import checked, resolved, text_of
from archspec.studio.places import Json, Text, units

MOST = 300
"""Options, and elements, that are sent."""
REST_OF_WORD = re.compile(r"(\w*)([ \t]*[:=])?")
"""What a word goes on with behind the cursor, and what ends it."""
ALONE = re.compile(r" *(- +)*\w*[ \t]*")
"""A line with nothing but a word."""
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
    defined = None if symbol is None else definition(symbol, text.path, tree, found.resolved)
    if told is None and defined is None:
        return None
    place = told.place if told is not None else None
    title = _title(place) if place is not None else symbol.name if symbol is not None else ""
    own = symbol is not None and symbol.kind in ("block", "kept") and defined is not None and _is_own(text, defined)
    return {"title": visible(title), "sentences": [] if told is None else [*map(visible, told.sentences)],
            "definition": None if defined is None else text.place(defined),
            "uses": [] if symbol is None else [text.place(where, len(symbol.name)) for where in uses(tree, symbol)][:MOST],
            "rename": {"old": symbol.name, "span": text.span(symbol.where, len(symbol.name))} if own and symbol else None}


def _title(place: Place) -> str:
    """A key, or a value with the key that it is of."""
    return place.text if place.of_key or not place.last else f"{place.last}: {shorten(place.text)}"


def _is_own(text: Text, where: Where) -> bool:
    return text.is_own(where) or Path(where.file).resolve() == text.path


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
    """What can stand at a place, instead of the whole word there: a colon or = that stands behind it stays."""
    text = text_of(request)
    line, column = text.cursor(request["line"], request["column"])
    whole, found = text.lines[line - 1], cursor(text.text, line, column)
    rest = REST_OF_WORD.match(whole[column - 1:])
    assert rest is not None
    begin, end = column - len(found.word), column + len(rest[1])
    options = suggestions(found, text.text, text.path, resolved(_as_key(text, line, column)))
    first, last = ({"line": line, "column": units(whole[:column - 1]) + 1} for column in (begin, end))
    return {"from": first, "to": last,
            "options": [{"label": visible(each.label), "text": each.text.rstrip(": =") if rest[2] else each.text,
                         "kind": each.kind, "about": visible(each.about)} for each in options[:MOST]]}


def _as_key(text: Text, line: int, column: int) -> Text:
    """The text in which a word that is all of its line, or no word, is a key: below `stages:` it is no value of it then."""
    whole = text.lines[line - 1]
    if not ALONE.fullmatch(whole):
        return text
    key = whole if whole.strip(" -") else f"{whole[:column - 1]}_"
    return Text(text.path, "\n".join([*text.lines[:line - 1], f"{key.rstrip()}:", *text.lines[line:]]))


def rename(request: Json) -> Json:
    """The changes that give a name of the text's own another one. Raises InputError where the text would be wrong then."""
    text, new = text_of(request), request["new"]
    found = checked(text)
    symbol = None if found.tree is None else symbol_at(found.tree, *text.cursor(request["line"], request["column"]))
    if found.tree is None or symbol is None or not _may_be_renamed(text, found.tree, symbol, found):
        raise InputError("what this file defines itself can have another name: a block, or a value behind keep")
    refuse_name(new, symbol, found.tree, found.resolved)
    places = uses(found.tree, symbol)
    after = checked(Text(text.path, with_name(text.text, places, symbol.name, new)))
    if after.problems and not found.problems:
        raise InputError(f"the text would be wrong then: {after.problems[0].message}")
    layers = found.graph is not None and after.graph is not None and found.graph.fingerprint != after.graph.fingerprint
    return {"edits": [{**text.span(where, len(symbol.name)), "text": new} for where in places], "layers": layers}


def _may_be_renamed(text: Text, tree: Tree, symbol: Symbol, found: Checked) -> bool:
    defined = definition(symbol, text.path, tree, found.resolved)
    return symbol.kind in ("block", "kept") and defined is not None and _is_own(text, defined)
