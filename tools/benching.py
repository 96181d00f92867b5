"""What the benchmarks of models, data and training share: a step in Keras's words, the command line, rows as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

TIE = 0.97
"""The goal where ours should not be slower: medians of two equal runs differ by up to 3 %."""


def training_step(model: keras.Model, images: tf.Tensor, labels: tf.Tensor) -> Callable[[], object]:
    """A step of SGD with momentum on one batch, as one compiled function; it returns when the step is done."""
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True))
            loss = tf.reduce_mean(losses)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)
        return loss
    return lambda: step().numpy()


def parser_of(about: str, names: Iterable[str]) -> argparse.ArgumentParser:
    """The command line of a benchmark: what it is about, and the names of what it can measure."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all if none is given")
    return parser


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, names: Iterable[str]) -> argparse.Namespace:
    """What is asked for; `names` are all where none is given. Ends the process with a message for one that is unknown."""
    given, known = parser.parse_args(arguments), list(names)
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(known)}")
    given.names = given.names or known
    return given


def document(rows: Sequence[Any]) -> dict[str, Any]:
    """The rows, dataclasses that say whether their goal is `met`, and what they were measured on, as JSON."""
    return {"machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
                        "tensorflow": tf.__version__, "keras": keras.__version__},
            "rows": [{**asdict(row), "met": row.met} for row in rows]}


def write(path: Path | None, rows: Sequence[Any]) -> None:
    """The document as a file, where one is asked for."""
    if path:
        path.write_text(json.dumps(document(rows), indent=2) + "\n", encoding="utf-8")
