"""Whose images `archspec data` is asked about: those of a spec, or those of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.cli.options import spec_of
from archspec.errors import InputError, some, visible
from archspec.io.places import expanded
from archspec.network import lower
from archspec.spec.data import Data, Folder, Tfrecord
from archspec.spec.recipe import Recipe

if TYPE_CHECKING:
    from archspec.data.source import Source
    from archspec.preprocess.rule import Preprocess

INPUT = (224, 224, 3)
"""For which images are read that are no spec's."""
RECORDS = ("train*-of-*", "train*.tfrecord*")
"""How TFRecord files are called."""
OF_FOLDER = (("--set train.data.path=", "name the folder "), ("train.data.holdout=", "--holdout "),
             ("train.data.holdout", "--holdout"),
             ("--set train.data.", "name a spec instead of the folder, with --set train.data."))
"""What messages say to change in a spec, and what is meant where a folder was named and there is none."""
NO_SHARE = "--holdout is of a folder of images\n  hint: of a spec, --set train.data.holdout=SHARE"


@dataclass(frozen=True)
class Asked:
    """Whose images are meant, how they are read, and for how many classes; None of a folder."""

    section: Data
    recipe: Recipe
    rule: Preprocess
    classes: int | None

    def load(self) -> Source:
        """The images. Raises InputError where they cannot be listed."""
        from archspec.data.sources import load_data
        try:
            return load_data(self.section)
        except InputError as error:
            if self.classes is not None:
                raise
            raise InputError(_of_folder(str(error))) from None


def asked_for(reference: str, overrides: tuple[str, ...], holdout: float | None) -> Asked:
    """What a spec or a folder means; of a folder of images the share `holdout` is held out, if one is given.

    Raises InputError where there is neither, where the spec's data are not there, or for a share of anything else.
    """
    from archspec.data.sources import refuse_missing
    from archspec.preprocess.rule import preprocess_of
    if expanded(reference).is_dir():
        if overrides:
            raise InputError(f"--set changes a spec, and {reference} is a folder")
        recipe = Recipe(data=_section(reference, holdout))
        return Asked(recipe.data, recipe, preprocess_of(recipe, INPUT), None)
    if holdout is not None:
        raise InputError(NO_SHARE)
    spec = spec_of(reference, overrides)
    graph = lower(spec)
    refuse_missing(spec.train.data)
    height, width, channels = graph.input.type.shape
    rule = preprocess_of(spec.train, (height or INPUT[0], width or INPUT[1], channels or INPUT[2]))
    return Asked(spec.train.data, spec.train, rule, graph.output.type.channels)


def _of_folder(message: str) -> str:
    for of_spec, meant in OF_FOLDER:
        message = message.replace(of_spec, meant)
    return message


def without_tests(reference: str) -> bool:
    """Whether a folder of images is meant in which none are there to test on."""
    from archspec.data.sources.folder import has_tests
    path = expanded(reference)
    return path.is_dir() and not _has_records(path) and not has_tests(path)


def _section(folder: str, holdout: float | None) -> Data:
    from archspec.data.pack.place import section_keys
    path = expanded(folder)
    if not _has_records(path):
        _refuse_other_records(path)
        return Folder(path=folder, holdout=holdout or 0.0)
    if holdout is not None:
        raise InputError(NO_SHARE)
    return Tfrecord(path=folder, **section_keys(path))


def _has_records(path: Path) -> bool:
    return any(each.is_file() for pattern in RECORDS for each in path.glob(pattern))


def _refuse_other_records(path: Path) -> None:
    """Raises InputError for a folder of TFRecord files whose names do not say which are to train on."""
    from archspec.data.sources.tfrecord import guessed, record_files
    found = record_files(path)
    if found and not any(each.is_dir() and not each.name.startswith(".") for each in path.iterdir()):
        said = ", ".join(f"{key}: '{pattern}'" for key, pattern in guessed(path).items())
        raise InputError(f"{visible(str(path))} holds TFRecord files, but none that is called {' or '.join(RECORDS)}: "
                         f"{some(map(visible, found))}\n"
                         "  hint: name a spec instead of the folder, whose train.data says which files are to train on, and "
                         f"which to test on: {{source: tfrecord, path: {visible(str(path))}, {said}}}")
