"""What can be written next, for a shell's completion: names of specs, blocks and codes, and the keys of `--set`.

Quick rather than whole: files are read, and nothing is lowered. A spec that cannot be read gives what all specs have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.errors import SpecError
from archspec.schema.json_schema import described
from archspec.schema.keys import Key, ListOf, Named, OneOf, Sub
from archspec.schema.kinds import Choice, Flag
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.blocks import BlockTable
from archspec.spec.files import recipe_names
from archspec.spec.inherit import Resolved, resolve
from archspec.spec.library import shipped_blocks
from archspec.spec.longform import PLURALS
from archspec.spec.operations import OPERATIONS
from archspec.spec.scope import TooLarge
from archspec.spec.sections import DEFAULTS, SPEC, STAGE
from archspec.spec.stage_keys import names_in

NOT_SET = ("extends", "archspec")
"""Keys of a spec that are not set from outside."""

WITH_CALLS = ("stem", "stages", "head", "auxiliary")
"""Keys of a spec below which blocks are called."""

MAPPINGS = ("stages", "let", "parameters", "defaults")
"""Keys of a spec that hold keys, which no section declares."""


@dataclass(frozen=True, slots=True)
class Word:
    """What can be written: a text, whether it goes on behind it, and one line on what it is."""

    text: str
    goes_on: bool = False
    about: str = ""


def block_words(reference: str | None) -> list[Word]:
    """The blocks of a spec, or those that ship."""
    resolved = _resolved(reference)
    table = None if resolved is None else _table(resolved)
    return [Word(name) for name in (sorted(shipped_blocks()) if table is None else table.names())]


def called_words(reference: str | None) -> list[Word]:
    """The blocks that a spec names, and those that these name; where it cannot be read, those that ship."""
    resolved = _resolved(reference)
    table = None if resolved is None else _table(resolved)
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
    return [Word(f"{key}={value}") for value in _values(key.split("."), _resolved(reference))]


def _resolved(reference: str | None) -> Resolved | None:
    """The merged spec, if it can be read."""
    try:
        return None if reference is None else resolve(reference)
    except SpecError:
        return None


def _table(resolved: Resolved) -> BlockTable | None:
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
    for name, key in _declared(path).items():
        about = described(key)
        if _is_value(key):
            yield Word(f"{lead}{name}=", True, about)
        if _below(key) or name in MAPPINGS or (path == ["defaults"] and name in OPERATIONS):
            yield Word(f"{lead}{name}.", True, about)
    if resolved is not None:
        known = _declared(path).keys()
        yield from (word for word in _of_this(path, lead, resolved) if word.text[len(lead):-1] not in known)


def _declared(path: list[str]) -> Mapping[str, Key]:
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
            return {name: each for section in choice.kinds().values() for name, each in section.declared.items()}
        case Named() as named:
            return {word: Key(Sub(section), None, (section.__doc__ or "").split("\n")[0])
                    for word, section in named.kinds().items()}
    return {}


def _is_value(key: Key) -> bool:
    """Whether a value can stand at a key itself."""
    return not isinstance(key.kind, Sub) or bool(key.kind.section.main)


def _of_this(path: list[str], lead: str, resolved: Resolved) -> Iterator[Word]:
    """The keys that a spec says itself, and the parameters of the blocks of its stages."""
    stages = resolved.tree.entries.get("stages")
    if path == ["stages"]:
        yield from (Word(f"{lead}{name}.", True, "the stage of that name alone") for name in names_in(stages))
    if path == ["parameters"] or (path[:1] == ["stages"] and len(path) <= 2):
        for name, block in _parameters(resolved).items():
            plural = next((many for many, one in PLURALS.items() if one == name and path == ["stages"]), name)
            yield from (Word(f"{lead}{each}=", True, f"a parameter of {block}") for each in dict.fromkeys((name, plural)))
    if path[:1] == ["let"]:
        tree = _at(resolved.tree, path)
        yield from (Word(f"{lead}{name}=", True) for name in (tree.entries if isinstance(tree, MappingTree) else ()))


def _at(tree: Tree | None, path: list[str]) -> Tree | None:
    for part in path:
        tree = tree.entries.get(part) if isinstance(tree, MappingTree) else None
    return tree


def _parameters(resolved: Resolved) -> dict[str, str]:
    """The parameters of the blocks that the stages name, with one of those blocks."""
    table, found = _table(resolved), dict[str, str]()
    for block in dict.fromkeys(_named(resolved.tree.entries.get("stages"))):
        if table is not None and block in table:
            found |= {name: block for name in table.signature(block).arguments if name not in found}
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

def _values(path: list[str], resolved: Resolved | None) -> list[str]:
    """The words that can be the value of a key."""
    *before, name = path
    if path == ["train", "recipe"]:
        return recipe_names()
    if before[:1] == ["stages"] and name in ("block", "blocks"):
        table = None if resolved is None else _table(resolved)
        return sorted(shipped_blocks()) if table is None else table.names()
    key = _declared(before).get(PLURALS.get(name, name))
    return [] if key is None else _words_of(key)


def _words_of(key: Key) -> list[str]:
    match key.kind:
        case Choice() as choice:
            return choice.spelled()
        case Flag():
            return ["true", "false"]
        case OneOf() | Named() as several:
            return [*several.kinds()]
        case ListOf():
            return ["none"]
        case Sub(section=section) if section.main:
            return _words_of(section.declared[section.main])
    return []
