"""What is read as it is written: the names in expressions, and the words that may name a block or an operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archspec.errors import Where
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.expressions import NAME, TEXT


def parts(tree: Tree) -> Iterator[Tree]:
    """A tree and everything in it."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, Scalar):
            waiting.extend(part.items if isinstance(part, ListTree) else part.entries.values())


def containers(tree: Tree) -> Iterator[ListTree | MappingTree]:
    """The lists and mappings of a tree: a walk that is quicker where single values are many."""
    waiting = [] if isinstance(tree, Scalar) else [tree]
    while waiting:
        part = waiting.pop()
        yield part
        inside = part.items if isinstance(part, ListTree) else part.entries.values()
        waiting.extend([each for each in inside if not isinstance(each, Scalar)])


def names_read(*trees: Tree | None) -> set[str]:
    """The names that the expressions of trees read, whether they are ever evaluated or not."""
    return {name for tree in trees if tree is not None for part in parts(tree)
            if isinstance(part, Scalar) and "$" in part.text for name in _names(part.text)}


def _names(text: str) -> Iterator[str]:
    """The names behind each `$` of a line: of `$name` that one, of `$(...)` all up to where the parenthesis closes."""
    start = text.find("$")
    while start >= 0:
        end = end_of(text, start + 1)
        yield from NAME.findall(TEXT.sub(" ", text[start + 1:end]))
        start = text.find("$", end)


def end_of(text: str, start: int) -> int:
    """Where an expression ends whose `$` stands ahead of a place."""
    if not text.startswith("(", start):
        found = NAME.match(text, start)
        return start + 1 if found is None else found.end()
    depth, quote = 0, ""
    for index in range(start, len(text)):
        char = text[index]
        if quote or char in "'\"":
            quote = "" if char == quote else quote or char
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0:
                return index + 1
    return len(text)


def read_through(roots: Iterable[str], definitions: Mapping[str, Tree]) -> set[str]:
    """The names among definitions that the roots read, directly or through others."""
    waiting, found = list(roots), set[str]()
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in found:
            found.add(name)
            waiting.extend(names_read(definitions[name]))
    return found


def words(tree: Tree) -> set[str]:
    """Everything in a tree that may name a block or an operation."""
    waiting, found = [tree], set[str]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, Scalar):
            found.update(NAME.findall(part.text))
        elif isinstance(part, ListTree):
            waiting.extend(part.items)
        else:
            found.update(part.entries)
            waiting.extend(part.entries.values())
    return found


def keeps(tree: Tree) -> Iterator[tuple[str, Where]]:
    """The names that lists of a tree keep values as, each with the place where it stands."""
    for part in containers(tree):
        said = part.entries.get("keep") if isinstance(part, MappingTree) else None
        said = said.entries.get("value") if isinstance(said, MappingTree) else said
        if isinstance(said, Scalar):
            yield from ((word, said.where) for word in said.text.split(maxsplit=1)[:1])


def definitions(block: MappingTree) -> Mapping[str, Tree]:
    """The parameters and the let of a block, by name."""
    sections = [block.entries.get(key) for key in ("parameters", "let")]
    return {name: tree for section in sections if isinstance(section, MappingTree) for name, tree in section.entries.items()}


def read_in_block(block: MappingTree) -> set[str]:
    """The parameters and names of let that a block's body reads, directly, in a default or in let."""
    body = block.entries.get("body")
    return read_through(names_read(body), definitions(block))
