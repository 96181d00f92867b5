"""The data sources. A new one is a file here, a section in spec/data.py, and a row in SOURCES and in PLACES."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.data.source import Source
from archspec.data.sources.csv import csv, places
from archspec.data.sources.digits import digits
from archspec.data.sources.folder import folder
from archspec.data.sources.folder import place as folder_place
from archspec.data.sources.keras import keras
from archspec.data.sources.keras import place as keras_place
from archspec.data.sources.mnist5k import mnist5k
from archspec.data.sources.mnist5k import place as mnist5k_place
from archspec.data.sources.npz import npz
from archspec.data.sources.npz import place as npz_place
from archspec.data.sources.synthetic import synthetic
from archspec.data.sources.tfds import place as tfds_place
from archspec.data.sources.tfds import tfds
from archspec.data.sources.tfrecord import place as tfrecord_place
from archspec.data.sources.tfrecord import tfrecord
from archspec.spec.data import Data

SOURCES: dict[str, Callable[[Any], Source]] = {
    "digits": digits, "mnist5k": mnist5k, "folder": folder, "csv": csv, "tfrecord": tfrecord, "tfds": tfds, "npz": npz,
    "keras": keras, "synthetic": synthetic}
"""From the name in `train.data.source` to a function of its section."""
PLACES: dict[str, Callable[[Any], object]] = {
    "folder": folder_place, "csv": places, "tfrecord": tfrecord_place, "tfds": tfds_place, "npz": npz_place,
    "keras": keras_place, "mnist5k": mnist5k_place}
"""What raises InputError where the place is not there that a section names."""


def refuse_missing(section: Data) -> None:
    """Raises InputError where the place is not there that a recipe names: known at once, before anything is loaded."""
    if section.source in PLACES:
        PLACES[section.source](section)


def load_data(section: Data) -> Source:
    """The data that a recipe names. Raises InputError where there is none."""
    return SOURCES[section.source](section)
