"""What can be written next, for a shell's completion: names of specs, blocks and codes, and the keys of `--set`.

Quick rather than whole: files are read, and nothing is lowered. A spec that cannot be read gives what all specs have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import UnionType

from archspec.errors import SpecError
from archspec.schema.json_schema import described
from archspec.schema.keys import Key, ListOf, Named, OneOf, Sub
from archspec.schema.kinds import Choice, Each, Flag, FlagOr, OrNone, Table
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.blocks import BlockTable
from archspec.spec.files import recipe_names
from archspec.spec.inherit import Resolved, resolve
from archspec.spec.library import shipped_blocks
from archspec.spec.longform import PLURALS
from archspec.spec.operations import ACT, NORM, OPERATIONS, PADDING, PADDINGS, SHORTCUT, SHORTCUTS
from archspec.spec.scope import TooLarge
from archspec.spec.sections import DEFAULTS, SPEC, STAGE
from archspec.spec.stage_keys import names_in

NOT_SET = ("extends", "archspec")
"""Keys of a spec that are not set from outside."""

WITH_CALLS = ("stem", "stages", "head", "auxiliary")
"""Keys of a spec below which blocks are called."""

MAPPINGS = ("stages", "let", "parameters", "defaults")
"""Keys of a spec that hold keys, which no section declares."""

FREE = ("input", "repeats", "widths", "depth_and_width", "compound")
"""What `solve --free` turns in most specs."""

DEEPEST = 5
"""How many blocks inside each other are looked into for what reads a parameter."""


@dataclass(frozen=True, slots=True)
class Word:
    """What can be written: a text, whether it goes on behind it, and one line on what it is."""

    text: str
    goes_on: bool = False
    about: str = ""


def block_words(reference: str | None) -> list[Word]:
    """The blocks of a spec, or those that ship."""
    resolved = _resolved(reference)
    table = None if resolved is None else block_table(resolved)
    return [Word(name) for name in (sorted(shipped_blocks()) if table is None else table.names())]


def called_words(reference: str | None) -> list[Word]:
    """The blocks that a spec names, and those that these name; where it cannot be read, those that ship."""
    resolved = _resolved(reference)
    table = None if resolved is None else block_table(resolved)
    if resolved is None or table is None:
        return block_words(reference)
    found: list[str] = []
    waiting = [name for key in WITH_CALLS for name in _mentioned(resolved.tree.entries.get(key))]
    while waiting:
        name = waiting.pop()
        if name in table and name not in found:
            found.append(name)
            waiting.extend(_mentioned(table.tree(name)))
    return [Word(name) for name in sorted(found)]


def stage_words(reference: str | None) -> list[Word]:
    """The stages of a spec in their order, between its stem and its head, if it has them."""
    resolved = _resolved(reference)
    if resolved is None:
        return [Word("stem"), Word("head")]
    entries = resolved.tree.entries
    return [Word(name) for name in (*(["stem"] if "stem" in entries else []), *names_in(entries.get("stages")), "head")]


def key_words(reference: str | None, begun: str) -> list[Word]:
    """The keys of a spec that go on from what was begun, `train.ep`, up to the next point."""
    whole = begun.rpartition(".")[0]
    path = whole.split(".") if whole else []
    return sorted(_keys_at(path, _resolved(reference)), key=lambda word: word.text) if path or "." not in begun else []


def set_words(reference: str | None, begun: str) -> list[Word]:
    """What can stand behind `--set`: keys with `=`, those of mappings with a point, and behind `=` the words of a key."""
    key, equals, _ = begun.partition("=")
    if not equals:
        return key_words(reference, begun)
    return [Word(f"{key}={value}") for value in values(key.split("."), _resolved(reference))]


def free_words(reference: str | None) -> list[Word]:
    """What `solve --free` can turn: whole numbers that the stages or their blocks' parameters have, and numbers of `let`."""
    resolved = _resolved(reference)
    if resolved is None:
        return [Word(name) for name in FREE]
    entries, found = resolved.tree.entries, dict[str, None]()
    for name, (_, default) in parameters(resolved).items():
        if name not in STAGE and _is_number(_said(name, entries) or default, int):
            found["widths" if name == "width" else name] = None
    deep = "stages" in entries
    wide = "widths" in found
    lead = [name for name, there in zip(FREE, (True, deep, wide, deep and wide, deep and wide), strict=True) if there]
    numbers = [f"let.{name}" for name, tree in _entries(entries.get("let")) if _is_number(tree, int | float)]
    return [Word(name) for name in dict.fromkeys([*lead, *found, *numbers])]


