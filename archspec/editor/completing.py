"""What can be written at a cursor, from the declarations of keys, operations and blocks, each with one sentence on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from archspec.author.complete import block_table, declared, parameter_words, parameters, values, words_of
from archspec.editor.cursor import At
from archspec.editor.paths import Path as Steps
from archspec.editor.paths import call_of, is_item, names_of
from archspec.errors import listed
from archspec.schema.json_schema import described, plain_text
from archspec.schema.keys import Key, ListOf, Named
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.spec.blocks import BlockTable
from archspec.spec.inherit import Resolved
from archspec.spec.longform import PLURALS
from archspec.spec.operations import FLAGS, NAME, NAMES, NAMES_IN_BLOCKS, OPERATIONS, PADDINGS, SHORTHANDS
from archspec.spec.recipe import Recipe
from archspec.spec.sections import BLOCK, SPEC, STAGE
from archspec.spec.stage_keys import names_in
from archspec.views.catalog import specs
from archspec.views.recipes import recipes

KEEP = re.compile(r"\bkeep: *([A-Za-z]\w*)")
"""Where a text keeps a value, be it YAML or not."""
AROUND = {"in_channels": "the channels that enter the block", "channels": "the channels at this place",
          "classes": "how many classes there are"}

Kind = Literal["key", "block", "operation", "value", "name", "spec"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What can be written: the text to put in place of the word that is begun, what it is, and one sentence on it."""

    label: str
    text: str
    kind: Kind
    about: str = ""


def suggestions(at: At, text: str, path: Path, resolved: Resolved | None) -> list[Suggestion]:
    """What can stand at a cursor of a text in the file `path`; `resolved` is the last of its texts that could be read."""
    if at.in_comment:
        return []
    if at.in_expression:
        found = [replace(each, text=each.text[1:]) for each in _names(at, resolved)]
    elif at.word.startswith("$"):
        found = [*_names(at, resolved)]
    else:
        found = [*_here(at, text, path, resolved)]
    return [*{each.label: each for each in reversed(found)}.values()][::-1]


def _here(at: At, text: str, path: Path, resolved: Resolved | None) -> Iterable[Suggestion]:
    if at.in_list and is_item(at.path):
        return _items(resolved)
    if call := call_of(at.path):
        return _of_call(at, *call, text, resolved)
    if at.of_key:
        return _values(at.path, path, resolved)
    if at.in_list and at.path[:1] == ("train",):
        return _of_list(at.path[:-1])
    if at.in_list and len(at.path) > 1 and at.path[:-1] != ("stages",):
        return _values(at.path[:-1], path, resolved)
    return _keys(names_of(at.path), resolved)


# -- keys and values -----------------------------------------------------------------------------------------------------

def _keys(names: list[str], resolved: Resolved | None) -> Iterator[Suggestion]:
    """The keys of the mapping at a path."""
    match names:
        case []:
            keys: Mapping[str, Key] = SPEC
        case ["blocks", _]:
            keys = BLOCK
        case ["train"]:
            keys = {**Recipe.merged, **Recipe.declared}
        case _:
            keys = declared(names)
    yield from (_key(name, described(key)) for name, key in keys.items())
    if names[:1] == ["stages"]:
        yield from (_key(plural, described(STAGE[single])) for plural, single in PLURALS.items() if single in STAGE)
    if resolved is not None and names[:1] in (["stages"], ["parameters"]) and len(names) <= 2:
        for name, (block, _) in parameters(resolved).items():
            plural = next((many for many, one in PLURALS.items() if one == name), name)
            written = dict.fromkeys((name, plural)) if names == ["stages"] else (name,)
            yield from (_key(each, f"a parameter of the block {block}") for each in written
                        if names != ["parameters"] or name not in ("width", "stride"))
        if names == ["stages"]:
            yield from (_key(name, "the stage of that name alone") for name in names_in(resolved.tree.entries.get("stages")))


def _key(name: str, about: str) -> Suggestion:
    return Suggestion(name, f"{name}: ", "key", about)


