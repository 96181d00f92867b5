"""Fuzzes the readers of files of weights: whatever bytes a file holds, it is read or refused with InputError.

    python tools/fuzz_weights.py pickle -max_total_time=600

The reader is one of torch, legacy, pickle, h5, keras, safetensors; what follows goes to atheris, which is libFuzzer.
A crash, a hang (-timeout), much memory (-rss_limit_mb) or any other error than InputError is a finding.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["archspec.weights", "pickletools", "zipfile"]):
    from archspec.errors import InputError
    from archspec.weights import keras_file
    from archspec.weights.files import open_weights

import h5py
import numpy as np
from safetensors.numpy import save

keras_file.tried = lambda path, source: None
"""HDF5's library hangs and crashes over some files, in C; here what is fuzzed is our own part, without the process apart."""
PATH = Path(tempfile.mkdtemp(prefix="fuzz_weights")) / "file"
MOST_NUMBERS = 1 << 16
"""Larger tensors are not read: import reads only those whose shape is that of an array of the network."""
FILES = Path(__file__).parent.parent / "tests" / "weights" / "files"


def read(data: bytes) -> None:
    """Opens bytes as a file and reads what is not large."""
    PATH.write_bytes(data)
    try:
        with open_weights(PATH) as file:
            for stored in file.tensors.values():
                if np.prod([float(size) for size in stored.shape]) <= MOST_NUMBERS:
                    assert stored.read().shape == stored.shape
    except InputError as error:
        assert str(PATH) in str(error)


def archived(name: str, others: dict[str, bytes]) -> Callable[[bytes], bytes]:
    """Puts what is fuzzed into an archive, so that the fuzzer need not find out its sums."""
    def wrap(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for each, content in {**others, name: data}.items():
                archive.writestr(each, content)
        return buffer.getvalue()
    return wrap


def hdf5() -> bytes:
    """A small file as Keras 3 writes it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for number in range(2):
            group = file.create_group(f"layers/conv2d_{number}/vars")
            group.attrs["name"] = f"conv{number}"
            group["0"], group["1"] = np.ones((1, 1, 2, 2), "float32"), np.ones(2, "float32")
    return buffer.getvalue()


def old_hdf5() -> bytes:
    """A small file as Keras 2 writes it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = [b"conv"]
        group = file.create_group("conv")
        group.attrs["weight_names"] = [b"conv/kernel:0"]
        group["conv/kernel:0"] = np.ones((1, 1, 2, 2), "float32")
    return buffer.getvalue()


CONFIG = json.dumps({"config": {"layers": [{"class_name": "Conv2D", "config": {"name": "a"}}]}}).encode()
TORCH = [(FILES / name).read_bytes() for name in ("torch_2.13.pth", "torch_2.13_legacy.pth")]
with zipfile.ZipFile(FILES / "torch_2.13.pth") as ARCHIVE:
    PROGRAM = next(ARCHIVE.read(name) for name in ARCHIVE.namelist() if name.endswith("/data.pkl"))
SEEDS: dict[str, tuple[Callable[[bytes], bytes], list[bytes]]] = {
    "torch": (bytes, TORCH[:1]),
    "legacy": (bytes, TORCH[1:]),
    "pickle": (archived("a/data.pkl", {"a/data/0": bytes(96)}), [PROGRAM, *(pickle.dumps({"a": {1: (2.0, None)}}, protocol)
                                                                            for protocol in (2, 4))]),
    "h5": (bytes, [hdf5(), old_hdf5()]),
    "keras": (archived("config.json", {"model.weights.h5": hdf5()}), [CONFIG]),
    "safetensors": (bytes, [save({"a": np.ones((2, 2), "float32"), "b": np.ones(3, "float16")})]),
}
"""For each reader what makes a file of the fuzzer's bytes, and where the fuzzer begins."""


def main() -> None:
    """Runs the fuzzer on one reader."""
    reader, *options = sys.argv[1:]
    wrap, seeds = SEEDS[reader]
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz_{reader}"))
    for index, seed in enumerate(seeds):
        (corpus / str(index)).write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=65536", "-timeout=20", "-rss_limit_mb=2000", *options],
                  lambda data: read(wrap(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
