"""Which of how many processes this one is."""

from __future__ import annotations

import json

import pytest

from archspec.errors import InputError
from archspec.train.cluster import Cluster, read


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": "{}"},
                                         {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1"], "ps": ["b:1"]}})}])
def test_one_process_is_the_chief(environment: dict[str, str]) -> None:
    assert read(environment) == Cluster(0, 1)
    assert read(environment).chief


def test_others_write_nothing() -> None:
    assert not Cluster(1, 2).chief


def test_several_are_refused() -> None:
    described = {"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "task": {"type": "worker", "index": 1}}
    with pytest.raises(InputError) as error:
        read({"TF_CONFIG": json.dumps(described)})
    assert str(error.value) == ("TF_CONFIG describes 3 workers, but a training is one process, on all devices of its machine\n"
                                "  hint: unset TF_CONFIG")


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": 3}', '{"cluster": {"worker": 3}}', "[" * 10**5])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="TF_CONFIG cannot be read"):
        read({"TF_CONFIG": text})
