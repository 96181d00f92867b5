"""What is said of a job: what to do where images come too slowly."""

from __future__ import annotations

import pytest

from archspec.spec.data import Data, Digits, Folder
from archspec.spec.recipe import Recipe
from archspec.train.reporting.report import remedy

CORES = "give it more processor cores"


@pytest.mark.parametrize(("data", "said"), [
    (Folder(path="x"), "train.data.cache: ram, or disk, decodes each image once; archspec data pack can make large images smaller; "
     f"leave out what costs most of train.augment; {CORES}"),
    (Folder(path="x", cache="ram"), f"leave out what costs most of train.augment; {CORES}"), (Digits(), CORES)])
def test_what_to_do_where_the_device_waits(data: Data, said: str) -> None:
    assert remedy(Recipe(data=data)) == said
