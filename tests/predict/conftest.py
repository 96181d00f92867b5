"""A small network in every form in which it can be asked, and images to ask it about."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fileless import fileless
from PIL import Image as Pillow
from served import Servable

from archspec.artifact.artifact import Artifact, shapes
from archspec.artifact.folder import write
from archspec.export.exportable import Exportable
from archspec.export.exporters import export
from archspec.export.reference import reference
from archspec.export.sample import made
from archspec.network import load, lower
from archspec.predict.images import Image
from archspec.predict.local import pixels
from archspec.preprocess.rule import Preprocess, Shorter

RULE = Preprocess(height=8, width=8, channels=3, resize=Shorter(pixels=10), offset="floor", interpolation="bilinear", antialias=True,
                  origin="centre", decoder="accurate", order="rgb", background=255.0, mean=(120.0,), std=(60.0,))
SPEC = """\
archspec: 1
name: small
input: 8x8x3
classes: 3
stem: [conv: 3x3 4 act=relu]
head: [global_avg_pool, dense: $classes]
"""


@pytest.fixture(scope="session")
def network() -> Artifact:
    """Whose probabilities depend on the image."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.yaml"
        path.write_text(SPEC)
        spec = load(str(path))
    graph = lower(spec)
    draw = np.random.default_rng(1)
    weights = {key: (draw.normal(0, 0.5, shape) if key[1] == "kernel" else draw.uniform(0.5, 1, shape)).astype(np.float32)
               for key, shape in shapes(graph).items()}
    return Artifact(spec.to_yaml(expand=True), graph, weights, ("cat", "dög", "owl"), RULE, {}, {}, "0", several=False)


@pytest.fixture(scope="session")
def run_folder(network: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its exports, and models/small/3 and 12 as they are published; not to be changed."""
    folder = tmp_path_factory.mktemp("predict") / "run"
    write(network, folder)
    with fileless():
        export(Exportable(network), ["savedmodel", "tflite", "onnx"], folder, made(RULE))
    for version in ("3", "12"):
        published = folder.parent / "models/small" / version
        shutil.copytree(folder / "saved_model/1", published)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG, a PNG in a folder of its own, a turned grey JPEG, and a file that is no image but is called so."""
    folder = tmp_path_factory.mktemp("photos")
    draw = np.random.default_rng(0)
    (folder / "more").mkdir()
    coarse = [Pillow.fromarray(draw.integers(0, 256, (4, 5, 3), np.uint8)).resize(size) for size in ((40, 30), (23, 51), (64, 64))]
    coarse[0].save(folder / "a.jpg")
    coarse[1].save(folder / "more/b.png")
    exif = Pillow.Exif()
    exif[0x0112] = 6
    coarse[2].convert("L").save(folder / "c.jpg", exif=exif)
    (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:300])
    return folder


@pytest.fixture(scope="session")
def servable(network: Artifact) -> Servable:
    """The same network as a server has it: bytes in, and one that is no image fails the whole request."""
    run = reference(network)

    def model(encoded: Sequence[bytes] | np.ndarray) -> np.ndarray:
        if isinstance(encoded, np.ndarray):
            return run(encoded.astype(np.float32))
        seen = pixels([Image("?", lambda data=data: data) for data in encoded], RULE, 0.0)
        if not all(isinstance(each, np.ndarray) for each in seen):
            raise ValueError("Input is not an image")
        return run(np.stack(seen).astype(np.float32))
    return Servable(model, network.classes)
