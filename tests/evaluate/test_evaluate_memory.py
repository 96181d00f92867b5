"""What an evaluation takes of memory does not grow with the number of images. A process of its own, for its peak."""

from __future__ import annotations

import json

import pytest
from forked import program

MORE = 8 << 20
"""Bytes: below the pixels of the images that are more, the 10 MB of 180 and the 32 MB of 540."""
PROGRAM = """
import json, sys
from dataclasses import replace
import numpy as np
from artifacts import artifact
from archspec.data.names import Names
from archspec.data.source import in_memory
from archspec.evaluate.evaluation import Evaluated
from archspec.evaluate.outcome import Outcomes
from archspec.export.reference import reference
from archspec.io.memory import peak_memory
from archspec.predict.local import Local
from archspec.spec.protocol import Protocol, load_protocol
from archspec.spec.recipe import Recipe

made = artifact()
model = Local("m", made.classes, made.preprocess, 0.0, reference(made), {"several": False}, None, artifact=made)
draw = np.random.default_rng(0).integers(0, 256, (150, 100, 4), np.uint8)

def peak(name, count):
    labels = np.arange(count, dtype=np.int32) % 3
    split = in_memory("test", labels, Names.of(b"%d" % number for number in range(count)), np.zeros((count, 1, 1, 4), np.uint8), 255.0)
    split = replace(split, item=lambda index: draw + np.uint8(index % 200), dimensions=None)
    member, outcomes, done = Evaluated(model, load_protocol(name) if name != "1" else Protocol(), name, split, Recipe()), Outcomes(), 0
    for said in member.groups(member.together):
        outcomes.add(said, labels[done:done + len(said)])
        done += len(said)
    return peak_memory()

for name in sys.argv[1:]:
    count = 20 if name == "googlenet-144" else 60
    few = peak(name, count), peak(name, count)
    print(json.dumps([name, peak(name, 10 * count) - few[1]]))
"""


@pytest.mark.slow
def test_ten_times_the_images_take_no_more() -> None:
    for line in program(PROGRAM, "1", "resnet-10", "googlenet-144", "vgg-dense").splitlines():
        name, more = json.loads(line)
        assert more < MORE, name
