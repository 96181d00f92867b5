"""Two devices see together the very pictures that one sees, with all that is done on batches. A process of its own."""

from __future__ import annotations

from pathlib import Path

import augmented
import pytest
from forked import program

PROGRAM = """
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from augmented import LISTS, pipeline, same, section
from archspec.evaluate.loss import truth
from archspec.preprocess.pixels import normalize
from archspec.train.devices import strategy as strategies
from archspec.train.step.blend import blended

def seen(kind, one):
    strategy = strategies.make_strategy(replace(one.recipe, strategy=kind))

    def step(images, labels, weights, blend):
        inputs = normalize(images, one.rule)
        return (*blended(inputs, truth(labels, 3, 0.1), blend), weights)
    run = tf.function(lambda batch: strategy.run(step, args=batch), autograph=False)
    for batch in islice(strategies.distributed(strategy, one.training(3)), 6):
        parts = [strategy.experimental_local_results(each) for each in run(batch)]
        yield strategy.num_replicas_in_sync, [np.concatenate([part.numpy() for part in each]) for each in parts]

for name, operations in LISTS.items():
    one = pipeline(section(Path(sys.argv[1]), "folder"), augment=operations)
    for (count, alone), (two, together) in zip(seen("one", one), seen("mirrored", one), strict=True):
        assert (count, two) == (1, 2)
        assert same(alone, together), name
    print(name)
"""


@pytest.mark.slow
def test_one_device_and_two(tmp_path: Path) -> None:
    augmented.write(tmp_path)
    assert program(PROGRAM, str(tmp_path)).split() == list(augmented.LISTS)
