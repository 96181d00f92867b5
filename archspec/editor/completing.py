"""What can be written at a cursor, from the declarations of keys, operations and blocks, each with one sentence on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from archspec.author.complete import block_table, declared, parameter_words, parameters, values, words_of
from archspec.editor.cursor import At
from archspec.editor.paths import Path as Steps
from archspec.editor.paths import call_of, is_item, names_of
from archspec.errors import Where, listed
from archspec.graph.names import IMAGES
from archspec.schema.json_schema import described, plain_text
from archspec.schema.keys import Key, ListOf, Named
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.spec.blocks import BlockTable
from archspec.spec.inherit import Resolved
from archspec.spec.kept import PREVIOUS
from archspec.spec.longform import PLURALS, STAGE_LISTS
from archspec.spec.operations import FLAGS, NAME, NAMES, NAMES_IN_BLOCKS, OPERATIONS, PADDINGS, SHORTHANDS
from archspec.spec.reading import keeps
from archspec.spec.recipe import Recipe
from archspec.spec.sections import BLOCK, SPEC, STAGE
from archspec.spec.stage_keys import names_in
from archspec.views.catalog import specs
from archspec.views.recipes import recipes

KEEP = re.compile(r"\bkeep: *(?:\{ *value: *)?([A-Za-z]\w*)")
"""Where a text keeps a value, be it YAML or not."""
SET_IN_LINE = re.compile(r"(?:^|\s)(\w+)=")
"""The arguments that a line gives by name."""
IN_TABLE = re.compile(r"stages\.table\[0\]\[(\d+)\]")
"""The path of the name of a table's column."""
LISTS = ("let", "parameters", "stem", "stages", "head")
"""Where lists stand outside of blocks that share the names of their values."""
ORDER = ("stem", "stages", "head")
"""The lists outside of blocks, in the order in which they are built: what one keeps the next ones know."""
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
        found = [replace(each, text=each.text[1:]) for each in known_names(at.path, resolved)]
    elif at.word.startswith("$"):
        found = [*known_names(at.path, resolved)]
    else:
        found = [*_here(at, text, path, resolved)]
    return _shortest_first([*{each.label: each for each in reversed(found)}.values()][::-1])


def _shortest_first(found: Sequence[Suggestion]) -> list[Suggestion]:
    """The same with each word ahead of those that it begins: who writes all of it gets it."""
    first: dict[str, int] = {}
    for number, each in enumerate(found):
        for end in range(1, len(each.label) + 1):
            first.setdefault(each.label[:end], number)
    return sorted(found, key=lambda each: (first[each.label], len(each.label)))


def _here(at: At, text: str, path: Path, resolved: Resolved | None) -> Iterable[Suggestion]:
    if at.in_list and is_item(at.path):
        return _items(resolved)
    if call := call_of(at.path):
        given = {*at.there, *SET_IN_LINE.findall(f"{at.text[:len(at.text) - len(at.word)]} {at.behind}")}
        found = _of_call(at, *call, text, resolved)
        return (each for each in found if each.kind != "key" or each.label.rstrip("=") not in given)
    if at.of_key:
        return _values(at.path, path, resolved)
    if at.in_list and at.path[:1] == ("train",):
        return _of_list(at.path[:-1])
    if at.in_list and at.path[:2] == ("stages", "table"):
        return _of_table(at.path[2:], path, resolved)
    if at.in_list and len(at.path) > 1 and at.path[:-1] != ("stages",):
        return _values(at.path[:-1], path, resolved)
    there = {PLURALS.get(key, key) for key in at.there}
    return (each for each in _keys(names_of(at.path), resolved) if PLURALS.get(each.label, each.label) not in there)


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
    own = [*_of_blocks(names, resolved)]
    if names == ["stages"]:
        yield from own  # what the stages' own block takes is what one mostly looks for there
    yield from (_key(name, described(key)) for name, key in keys.items())
    if names == ["stages"]:
        yield _key("table", "rows, one a stage, the first of which names the columns")
    if names[:1] == ["stages"]:
        yield from (_key(plural, described(STAGE[single])) for plural, single in PLURALS.items() if single in STAGE)
    if names == ["stages"]:
        yield from (_key(name, "the stage of that name alone") for name in _stages(resolved))
    else:
        yield from own


