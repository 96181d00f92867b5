"""Compares every preset of `train.preprocess` with the library that it stands for, and writes the table of docs/data.md.

    make presets                                 # torchvision and timm come from .venv-parity
    python tools/compare_preprocess.py PYTHON    # PYTHON has them

Both sides get the same files: scikit-learn's two photographs, and others made of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from eval_references import keras_file, keras_folder, photographs, slim_inception, slim_vgg, tf_model_garden

from archspec.network import load
from archspec.preprocess.decoding import decode
from archspec.preprocess.pixels import fit, normalize, packed, seen_encoded
from archspec.preprocess.routes import Route, route
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import centred

DOCS = Path(__file__).parent.parent / "docs" / "data.md"
BEGIN, END = "<!-- presets: begin, written by tools/compare_preprocess.py -->", "<!-- presets: end -->"
Reference = Callable[[bytes], np.ndarray]


@dataclass(frozen=True, slots=True)
class Case:
    """What is written in `train.preprocess`, and what it stands for.

    `reference` is a function of TensorFlow's, or the keys of torchvision's or timm's own transforms. `most` are the largest
    and the mean difference that are allowed, in levels of 0 to 255.
    """

    shown: str
    written: str
    reference: Reference | Mapping[str, object]
    most: tuple[float, float]
    size: int = 224

    @property
    def rule(self) -> Preprocess:
        """Of a network with an input of that size."""
        spec = load("resnet20_digits", (f"train.preprocess={self.written}",))  # whose recipe says nothing of it
        return preprocess_of(spec.train, (self.size, self.size, 3))


ROUNDED = 0.51, 0.26
"""What rounding to whole levels makes; the libraries keep floats."""
PILLOW = 1.1, 0.2
"""Pillow rounds between its two passes, too."""
BICUBIC = 12.0, 0.2
"""There it also cuts off what goes beyond 0 and 255."""
TIES = 255.0, 1.5
"""Of a pixel's middle that lies between two others Pillow takes either."""
SMALLER = 10.0, 0.7
"""Of a large JPEG that is decoded at a part of its size."""
CASES = [
    Case("torchvision, IMAGENET1K_V1", "torchvision", {}, PILLOW),
    Case("torchvision, IMAGENET1K_V2", "{preset: torchvision, resize: {shorter: {pixels: 232, longer: floor}}}",
         {"resize_size": 232}, PILLOW),
    Case("timm, bicubic", "timm", {"interpolation": "bicubic"}, BICUBIC),
    Case("timm, crop_pct 0.95", "{preset: timm, resize: {cover: {margin: 1.0526316, longer: floor}}}",
         {"interpolation": "bicubic", "crop_pct": 0.95}, BICUBIC),
    Case("timm, 299", "{preset: timm, mean: 127.5, std: 127.5}",
         {"interpolation": "bicubic", "mean": (0.5,) * 3, "std": (0.5,) * 3}, BICUBIC, 299),
    Case("TF-slim, Inception", "slim_inception", slim_inception, ROUNDED),
    Case("TF-slim, VGG", "slim_vgg", slim_vgg, ROUNDED),
    Case("TF Model Garden", "tf_model_garden", tf_model_garden, ROUNDED),
    Case("Keras, folder, tf", "keras_tf", keras_folder("tf"), ROUNDED),
    Case("Keras, folder, torch", "keras_torch", keras_folder("torch"), ROUNDED),
    Case("Keras, folder, caffe", "keras_caffe", keras_folder("caffe"), ROUNDED),
    Case("Keras, folder, crop_to_aspect_ratio", "{preset: keras_tf, resize: {fraction: 1}}",
         keras_folder("tf", crop_to_aspect_ratio=True), ROUNDED),
    Case("Keras, load_img", "{preset: keras_caffe, decoder: accurate, interpolation: nearest}", keras_file("caffe"), TIES),
]


def ours(data: bytes, rule: Preprocess) -> np.ndarray:
    """The network's input as evaluation makes it of a file, (height, width, channels) float32."""
    chosen, header = route(data, rule.channels)
    if chosen is Route.PILLOW:
        pixels = fit(decode(data, rule), rule)
    else:
        size = header.height, header.width
        way = sampling(centred(*size, rule), rule, rule.interpolation, jpeg=chosen is Route.JPEG)
        pixels = seen_encoded(tf.constant(data), *packed(way, rule, rule.interpolation, chosen, size), rule)
    return np.asarray(normalize(pixels, rule))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far the two are apart for a case and a photograph, in levels and in units of the network's input."""

    case: Case
    name: str
    largest: float
    mean: float
    units: float

    @property
    def missed(self) -> bool:
        """Whether they are farther apart than is allowed."""
        largest, mean = SMALLER if self.name == "large.jpg" and self.case.rule.antialias else self.case.most
        return not (self.largest <= largest and self.mean <= mean)


def outcome(case: Case, name: str, data: bytes, want: np.ndarray) -> Outcome:
    """Of what a reference made of a photograph."""
    rule = case.rule
    apart = np.abs(ours(data, rule) - want)
    levels = apart * np.float32(rule.std)
    return Outcome(case, name, float(levels.max()), float(levels.mean()), float(apart.max()))


class Torch:
    """tools/eval_torch.py in an environment of its own, and the folder of photographs that it reads."""

    def __init__(self, python: str, photos: Mapping[str, bytes], folder: Path) -> None:
        for name, data in photos.items():
            (folder / name).write_bytes(data)
        command = [python, str(Path(__file__).with_name("eval_torch.py")), str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.folder, self.versions = folder, self.answer()

    def answer(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def prepare(self, case: Case) -> None:
        """Has every photograph prepared."""
        request = {"library": case.shown.partition(",")[0], "keys": case.reference, "size": case.size}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        if self.answer() != "ok":
            raise SystemExit(f"{case.shown}: no answer")


def outcomes(photos: Mapping[str, bytes], torch: Torch) -> Iterator[Outcome]:
    """Of each case and photograph."""
    for case in CASES:
        if not callable(case.reference):
            torch.prepare(case)
        for name, data in photos.items():
            want = case.reference(data) if callable(case.reference) else np.load(torch.folder / f"{name}.npy")
            yield outcome(case, name, data, want)


def table(found: list[Outcome]) -> list[str]:
    """In Markdown: a row a case; the largest and the mean difference in levels, and the largest in units."""
    names = list(dict.fromkeys(each.name for each in found))
    lines = [f"| library | `preprocess` | {' | '.join(names)} | units |", "| --- " * (len(names) + 3) + "|"]
    for case in CASES:
        row = [each for each in found if each.case is case]
        cells = " | ".join(f"{each.largest:.3g} {each.mean:.2f}" for each in row)
        lines.append(f"| {case.shown} | `{case.written}` | {cells} | {max(each.units for each in row):.3g} |")
    return lines


def main() -> int:
    """Exit code 1 where a difference is larger than is allowed."""
    photos = photographs()
    with tempfile.TemporaryDirectory() as folder:
        torch = Torch(sys.argv[1], photos, Path(folder))
        found = list(outcomes(photos, torch))
        torch.process.communicate()
    said = f"{torch.versions}, TensorFlow {tf.__version__}, Keras {keras.__version__}."
    lines = [*table(found), "", said]
    print("\n".join(lines))
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}" + rest.partition(END)[2], encoding="utf-8")
    missed = [each for each in found if each.missed]
    for each in missed:
        print(f"{each.case.shown}, {each.name}: {each.largest:g} {each.mean:g}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