def _said(name: str, spec: Mapping[str, Tree]) -> Tree | None:
    """What the stages of a spec, or its `parameters`, say for a parameter; of several values the first."""
    stages = spec.get("stages")
    for row in stages.items if isinstance(stages, ListTree) else (stages,):
        for key, value in _entries(row):
            if PLURALS.get(key, key) == name:
                return value.items[0] if isinstance(value, ListTree) and value.items else value
    return dict(_entries(spec.get("parameters"))).get(name)


def _entries(tree: Tree | None) -> Iterable[tuple[str, Tree]]:
    return tree.entries.items() if isinstance(tree, MappingTree) else ()


def _is_number(tree: Tree, kinds: type | UnionType) -> bool:
    value = tree.value if isinstance(tree, Scalar) else None
    return isinstance(value, int | float) and isinstance(value, kinds) and not isinstance(value, bool) and value > 0


def _resolved(reference: str | None) -> Resolved | None:
    """The merged spec, if it can be read."""
    try:
        return None if reference is None else resolve(reference)
    except SpecError:
        return None


def block_table(resolved: Resolved) -> BlockTable | None:
    """The blocks of a spec, and those that ship; None where its own cannot be read."""
    own = resolved.tree.entries.get("blocks")
    try:
        return BlockTable(own if isinstance(own, MappingTree) else None, [each.blocks for each in resolved.included])
    except (SpecError, TooLarge):
        return None


def _mentioned(tree: Tree | None) -> Iterator[str]:
    """What a block's name may be: words alone, and what items of lists begin with. Keys of arguments are none."""
    match tree:
        case Scalar(text=text):
            yield text
        case MappingTree(entries=entries):
            for value in entries.values():
                yield from _mentioned(value)
        case ListTree(items=items):
            for item in items:
                yield from item.entries if isinstance(item, MappingTree) else ()
                yield from _mentioned(item)


# -- keys ----------------------------------------------------------------------------------------------------------------

def _keys_at(path: list[str], resolved: Resolved | None) -> Iterator[Word]:
    """The keys of the mapping at a path."""
    lead = "".join(f"{part}." for part in path)
    for name, key in declared(path).items():
        about = described(key)
        if _is_value(key):
            yield Word(f"{lead}{name}=", True, about)
        if _below(key) or name in MAPPINGS or (path == ["defaults"] and name in OPERATIONS):
            yield Word(f"{lead}{name}.", True, about)
    if resolved is not None:
        known = declared(path).keys()
        yield from (word for word in _of_this(path, lead, resolved) if word.text[len(lead):-1] not in known)


def declared(path: list[str]) -> Mapping[str, Key]:
    """The declared keys of the mapping at a path."""
    match path:
        case []:
            return {name: key for name, key in SPEC.items() if name not in NOT_SET}
        case ["stages"]:
            return STAGE
        case ["stages", _]:
            return {name: key for name, key in STAGE.items() if name not in ("name", "between")}
        case ["defaults"]:
            return DEFAULTS
        case ["defaults", name] if name in OPERATIONS:
            return OPERATIONS[name].arguments
    keys: Mapping[str, Key] = SPEC
    for part in path:
        if part not in keys:
            return {}
        keys = _below(keys[part])
    return keys


def _below(key: Key) -> dict[str, Key]:
    """The keys below a key, of all its kinds."""
    match key.kind:
        case Sub(section=section):
            return {**section.merged, **section.declared}
        case OneOf() as choice:
            return _of_all(choice)
        case Named() as named:
            return {word: Key(Sub(section), None, (section.__doc__ or "").split("\n")[0])
                    for word, section in named.kinds().items()}
    return {}


def _of_all(choice: OneOf) -> dict[str, Key]:
    """The keys of all kinds. One that several have takes the words of each: that which tells the kind has one word in each."""
    found: dict[str, Key] = {}
    for section in choice.kinds().values():
        for name, key in section.declared.items():
            before = found.get(name, key).kind
            if isinstance(before, Choice) and isinstance(key.kind, Choice):
                key = replace(key, kind=Choice(tuple(dict.fromkeys((*before.words, *key.kind.words)))))
            found[name] = key
    return found


def _is_value(key: Key) -> bool:
    """Whether a value can stand at a key itself."""
    return not isinstance(key.kind, Sub) or bool(key.kind.section.main)


def _of_this(path: list[str], lead: str, resolved: Resolved) -> Iterator[Word]:
    """The keys that a spec says itself, and the parameters of the blocks of its stages."""
    stages = resolved.tree.entries.get("stages")
    if path == ["stages"]:
        yield from (Word(f"{lead}{name}.", True, "the stage of that name alone") for name in names_in(stages))
    if path == ["parameters"] or (path[:1] == ["stages"] and len(path) <= 2):
        for name, (block, _) in parameters(resolved).items():
            plural = next((many for many, one in PLURALS.items() if one == name and path == ["stages"]), name)
            yield from (Word(f"{lead}{each}=", True, f"a parameter of {block}") for each in dict.fromkeys((name, plural)))
    if path[:1] == ["let"]:
        tree = _at(resolved.tree, path)
        yield from (Word(f"{lead}{name}=", True) for name in (tree.entries if isinstance(tree, MappingTree) else ()))


