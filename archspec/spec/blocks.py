"""Blocks: named, parameterised operation lists, those of the spec and those that ship with archspec."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from archspec.errors import Problem, SpecError, Where, nearest, shorten
from archspec.schema.keys import Key
from archspec.schema.read import take
from archspec.schema.tree import MappingTree, Scalar, Tree, kind, overlay
from archspec.schema.words import meant
from archspec.spec.arguments import IDENTIFIER
from archspec.spec.edits import Editor, edits_of
from archspec.spec.elsewhere import PARAMETERS, block_called
from archspec.spec.expressions import FUNCTIONS
from archspec.spec.files import spec_names
from archspec.spec.item_reader import ItemReader
from archspec.spec.items import Items
from archspec.spec.library import shipped_blocks
from archspec.spec.merge import without
from archspec.spec.operations import ANY, OPERATIONS, RESERVED, Signature
from archspec.spec.reading import definitions, parts, read_in_block
from archspec.spec.scope import TooLarge
from archspec.spec.sections import BLOCK

MAX_COPIES = 20
MAX_COPIED = 100_000
"""Values that all blocks of a spec may copy with `like`: as many as a document may have."""
EDIT_ALONE = ("edit changes the body of another block, and this block copies none",
              "add like: NAME, the block whose body it is")
EDIT_BESIDE_BODY = ("edit stands beside body", "edit changes the body that like copies: keep one of them")
READ_BY_STAGES = ("widths", "strides", "table")
"""What a stage reads before its block does."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block: what it takes and what it is made of. `unit` is None where the spec's holds."""

    name: str
    where: Where
    description: str
    parameters: Mapping[str, Tree]
    let: Mapping[str, Tree]
    unit: str | None
    body: Items


