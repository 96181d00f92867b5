"""The training recipes at hand: what each says of itself, and what it trains with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from archspec.errors import Problem, SpecError
from archspec.io.places import shipped
from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Each, Form, Text, Whole
from archspec.schema.read import read as read_section
from archspec.schema.tree import MappingTree, Tree
from archspec.spec.files import recipe_names
from archspec.spec.longform import kinds_written_out
from archspec.spec.recipe import Recipe
from archspec.spec.source import read

T = TypeVar("T", bound=Section)


@section
class RecipeFile(Section):
    """A file of specs/recipes."""

    archspec: int = key(Whole(1, 1), "the version of the language")
    description: str = key(Text(), "what it is, in a line")
    reference: str = key(Text(), "where its numbers are from: paper and section, files of the authors' code")
    result: str = key(Text(), "what was published of networks that were trained so")
    protocol: str = key(Text(), "how that was measured")
    unknown: tuple[str, ...] = key(Each(Text()), "what the sources do not say", default=())
    differs: tuple[str, ...] = key(Each(Text()), "where the file is not what the sources say", default=())
    train: object = key(Form("train", "a section train"), "the recipe")


@dataclass(frozen=True, slots=True)
class RecipeEntry:
    """A recipe that ships with archspec."""

    name: str
    description: str
    epochs: int
    batch: int
    learning_rate: str
    result: str
    protocol: str
    reference: str
    unknown: tuple[str, ...]
    differs: tuple[str, ...]


def recipes() -> list[RecipeEntry]:
    """Every recipe that ships, by name."""
    return [entry(name) for name in recipe_names()]


def recipe(name: str) -> Recipe:
    """What a shipped recipe says, with the defaults of the rest. Raises SpecError where it is wrong."""
    return _recipe(_tree(name))


def _recipe(tree: MappingTree) -> Recipe:
    train = tree.entries["train"]
    return _read(Recipe, kinds_written_out(train) if isinstance(train, MappingTree) else train, "train")


def entry(name: str) -> RecipeEntry:
    """The recipe that ships under this name."""
    tree = _tree(name)
    file, train = _read(RecipeFile, tree, name), _recipe(tree)
    return RecipeEntry(name, file.description, train.epochs, train.batch, str(train.schedule.learning_rate), file.result,
                       file.protocol, file.reference, file.unknown, file.differs)


def _tree(name: str) -> MappingTree:
    return read(shipped() / "recipes" / f"{name}.yaml")


def _read(section: type[T], tree: Tree, path: str) -> T:
    problems: list[Problem] = []
    found = read_section(section, tree, path, problems)
    if found is None:
        raise SpecError(problems)
    return found