def _values(path: Steps, file: Path, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The words that can be the value of a key."""
    names = names_of(path)
    match names:
        case ["extends"]:
            yield from (Suggestion(each.stem, each.stem, "spec", "a file beside this one")
                        for each in sorted(file.parent.glob("*.yaml")) if each.stem != file.stem)
            yield from (Suggestion(each.name, each.name, "spec", each.description) for each in specs())
        case ["train", "recipe"]:
            yield from (Suggestion(each.name, each.name, "value", each.description) for each in recipes())
        case ["stages", *_, ("block" | "blocks")] | ["blocks", _, "like"]:
            yield from _blocks(resolved)
        case _:
            yield from (Suggestion(word, word, "value") for word in values(names, resolved))


def _of_list(path: Steps) -> Iterator[Suggestion]:
    """The words of the entries of a list that is declared, as those of train.augment."""
    *before, name = map(str, path)
    key = declared(before).get(name)
    if key is not None and isinstance(key.kind, ListOf) and isinstance(key.kind.item, Named):
        for word, section in key.kind.item.kinds().items():
            yield Suggestion(word, word, "value", plain_text((section.__doc__ or "").split("\n")[0]))


# -- operations and blocks -----------------------------------------------------------------------------------------------

def _items(resolved: Resolved | None) -> Iterator[Suggestion]:
    """What a list of operations may hold."""
    for name, signature in OPERATIONS.items():
        yield Suggestion(name, name if signature.main is None else f"{name}: ", "operation", plain_text(signature.doc))
    yield from (Suggestion(each.label, f"{each.label}: ", "block", each.about) for each in _blocks(resolved))


def _blocks(resolved: Resolved | None) -> Iterator[Suggestion]:
    """The blocks of a spec and those that ship."""
    table = _table(resolved)
    for name in () if table is None else table.names():
        yield Suggestion(name, name, "block", _said(table.tree(name).entries.get("description")) if table else "")


def _table(resolved: Resolved | None) -> BlockTable | None:
    return BlockTable(None, []) if resolved is None else block_table(resolved)


def _said(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Scalar) else ""


def _of_call(at: At, name: str, behind: Steps, text: str, resolved: Resolved | None) -> Iterator[Suggestion]:
    """Within an operation or a call of a block: its arguments, as keys or in a line, and their words."""
    takes = _arguments(name, resolved)
    if behind:
        said = next((part for part in behind if isinstance(part, str)), "")
        yield from _of_argument(name, said, text, resolved) if at.of_key or at.in_list else ()
    elif not at.of_key:
        yield from (_key(each, about) for each, about in takes.items())
    else:
        argument = at.text.split(" ")[-1].partition("=")
        if argument[1]:
            yield from _of_argument(name, argument[0], text, resolved)
            return
        if " " not in at.text:
            yield from _of_argument(name, _main(name), text, resolved)
        yield from (Suggestion(word, word, "value", takes["padding"]) for word in (PADDINGS if "padding" in takes else ()))
        yield from (Suggestion(f"{each}=", f"{each}=", "key", about) for each, about in takes.items())
        yield from (Suggestion(flag, flag, "value", f"short for {listed(f'{part}=none' for part in SHORTHANDS[flag])}"
                               if flag in SHORTHANDS else takes[flag])
                    for flag in FLAGS if all(part in takes for part in SHORTHANDS.get(flag, (flag,))))


def _arguments(name: str, resolved: Resolved | None) -> dict[str, str]:
    """What an operation or block takes, each with what it is."""
    if name in OPERATIONS:
        return {each: described(key) for each, key in OPERATIONS[name].arguments.items()}
    table = _table(resolved)
    if table is None or name not in table:
        return {}
    known = table.tree(name).entries.get("parameters")
    found = known.entries if isinstance(known, MappingTree) else {}
    return {each: f"a parameter of the block {name}" + (f"; if left out: {_said(default)}" if _said(default) not in
                                                        ("", "required") else "") for each, default in found.items()}


def _main(name: str) -> str:
    """The argument that a value alone stands for."""
    return OPERATIONS[name].main or "" if name in OPERATIONS else ""


def _of_argument(name: str, argument: str, text: str, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The words of an argument of an operation, or of the arguments that a block's parameter becomes."""
    if name in OPERATIONS:
        key = OPERATIONS[name].arguments.get(argument or _main(name))
        if key is not None and key.kind in (NAME, NAMES):
            yield from (Suggestion(kept, kept, "name", "a value that is kept") for kept in dict.fromkeys(KEEP.findall(text)))
            return
        words = [] if key is None else words_of(key)
    else:
        table = _table(resolved)
        words = [] if table is None or name not in table else parameter_words(argument, name, table)
    yield from (Suggestion(word, word, "value") for word in words)


# -- names in expressions ------------------------------------------------------------------------------------------------

def _names(at: At, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The names that an expression knows: those of `let` and, in a block, its parameters and what is known around it."""
    entries = {} if resolved is None else resolved.tree.entries
    let = entries.get("let")
    for name, tree in (let.entries.items() if isinstance(let, MappingTree) else ()):
        yield Suggestion(f"${name}", f"${name}", "name", f"of let: {_said(tree)}" if _said(tree) else "of let")
    yield Suggestion("$classes", "$classes", "name", AROUND["classes"])
    if at.path[:1] == ("blocks",) and len(at.path) > 1:
        own = entries.get("blocks")
        block = own.entries.get(str(at.path[1])) if isinstance(own, MappingTree) else None
        known = block.entries.get("parameters") if isinstance(block, MappingTree) else None
        for name in known.entries if isinstance(known, MappingTree) else ():
            yield Suggestion(f"${name}", f"${name}", "name", "a parameter of this block")
        computed = block.entries.get("let") if isinstance(block, MappingTree) else None
        for name in computed.entries if isinstance(computed, MappingTree) else ():
            yield Suggestion(f"${name}", f"${name}", "name", "of this block's let")
        yield from (Suggestion(f"${name}", f"${name}", "name", AROUND.get(name, "known in every block"))
                    for name in sorted(NAMES_IN_BLOCKS))
