"""A network on several devices: each has all of its weights, and takes whichever part of the images is next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue

import numpy as np
import tensorflow as tf

from archspec.errors import InputError

Run = Callable[[np.ndarray], np.ndarray]
"""Pixels (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes)."""
ANYWHERE = None
"""Not a device's name: TensorFlow chooses, a GPU if it sees one."""
CPU = "CPU:0"


def devices(gpus: int | None) -> tuple[str | None, ...]:
    """The devices to evaluate on: all GPUs that TensorFlow sees, or so many of them; 0 for the processors.

    Raises InputError for more than there are.
    """
    found = [f"GPU:{number}" for number in range(len(tf.config.list_logical_devices("GPU")))]
    if gpus is not None and gpus > len(found):
        raise InputError(f"{gpus} GPUs are asked for, and TensorFlow sees {len(found) or 'none'} on this machine\n"
                         "  hint: nvidia-smi says whether the driver sees them, CUDA_VISIBLE_DEVICES may hide some")
    return tuple(found[:gpus]) or (CPU if gpus == 0 else ANYWHERE,)


def replicated(make: Callable[[], Run], on: Sequence[str | None]) -> Run:
    """What `make` gives, once on each device, as one: it may be called from as many threads as there are devices.

    What is asked for is done by one device, whichever is free, so that its numbers do not depend on how many there are.
    """
    free: SimpleQueue[tuple[str | None, Run]] = SimpleQueue()
    for device in on:
        with tf.device(device):
            free.put((device, make()))

    def run(pixels: np.ndarray) -> np.ndarray:
        device, own = free.get()
        try:
            with tf.device(device):
                return own(pixels)
        finally:
            free.put((device, own))
    return run