def _of_blocks(names: list[str], resolved: Resolved | None) -> Iterator[Suggestion]:
    """The parameters of the stages' blocks that can be keys there."""
    if resolved is None or names[:1] not in (["stages"], ["parameters"]) or len(names) > 2:
        return
    for name, (block, _) in parameters(resolved).items():
        plural = next((many for many, one in PLURALS.items() if one == name), name)
        written = dict.fromkeys((name, plural)) if names == ["stages"] else (name,)
        about = arguments(block, resolved)[name]
        yield from (_key(each, about) for each in written
                    if names != ["parameters"] or name not in ("width", "stride"))


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


def _of_table(place: Steps, file: Path, resolved: Resolved | None) -> Iterator[Suggestion]:
    """Within the table of stages: in its first row the keys that no column has yet, below the words of the column's key."""
    entries = {} if resolved is None else resolved.layers[-1].tree.entries
    stages = entries.get("stages")
    said = {name: stages.key(name).path for name in stages.entries} if isinstance(stages, MappingTree) else {}
    columns = {name: int(found[1]) for name, path in said.items() if (found := IN_TABLE.fullmatch(path))}
    match place:
        case (0, int(number)):
            beside = {name for name in said if columns.get(name) != number}
            yield from (replace(each, text=each.label) for each in _keys(["stages"], resolved)
                        if PLURALS.get(each.label, each.label) not in {*beside, "table", *STAGE_LISTS, *_stages(resolved)})
        case (_, int(number)):
            for name in [name for name, column in columns.items() if column == number]:
                yield Suggestion("default", "default", "value", "the stage is given nothing there")
                yield from _values(("stages", name), file, resolved)


def _stages(resolved: Resolved | None) -> list[str]:
    """What the stages are called."""
    return [] if resolved is None else names_in(resolved.tree.entries.get("stages"))


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
    takes = arguments(name, resolved)
    if behind:
        said = next((part for part in behind if isinstance(part, str)), "")
        yield from _of_argument(at, name, said, text, resolved) if at.of_key or at.in_list else ()
    elif not at.of_key:
        yield from (_key(each, about) for each, about in takes.items())
    else:
        argument = at.text.split(" ")[-1].partition("=")
        if argument[1]:
            yield from _of_argument(at, name, argument[0], text, resolved)
            return
        if " " not in at.text:
            yield from _of_argument(at, name, _main(name), text, resolved)
        yield from (Suggestion(word, word, "value", takes["padding"]) for word in (PADDINGS if "padding" in takes else ()))
        yield from (Suggestion(f"{each}=", f"{each}=", "key", about) for each, about in takes.items())
        yield from (Suggestion(flag, flag, "value", f"short for {listed(f'{part}=none' for part in SHORTHANDS[flag])}"
                               if flag in SHORTHANDS else takes[flag])
                    for flag in FLAGS if all(part in takes for part in SHORTHANDS.get(flag, (flag,))))


def arguments(name: str, resolved: Resolved | None) -> dict[str, str]:
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


