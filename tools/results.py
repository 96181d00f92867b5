"""docs/results.md: published results, from results.yaml, and the commands that would come to them. tools/docs.py writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

from archspec.network import load, lower
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.inherit import resolve
from archspec.spec.protocol import load_protocol
from archspec.spec.source import read
from archspec.views import catalog
from archspec.views.recipes import RecipeEntry, entry
from archspec.views.summary import PASSES, summary

TABLE = Path(__file__).resolve().with_name("results.yaml")
KEYS = {"crops", "sizes", "source", "note", "set", "errors"}
RATE = 1e13
"""Multiply-adds a second, at which the page reckons days."""
DAY = 86_400
OWN = "1"
"""The test of the recipe itself, as `--crops` has it."""
TITLES: Mapping[str, str] = {"imagenet": "ImageNet", "cifar": "CIFAR"}
INTRODUCTION = """\
# Published results, and how to come to them

What was published of the networks of [the zoo](zoo.md), by the [recipe](language.md#recipes) that trains them, and the
commands that train a network so and measure it by the very protocol. Errors are top-1, or top-1 / top-5, in %. None of
these networks was trained here on ImageNet. Where a recipe is not what its sources say, and what they do not say,
stands ahead of its networks.

Recipes of ImageNet read a folder `imagenet` with one folder `train` and one `val`, and a folder a class in each;
`--set train.data.path=FOLDER` names another one, and other forms are on the page about [data](data.md). What `--crops`
means is on the page about [evaluation](evaluation.md); without it an image is seen as in the tests of the training.

How long a training takes depends on the machine. Its multiply-adds are those of all its images, each three times those
of the network: forward, and backward to the maps and to the weights. The days are those of a machine that does 10¹³
of them a second throughout. What the machine at hand does is measured:

```sh
archspec bench resnet50 --images 1281167
```

It trains on noise in the precision of the recipe, on one device, and says how long the recipe's epochs of so many
images take at the best rate it finds. Networks of many small operations get less out of a device than ResNets do.

This page is generated from [results.yaml](../tools/results.yaml) by [tools/docs.py](../tools/docs.py).
"""


@dataclass(frozen=True)
class Result:
    """One published result of a network; `crops` and `sizes` are what `archspec evaluate` takes, `settings` what --set does."""

    recipe: str
    network: str
    settings: tuple[str, ...]
    errors: str
    crops: str
    sizes: str
    source: str
    note: str

    @property
    def run(self) -> str:
        """The folder of the training: one a network, recipe and data."""
        other = [] if self.owns else [self.recipe]
        data = [value for key, _, value in (each.partition("=") for each in self.settings) if key == "train.data.name"]
        return "_".join([f"runs/{self.network}", *other, *data])

    @property
    def owns(self) -> bool:
        """Whether the network's own file names the recipe."""
        return _recipe_of(self.network) == self.recipe

    @property
    def trained(self) -> str:
        """The command that trains it."""
        settings = [*([] if self.owns else [f"train.recipe={self.recipe}"]), *self.settings]
        return f"archspec train {self.network} --run {self.run}" + "".join(f" --set {each}" for each in settings)

    @property
    def evaluated(self) -> str:
        """The command that measures so."""
        return f"archspec evaluate {self.run}" + f" --crops {self.crops}" * (self.crops != OWN) + (
            f" --sizes {self.sizes}" * bool(self.sizes))


@dataclass(frozen=True)
class Section:
    """A recipe with what was published of it; `images` are those of an epoch."""

    recipe: RecipeEntry
    data: str
    images: int
    results: tuple[Result, ...]


@cache
def sections() -> tuple[Section, ...]:
    """All of the table. Raises ValueError for a key that there is not, InputError for such a protocol."""
    document = _texts(read(TABLE))
    return tuple(Section(entry(name), each["images"], int(document[each["images"]]), tuple(_results(name, each["results"])))
                 for name, each in document["recipes"].items())


def _results(recipe: str, groups: list[dict[str, Any]]) -> Iterator[Result]:
    for group in groups:
        if unknown := group.keys() - KEYS:
            raise ValueError(f"{TABLE.name} has no key {unknown.pop()}")
        if group["crops"] != OWN:
            load_protocol(group["crops"])
        for network, errors in group["errors"].items():
            yield Result(recipe, network, tuple(group.get("set", "").split()), errors, group["crops"], group.get("sizes", ""),
                         group["source"], group.get("note", ""))


def _texts(tree: Tree) -> Any:
    """The tree as it is written: of numbers their digits, 4.10 too."""
    match tree:
        case MappingTree():
            return {key: _texts(value) for key, value in tree.entries.items()}
        case ListTree():
            return [_texts(item) for item in tree.items]
        case Scalar():
            return tree.text


@cache
def _recipe_of(network: str) -> str:
    """The recipe that a spec names."""
    return resolve(network).recipe


@cache
def _shipped() -> dict[str, int]:
    return {each.name: each.macs for each in catalog.specs() if each.macs is not None}


@cache
def multiply_adds(network: str, settings: tuple[str, ...]) -> int:
    """Those of one image."""
    if not settings:
        return _shipped()[network]
    macs = summary(lower(load(network, settings))).macs
    assert macs is not None
    return macs


def page() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for title in TITLES:
        parts += [f"## {TITLES[title]}", ""]
        for section in (each for each in sections() if each.data == title):
            parts += _section(section)
    return "\n".join(parts)


def _section(section: Section) -> Iterator[str]:
    recipe, whole = section.recipe, section.recipe.epochs * section.images
    said = [f"[{recipe.description}](../specs/recipes/{recipe.name}.yaml): {recipe.epochs} epochs of {section.images:,} "
            f"images, batches of {recipe.batch}."]
    said += [f"{what}: {'; '.join(those)}." for what, those in (("Otherwise than its sources", recipe.differs),
                                                                ("Not known", recipe.unknown)) if those]
    yield from (f"### {recipe.name}", "", *(line for each in said for line in fill(each, 120, break_long_words=False,
                                                                                   break_on_hyphens=False).split("\n")), "")
    trained = {each.trained: each for each in section.results}
    yield from _table(("training", "multiply-adds", "days at 10¹³ a second"),
                      [(f"`{command}`", f"{total:.2e}".replace("e+", "e"), f"{total / RATE / DAY:.2g}")
                       for command, each in trained.items()
                       for total in [PASSES["training"] * multiply_adds(each.network, each.settings) * whole]])
    yield from _table(("evaluation", "published error, %", "source", "note"),
                      [(f"`{each.evaluated}`", each.errors, each.source, each.note) for each in section.results])


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for row in (header, ("---",) * len(header), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""
