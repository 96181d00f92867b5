"""TensorFlow's errors in a step, told for what they are: too little memory, or a mistake of ours. Never an image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from archspec.errors import InputError
from archspec.io.machine import refusal


@contextmanager
def computing(batch: int) -> Iterator[None]:
    """Around a step: raises InputError if the device is out of memory."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        if refusal(error):  # a full disk has the same class
            raise
        lines = str(error.message).strip().splitlines()
        raise InputError(f"the device's memory does not suffice for a step of {batch} images ({lines[0][:160]})\n"
                         f"  hint: lower train.batch (--set train.batch={max(1, batch // 2)}) or the input's size, or train in "
                         "less memory with --set memory=recompute") from error