def _at(tree: Tree | None, path: list[str]) -> Tree | None:
    for part in path:
        tree = tree.entries.get(part) if isinstance(tree, MappingTree) else None
    return tree


def parameters(resolved: Resolved) -> dict[str, tuple[str, Tree]]:
    """The parameters of the blocks that the stages name, with one of those blocks and the default there."""
    table, found = block_table(resolved), dict[str, tuple[str, Tree]]()
    for block in dict.fromkeys(_named(resolved.tree.entries.get("stages"))):
        if table is not None and block in table:
            known = _entries(table.tree(block).entries.get("parameters"))
            found |= {name: (block, default) for name, default in known if name not in found}
    return found


def _named(stages: Tree | None) -> Iterator[str]:
    """The blocks that stages name."""
    rows = stages.items if isinstance(stages, ListTree) else () if stages is None else (stages,)
    for row in rows:
        block = row.entries.get("block") if isinstance(row, MappingTree) else None
        for each in block.items if isinstance(block, ListTree) else (block,):
            if isinstance(each, Scalar):
                yield each.text


# -- values --------------------------------------------------------------------------------------------------------------

def values(path: list[str], resolved: Resolved | None) -> list[str]:
    """The words that can be the value of a key."""
    if not path:
        return []
    *before, name = path
    if path == ["train", "recipe"]:
        return recipe_names()
    if before[:1] == ["stages"] and name in ("block", "blocks"):
        table = None if resolved is None else block_table(resolved)
        return sorted(shipped_blocks()) if table is None else table.names()
    name = PLURALS.get(name, name)
    key = declared(before).get(name)
    if key is not None:
        return words_of(key)
    of_blocks = before == ["parameters"] or (before[:1] == ["stages"] and len(before) <= 2)
    return _words_of_parameter(name, resolved) if of_blocks and resolved is not None else []


def words_of(key: Key) -> list[str]:
    """The words that a declared key takes; none where it takes numbers or names."""
    match key.kind:
        case Choice() as choice:
            return choice.spelled()
        case Flag() | FlagOr():
            return ["true", "false"]
        case OneOf() | Named() as several:
            return [*several.kinds()]
        case ListOf() | OrNone():
            return ["none"]
        case Sub(section=section) if section.main:
            return words_of(section.declared[section.main])
        case Each(kind=kind, bare=True) | Table(kind=kind, bare=True):
            return words_of(replace(key, kind=kind))
    if key.kind in (NORM, ACT):
        return words_of(OPERATIONS["norm" if key.kind == NORM else "act"].arguments["kind"])
    return [*SHORTCUTS] if key.kind == SHORTCUT else [*PADDINGS] if key.kind == PADDING else []


def _words_of_parameter(name: str, resolved: Resolved) -> list[str]:
    """The words of a parameter of the stages' blocks."""
    table = block_table(resolved)
    blocks = () if table is None else dict.fromkeys(_named(resolved.tree.entries.get("stages")))
    return [*dict.fromkeys(word for block in blocks if table is not None and block in table
                           for word in parameter_words(name, block, table))]


def parameter_words(name: str, block: str, table: BlockTable) -> list[str]:
    """The words of the arguments that a block's parameter becomes, as `shortcut: $shortcut`."""
    return [*dict.fromkeys(word for key in _reading(name, block, table, DEEPEST) for word in words_of(key))]


def _reading(name: str, block: str, table: BlockTable, deep: int) -> Iterator[Key]:
    """The arguments of operations that are a parameter of a block as it stands, here and in the blocks that it calls."""
    for called, argument in _given(table.tree(block).entries.get("body"), f"${name}"):
        if called in OPERATIONS:
            own = argument or OPERATIONS[called].main or ""
            if own in OPERATIONS[called].arguments:
                yield OPERATIONS[called].arguments[own]
        elif called in table and deep:
            first = next(iter(table.signature(called).arguments), "")
            yield from _reading(argument or first, called, table, deep - 1)


def _given(tree: Tree | None, wanted: str) -> Iterator[tuple[str, str]]:
    """Each operation or block of a list that is given a value, with the argument; '' for the one behind its name alone."""
    for item in tree.items if isinstance(tree, ListTree) else ():
        for called, value in _entries(item):
            if isinstance(value, Scalar):
                for word in value.text.split():
                    argument, _, said = word.rpartition("=")
                    if said == wanted:
                        yield called, argument
            for argument, each in _entries(value):
                if isinstance(each, Scalar) and each.text == wanted:
                    yield called, argument
                yield from _given(each, wanted)
            yield from _given(value, wanted)
