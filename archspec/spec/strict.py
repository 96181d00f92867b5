"""Nothing that the user wrote is lost: what a file of the user's, or --set, says and nobody reads is told.

What a file that is extended says is not held against the one that extends it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from archspec.errors import Problem, hinted, nearest
from archspec.io.places import relative
from archspec.schema.tree import MappingTree, Tree
from archspec.spec.arch import Spec
from archspec.spec.blocks import BlockTable
from archspec.spec.expressions import FUNCTIONS
from archspec.spec.inherit import SET
from archspec.spec.longform import STAGE_LISTS
from archspec.spec.operations import OPERATIONS, RESERVED
from archspec.spec.reading import containers, definitions, names_read, read_in_block, read_through, words

READERS = {"conv": ("conv", "residual", "highway")}
"""Operations that take the defaults of another: projections are convolutions, and so is a highway's gate."""
EVERYWHERE = ("unit", "padding", "norm", "act")
"""Defaults that hold for more than one operation."""
NETWORK = ("parameters", "stem", "stages", "head", "auxiliary")
"""The sections that make the network."""


@dataclass(frozen=True, slots=True)
class Use:
    """What the network of a spec reads: names from outside of blocks, and words that may name blocks and operations."""

    names: frozenset[str]
    words: frozenset[str]


def use_of(sections: Iterable[Tree], values: Iterable[Tree], table: BlockTable) -> Use:
    """What sections read, and the blocks that they name, and those that these name. Values may name blocks, too."""
    names, found, waiting = set[str](), set[str](), list[str]()
    done: set[str] = set()
    for tree in sections:
        names |= names_read(tree)
        waiting.extend(words(tree))
    for tree in values:
        waiting.extend(words(tree))
    while waiting:
        word = waiting.pop()
        if word in found:
            continue
        found.add(word)
        if word in table and word not in done:
            done.add(word)
            read, called = _read_by(table.tree(word))
            names |= read
            waiting.extend(called)
            waiting.extend(table.copied(word))
    return Use(frozenset(names), frozenset(found))


@lru_cache(maxsize=256)
def _read_by(block: MappingTree) -> tuple[frozenset[str], frozenset[str]]:
    """The names from outside that a block reads, and its words. Of one tree it is found once, however many specs have it."""
    return frozenset(names_read(block) - definitions(block).keys()), frozenset(words(block))


def used_in(spec: Spec) -> Use:
    """What the network of a spec reads."""
    entries = spec.resolved.tree.entries
    return use_of([entries[key] for key in NETWORK if key in entries], spec.let.values(), spec.blocks)


def unread(spec: Spec) -> Iterator[Problem]:
    """Names, blocks and defaults of the user's own that nothing in the network reads."""
    used = used_in(spec)
    yield from _unread(spec, "let", read_through(used.names, spec.let), "nothing reads the name", spec.let)
    yield from _unread(spec, "blocks", used.words, "nothing calls the block", spec.blocks.names())
    yield from _unread_files(spec, used.words)
    operations = {name for name in OPERATIONS if used.words.intersection(READERS.get(name, (name,)))}
    yield from _unread(spec, "defaults", {*EVERYWHERE, *operations, *_unknown(spec)},
                       "the network has no operation", operations)


def _unread_files(spec: Spec, used: Collection[str]) -> Iterator[Problem]:
    """Files that this one includes and of whose blocks nothing calls any."""
    for file in spec.resolved.included:
        if file.named.where.file in own_files(spec) and not any(name in used for name in file.blocks.entries):
            yield Problem("unread", file.named.where, f"nothing calls a block of {file.named.text}", "leave it out")


def _unread(spec: Spec, section: str, used: Iterable[str], message: str, near: Iterable[str]) -> Iterator[Problem]:
    tree = spec.resolved.tree.entries.get(section)
    if not isinstance(tree, MappingTree):
        return
    known, files = sorted(near), own_files(spec)
    own = [name for name in tree.entries if name not in used and tree.key(name).file in files]
    for number, name in enumerate(own):
        hint = hinted(range(number), other, name, known)
        yield Problem("unread", tree.key(name), f"{message} '{name}'", hint or "leave it out")


def other(name: str, known: Iterable[str]) -> str:
    """The nearest of the names that are known, itself left out."""
    return nearest(name, (other for other in known if other != name))


def _unknown(spec: Spec) -> set[str]:
    """Keys of defaults that are no operation, which is a problem of its own."""
    tree = spec.resolved.tree.entries.get("defaults")
    return set() if not isinstance(tree, MappingTree) else tree.entries.keys() - OPERATIONS.keys()


def own_files(spec: Spec) -> tuple[str, str]:
    """The file that was asked for, and --set."""
    return SET, relative(spec.resolved.path)


def unread_in_blocks(spec: Spec) -> Iterator[Problem]:
    """Parameters and names of let that a block of the spec declares itself, and its body does not read."""
    found: list[Problem] = []
    for name in spec.blocks.written:
        tree = spec.blocks.tree(name)
        # a name that stands for nothing may be the one that is missing here
        if spec.blocks.get(name) is not None and not _reads_what_is_not(tree, spec):
            _unread_in_block(name, tree, read_around(spec), found)
    return iter(found)


def _reads_what_is_not(block: MappingTree, spec: Spec) -> bool:
    """Whether a block reads names that stand for nothing."""
    known = (definitions(block), spec.let, RESERVED, FUNCTIONS)
    return any(not any(name in some for some in known) for name in names_read(block))


def read_around(spec: Spec) -> set[str]:
    """The names that the lists around the blocks of stages read."""
    stages = spec.resolved.tree.entries.get("stages")
    mappings = [] if stages is None else [part for part in containers(stages) if isinstance(part, MappingTree)]
    return names_read(*(part.entries[key] for part in mappings for key in STAGE_LISTS if key in part.entries))


def by_stage(name: str) -> str:
    """How a value is said that differs by stage and no block takes."""
    return f"what only lists around the blocks read is a list in let, with an entry a stage, and there $({name}[stage])"


def _unread_in_block(name: str, tree: MappingTree, around: set[str], problems: list[Problem]) -> None:
    read, known = read_in_block(tree), sorted(definitions(tree))
    for section in ("parameters", "let"):
        part = tree.entries.get(section)
        for each in part.entries if isinstance(part, MappingTree) else ():
            if each not in read:
                assert isinstance(part, MappingTree)
                hint = by_stage(each) if section == "parameters" and each in around else hinted(problems, other, each, known)
                problems.append(Problem("unread", part.key(each), f"the body of the block {name} does not read '{each}'",
                                        hint or f"use it there as ${each}, or leave it out"))