class Signatures(Mapping[str, Signature]):
    """What can be called, by name: operations and blocks. A shipped block's is found when it is asked for."""

    def __init__(self, table: BlockTable) -> None:
        self._table = table
        self._known: dict[str, Signature] = dict(OPERATIONS)

    def __getitem__(self, name: str) -> Signature:
        if name in self._known:
            return self._known[name]
        if name not in self._table:
            raise KeyError(name)
        found = self._table.signature_of(name)
        if not self._table.is_edited(name):
            self._known[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter((*self._table.names(), *OPERATIONS))

    def __len__(self) -> int:
        return len(self._table.names()) + len(OPERATIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What came of reading something: None where there are problems."""

    block: Block | None
    problems: tuple[Problem, ...] = ()


class BlockTable:
    """Every block that a spec can name. What is asked of it later changes nothing in it: a block is read at most once."""

    def __init__(self, own: MappingTree | None, included: Sequence[MappingTree] = ()) -> None:
        self._problems: list[Problem] = []
        self.own = MappingProxyType(dict(self._own(own)) if own is not None else {})
        self.included = MappingProxyType({name: tree for blocks in included for name, tree in self._own(blocks)})
        """The blocks of files that the spec includes."""
        self.written = MappingProxyType({**self.included, **self.own})
        """Both: the spec's own hide those included."""
        self._levels: tuple[Mapping[str, MappingTree], ...] = (self.own, self.included, shipped_blocks())
        self._read: dict[str, Read] = {}
        self._trees: dict[tuple[int, str], MappingTree] = {}
        self._editing: dict[tuple[int, str], MappingTree] = {}
        self._lost: dict[str, frozenset[str]] = {}
        self._broken: set[str] = set()
        self._copied = 0
        self.signatures = Signatures(self)
        for name in self.written:
            self.tree(name)
        self.problems = (*self._problems, *(problem for name in self.written for problem in self.read(name).problems))
        """What is wrong with the blocks of the spec, and with those that it includes."""

    def _own(self, blocks: MappingTree) -> Iterator[tuple[str, MappingTree]]:
        for name, tree in blocks.entries.items():
            if name in OPERATIONS:
                self._problem("block-name", blocks.key(name), f"'{name}' is an operation, a block needs another name",
                              f"call it {name}_block")
            elif not IDENTIFIER.fullmatch(name):
                self._problem("block-name", blocks.key(name), f"a block's name is letters, digits and _, this is '{name}'")
            elif not isinstance(tree, MappingTree):
                self._problem("block-form", tree.where, f"a block is a mapping with a body, this is {kind(tree)}")
            else:
                yield name, replace(tree, where=blocks.key(name))

    def _problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self._problems.append(Problem(code, where, message, hint))

    def __contains__(self, name: object) -> bool:
        return any(name in blocks for blocks in self._levels)

    def names(self) -> list[str]:
        """Every block that can be named."""
        return sorted({name for blocks in self._levels for name in blocks})

    def meant(self, word: str) -> str:
        """What to write where a word names no block."""
        if word in spec_names():
            return f"'{word}' is a whole network: extends: {word}"
        same = block_called(word, self.names())
        return f"did you mean '{same}'?" if same else nearest(word, self.names()) or "blocks: " + " ".join(self.names())

    def signature(self, name: str) -> Signature:
        """What a block takes."""
        return self.signatures[name]

    def get(self, name: str) -> Block | None:
        """The block of that name; None if there are problems in it."""
        return self.read(name).block

    def read(self, name: str) -> Read:
        """The block of that name, or what is wrong with it."""
        if name not in self._read:
            problems: list[Problem] = []
            reader = ItemReader(self.signatures, problems)
            block = None if name in self._broken else _Parse(name, self._tree(name, ()), reader, problems).block()
            self._read[name] = Read(None if problems else block, tuple(problems))
        return self._read[name]

    def signature_of(self, name: str) -> Signature:
        """What a block takes, by its parameters."""
        parameters = self._tree(name, ()).entries.get("parameters")
        known = parameters.entries if isinstance(parameters, MappingTree) else {}
        return block_signature(name, known, name in self._broken)

    def tree(self, name: str) -> MappingTree:
        """A block as a tree, with what `like` copies."""
        return self._tree(name, ())

    def as_written(self, name: str) -> MappingTree:
        """A block as it is written, with its `like` and `edit`."""
        return next(blocks[name] for blocks in self._levels if name in blocks)

    def lost(self, name: str) -> frozenset[str]:
        """What the block that it copies takes and its own body does not read."""
        return self._lost.get(name, frozenset())

    def copied(self, name: str) -> Iterator[str]:
        """The block that one of the spec's own copies, or one that it includes."""
        like = self.written[name].entries.get("like") if name in self.written else None
        if isinstance(like, Scalar):
            yield like.text

    # -- like ------------------------------------------------------------------------------------------------------

    def _tree(self, name: str, chain: tuple[str, ...], level: int = 0) -> MappingTree:
        """A block with what it copies, of a level or those below it: one of the spec hides the shipped one of its name."""
        level = next(number for number, blocks in enumerate(self._levels) if number >= level and name in blocks)
        key = level, name
        if key in self._editing:
            return self._editing[key]
        if key not in self._trees:
            self._trees[key] = self._like(level, name, chain)
        return self._trees[key]

    def _like(self, level: int, name: str, chain: tuple[str, ...]) -> MappingTree:
        tree = self._levels[level][name]
        like, edit = tree.entries.get("like"), tree.entries.get("edit")
        rest = without(tree, ("like", "edit"))
        if edit is not None and (like is None or "body" in tree.entries):
            self._problem("edit", tree.key("edit"), *(EDIT_ALONE if like is None else EDIT_BESIDE_BODY))
            self._broken.add(name)
            edit = None
        if like is None:
            return rest
        base = like.text if isinstance(like, Scalar) else ""
        below = level + 1 if base == name and any(base in blocks for blocks in self._levels[level + 1:]) else 0
        problem = None if below else self._cannot_copy(name, base, like, chain)
        if problem is not None:
            self._problems.append(problem)
            self._broken.add(name)
            return rest
        copied = self._tree(base, (*chain, name), below)
        if base in self._broken:
            self._broken.add(name)
        return self._copy((level, name), base, copied, rest, edit)

    def _copy(self, key: tuple[int, str], base: str, copied: MappingTree, changes: MappingTree,
              edit: Tree | None) -> MappingTree:
        """A block that copies another, without the parameters and names of let that its body does not read. Raises TooLarge."""
        self._copied += sum(1 for _ in parts(copied))
        if self._copied > MAX_COPIED:
            raise TooLarge(Problem("too-large", changes.where, f"blocks copy more than {MAX_COPIED} values with 'like'",
                                   "give the block a body of its own"))
        whole = overlay(copied, changes)
        if edit is not None and key[1] not in self._broken:
            whole = self._edited(key, base, whole, edit)
        found = _pruned(whole, changes)
        self._lost[key[1]] = frozenset(definitions(whole).keys() - definitions(found).keys())
        return found

    def _edited(self, key: tuple[int, str], base: str, whole: MappingTree, edit: Tree) -> MappingTree:
        """A block whose copied body is edited. What it takes meanwhile is all that it copies. Raises TooLarge."""
        if len(self._editing) >= MAX_COPIES:
            raise TooLarge(Problem("too-large", edit.where, f"more than {MAX_COPIES} blocks wait for each other's edits",
                                   "write the body of one of them out"))
        problems: list[Problem] = []
        self._editing[key] = whole
        editor = Editor(base, edits_of(edit, problems), self.signatures, problems)
        body = whole.entries.get("body")
        if body is not None:
            whole = replace(whole, entries={**whole.entries, "body": editor.body(body)})
        del self._editing[key]
        if problems:
            self._problems.extend(problems)
            self._broken.add(key[1])
        return whole

    def is_edited(self, name: str) -> bool:
        """Whether a block is being edited, so that it is not known yet what it takes."""
        return any(name == edited for _, edited in self._editing)

    def _cannot_copy(self, name: str, base: str, like: Tree, chain: tuple[str, ...]) -> Problem | None:
        if len(chain) > MAX_COPIES:
            return Problem("like-chain", like.where, f"more than {MAX_COPIES} blocks copy each other", "copy the first of them")
        if base in chain or base == name:
            above = (*chain, name)
            circle = " -> ".join((*above[above.index(base):], base))
            return Problem("like-cycle", like.where, f"blocks copy each other in a circle: {circle}",
                           "let one of them have a body of its own")
        if base not in self:
            written = f"'{shorten(base)}'" if base else kind(like)
            return Problem("unknown-block", like.where, f"there is no block {written}",
                           self.meant(base))
        return None


def block_signature(name: str, parameters: Mapping[str, Tree], broken: bool = False) -> Signature:
    """What a block takes: its parameters; a bare value is the first."""
    taken = {key: Key(ANY, None, synonyms=PARAMETERS.get(key, ())) for key in parameters}
    return Signature(name, next(iter(parameters), None), taken, is_block=True, broken=broken)


def _pruned(tree: MappingTree, own: MappingTree) -> MappingTree:
    """A block without the parameters and names of let that it only copies, and that its body does not read."""
    read = read_in_block(tree)
    entries = dict(tree.entries)
    for key in ("parameters", "let"):
        section, written = entries.get(key), own.entries.get(key)
        kept = set(written.entries) if isinstance(written, MappingTree) else set()
        if isinstance(section, MappingTree):
            entries[key] = MappingTree({name: value for name, value in section.entries.items() if name in read or name in kept},
                                   section.where, section.keys)
    return MappingTree(entries, tree.where, tree.keys)


class _Parse:
    """Reads one block."""

    def __init__(self, name: str, tree: MappingTree, reader: ItemReader, problems: list[Problem]) -> None:
        self.name, self.tree, self.reader, self.problems = name, tree, reader, problems

    def problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, where, message, hint))

    def block(self) -> Block:
        for key in self.tree.entries:
            if key not in BLOCK:
                self.problem("unknown-key", self.tree.key(key), f"a block has no key '{key}'",
                             meant(key, BLOCK) or "it has " + " ".join(BLOCK))
        if "body" not in self.tree.entries:
            self.problem("missing", self.tree.where, f"the block '{self.name}' has no body",
                         "add body: [...], the operations it is made of, or like: the block it copies")
        parameters, let = self.names("parameters"), self.names("let")
        for name in parameters:
            if name in READ_BY_STAGES:
                self.problem("reserved", self._key("parameters", name), f"'{name}' has a meaning of its own in stages",
                             "choose another name")
        for name in let:
            if name in parameters:
                self.problem("name-twice", self._key("let", name), f"'{name}' is a parameter and in let", "rename one of them")
        body = self.tree.entries.get("body")
        items = Items((), self.tree.where) if body is None else self.reader.items(body)
        return Block(self.name, self.tree.where, self.text("description"), parameters, let, self.unit(), items)

    def _key(self, section: str, name: str) -> Where:
        tree = self.tree.entries[section]
        assert isinstance(tree, MappingTree)
        return tree.key(name)

    def text(self, key: str) -> str:
        tree = self.tree.entries.get(key)
        return tree.text if isinstance(tree, Scalar) else ""

    def unit(self) -> str | None:
        tree = self.tree.entries.get("unit")
        try:
            return None if tree is None else str(take(BLOCK["unit"], tree, "unit"))
        except SpecError as error:
            self.problems.extend(error.problems)
            return None

    def names(self, key: str) -> Mapping[str, Tree]:
        tree = self.tree.entries.get(key)
        if tree is None:
            return {}
        return named_values(tree, key, self.problems)


def named_values(tree: Tree, section: str, problems: list[Problem]) -> Mapping[str, Tree]:
    """A mapping of names that expressions can read: let, parameters."""
    if not isinstance(tree, MappingTree):
        problems.append(Problem("not-a-mapping", tree.where, f"{section} is a mapping of names, this is {kind(tree)}"))
        return {}
    found: dict[str, Tree] = {}
    for name, value in tree.entries.items():
        if name in RESERVED or name in FUNCTIONS or keyword.iskeyword(name):
            problems.append(Problem("reserved", tree.key(name), f"'{name}' has a meaning of its own in archspec",
                                    "choose another name"))
        elif not IDENTIFIER.fullmatch(name):
            problems.append(Problem("name", tree.key(name), f"a name is letters, digits and _, this is '{name}'"))
        else:
            found[name] = value
    return MappingProxyType(found)