def _of_argument(at: At, name: str, argument: str, text: str, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The words of an argument of an operation, or of the arguments that a block's parameter becomes."""
    if name in OPERATIONS:
        key = OPERATIONS[name].arguments.get(argument or _main(name))
        if key is not None and key.kind in (NAME, NAMES):
            yield from _kept(at, text, resolved)
            return
        words = [] if key is None else words_of(key)
    else:
        table = _table(resolved)
        words = [] if table is None or name not in table else parameter_words(argument, name, table)
    yield from (Suggestion(word, word, "value") for word in words)


# -- names in expressions ------------------------------------------------------------------------------------------------

def known_names(path: Steps, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The names that an expression knows at a path: in a block its own, which hide others, and those around; those of `let`."""
    entries = {} if resolved is None else resolved.tree.entries
    if body := _body(path):
        table = _table(resolved)
        block = table.tree(body) if table is not None and body in table else None
        known = block.entries.get("parameters") if isinstance(block, MappingTree) else None
        for name in known.entries if isinstance(known, MappingTree) else ():
            yield Suggestion(f"${name}", f"${name}", "name", "a parameter of this block")
        computed = block.entries.get("let") if isinstance(block, MappingTree) else None
        for name in computed.entries if isinstance(computed, MappingTree) else ():
            yield Suggestion(f"${name}", f"${name}", "name", "of this block's let")
        yield from (Suggestion(f"${name}", f"${name}", "name", AROUND.get(name, "known in every block"))
                    for name in sorted(NAMES_IN_BLOCKS))
    let = entries.get("let")
    for name, tree in (let.entries.items() if isinstance(let, MappingTree) else ()):
        yield Suggestion(f"${name}", f"${name}", "name", f"of let: {_said(tree)}" if _said(tree) else "of let")
    yield Suggestion("$classes", "$classes", "name", AROUND["classes"])


# -- names of values -----------------------------------------------------------------------------------------------------

def _body(path: Steps) -> str:
    """The block into whose declaration a path leads; '' outside of blocks."""
    return str(path[1]) if path[:1] == ("blocks",) and len(path) > 1 else ""


def _kept(at: At, text: str, resolved: Resolved | None) -> Iterator[Suggestion]:
    """The values that a list knows by name: those that its body keeps, be it copied or a parent's, and parts of the network.

    What the text keeps now and did not when it could last be read is one of them wherever it stands.
    """
    body, section, now = _body(at.path), str(at.path[0]), KEEP.findall(text)
    written = None if resolved is None else resolved.layers[-1].tree
    for name, where in _keeps(at, body, resolved):
        own = written is not None and where.file == written.where.file
        if (name in now or not own) and _built(where.path.partition(".")[0].partition("[")[0], section):
            yield Suggestion(name, name, "name", "a value that is kept" if own else f"a value that is kept at {where}")
    before = {name for name, _ in keeps(written)} if written is not None else set[str]()
    yield from (Suggestion(name, name, "name", "a value that is kept") for name in now if name not in before)
    if not body:
        yield Suggestion(IMAGES, IMAGES, "name", "the image")
        parts = {"stem": ["stem"], "stages": _stages(resolved)}
        yield from (Suggestion(name, name, "name", f"what {name} gives") for part, names in parts.items()
                    if part != section and _built(part, section) for name in names)
    if body or section != "stem":
        yield Suggestion(PREVIOUS, PREVIOUS, "name", "what entered the block before")


def _keeps(at: At, body: str, resolved: Resolved | None) -> Iterator[tuple[str, Where]]:
    """The names under which a block, or what stands outside of blocks, keeps values, and where."""
    if resolved is None:
        return
    if body:
        table = block_table(resolved)
        trees: list[Tree | None] = [table.tree(body)] if table is not None and body in table else []
    else:
        auxiliary = resolved.tree.entries.get("auxiliary") if at.path[0] == "auxiliary" else None
        own = auxiliary.entries.get(str(at.path[1])) if isinstance(auxiliary, MappingTree) and len(at.path) > 1 else None
        trees = [*(resolved.tree.entries.get(name) for name in LISTS), own]
    for tree in trees:
        yield from () if tree is None else keeps(tree)


def _built(kept: str, section: str) -> bool:
    """Whether what stands in a section of the spec is built when a list in another one is."""
    return kept not in ORDER or section not in ORDER or ORDER.index(kept) <= ORDER.index(section)
