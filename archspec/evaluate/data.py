"""The images that a model is evaluated on: those of its own recipe, or others that the user names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from archspec.data.check import checked
from archspec.data.looking import Tick
from archspec.data.source import Split, without
from archspec.data.sources import SOURCES, load_data, refuse_missing
from archspec.data.sources.folder import has_tests, to_test_on
from archspec.errors import InputError, SpecError
from archspec.evaluate.lists import LeftOut, ListFile, Real, RealFile, leave_out, real
from archspec.io.places import kind_of
from archspec.network import with_overrides
from archspec.preprocess.rule import Preprocess
from archspec.records import Record, record
from archspec.schema.read import section_of
from archspec.schema.tree import plain
from archspec.spec.arch import Spec
from archspec.spec.data import Folder
from archspec.spec.dump import to_inline
from archspec.spec.recipe import Recipe
from archspec.spec.source import parse

OF_SPEC = re.compile(r"--set train\.data\.(\w+)=(\S+?)(?=[,;]?(\s|$))")
"""What messages say to change in a spec, where there is none and data were named."""
FORMS = "a folder with one folder a class, a table FILE.csv, FILE.npz, or what train.data of a spec says: '{source: NAME, …}'"


@record
class Examples(Record):
    """Images to evaluate on, without those that the recipe skips or a list leaves out, and the names of their classes.

    The digest is of the data as they lie there, whatever is left out.
    """

    source: str
    which: str
    split: Split
    classes: tuple[str, ...]
    recipe: Recipe
    digest: str
    skipped: str
    left_out: LeftOut | None = None
    real: Real | None = None


@record
class Meant(Record):
    """The data that are meant, before they are read: a recipe, and whether all images of a folder are; `named` as asked for."""

    recipe: Recipe
    everything: bool
    named: str | None


def meant(spec: Spec | None, named: str | None) -> Meant:
    """The data of a spec's recipe, or those that `named` says. Raises InputError where there are none in their place."""
    if named is None and spec is None:
        raise InputError(f"the model does not say on which data it was trained\n  hint: --data DATA: {FORMS}")
    with _told_of(named):
        recipe, everything = (spec.train, False) if named is None and spec is not None else _recipe(spec, named or "")
        refuse_missing(recipe.data)
    return Meant(recipe, everything, named)


def examples(data: Meant, which: str, rule: Preprocess, tick: Tick, omitted: ListFile | None = None,
             reassessed: RealFile | None = None) -> Examples:
    """The examples that are meant.

    `omitted` is a list of images to leave out, `reassessed` a file of ReaL's labels. Raises InputError where there are none,
    or a file does not fit them.
    """
    with _told_of(data.named):
        return _examples(data.recipe, data.everything, which, rule, tick, omitted, reassessed)


@contextmanager
def _told_of(named: str | None) -> Iterator[None]:
    """Messages that speak of a spec's keys speak of --data where data were named."""
    try:
        yield
    except InputError as error:
        if named is None:
            raise
        raise InputError(OF_SPEC.sub(r"--data '{source: …, path: …, \1: \2}', with \1: \2", str(error))) from None


def _examples(recipe: Recipe, everything: bool, which: str, rule: Preprocess, tick: Tick, omitted: ListFile | None,
              reassessed: RealFile | None) -> Examples:
    source = to_test_on(recipe.data) if everything and isinstance(recipe.data, Folder) else load_data(recipe.data)
    source.check_channels(rule.shape)
    found = checked(source, recipe.data, rule, tick)
    numbers = {"test": found.test, "train": found.train}[which]
    every = {"test": source.test, "train": source.train}[which]
    left_out = None if omitted is None else leave_out(omitted, every)
    split = without(every, numbers if left_out is None else np.union1d(numbers, left_out.numbers))
    if not split.size:
        raise InputError("there are no images to evaluate on")
    if reassessed is not None and split.labels.ndim == 2:
        raise InputError("--real has labels of ImageNet's images, and the data have several labels an image\n"
                         "  hint: leave --real out")
    return Examples(source.name, which, split, source.classes, recipe, found.index.digest, found.said, left_out,
                    None if reassessed is None else real(reassessed, split))


def _recipe(spec: Spec | None, named: str) -> tuple[Recipe, bool]:
    """A recipe with the data that are named, and whether all images of a folder are meant."""
    data, everything = _data(named)
    try:
        if spec is None:
            return section_of(Recipe, {"data": data}), everything
        return with_overrides(spec, (f"train.data={to_inline(data)}",)).train, everything
    except SpecError as error:
        problem = error.problems[0]
        raise InputError(f"--data {named}: {problem.message}\n  hint: {problem.hint or FORMS}") from None


def _data(named: str) -> tuple[object, bool]:
    """What train.data would say, and whether it is a folder of which all is meant."""
    kind = kind_of(Path(named))
    if kind == "folder":
        everything = not has_tests(Path(named))
        return {"source": "folder", "path": named, **({"holdout": 0.5} if everything else {})}, everything
    if kind == "file":
        table = {"source": "csv", "path": named, "test": named}
        return {"source": "npz", "path": named} if named.endswith(".npz") else table, False
    if named in SOURCES:
        return {"source": named}, False
    try:
        found = plain(parse(named, "--data"))
    except SpecError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"--data {named}: no such file or folder, and no source of data\n  hint: {FORMS}")
    if found.get("source") == "csv" and "path" in found and not {"test", "holdout"} & found.keys():
        return {**found, "test": found["path"]}, False  # as of a table that is named alone
    return found, False
