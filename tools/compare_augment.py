"""Compares the operations of policies, colour_jitter and rotate with torchvision's and timm's own, and writes a table.

    make augment                              # torchvision and timm come from .venv-parity
    python tools/compare_augment.py PYTHON    # PYTHON has them

Every operation is done at every magnitude, with both signs and filters, to two parts of photographs. The table is in
docs/data.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_image

from archspec.data.augment.colour import JITTERED
from archspec.data.augment.dialects import CHAINS, DIALECTS, SEARCHED, TRIVIAL, Dialect
from archspec.data.augment.geometry import METHODS, turned
from archspec.data.augment.policies import FILTER, NUMBERS, SIGN, Painter
from archspec.data.augment.step import levels

DOCS = Path(__file__).parent.parent / "docs" / "data.md"
BEGIN, END = "<!-- augment: begin, written by tools/compare_augment.py -->", "<!-- augment: end -->"
PHOTOS = {"china": load_sample_image("china.jpg")[100:324, 100:324], "flower": load_sample_image("flower.jpg")[100:293, 50:331]}
LIBRARIES: Mapping[str, Dialect] = {
    "torchvision, RandAugment": DIALECTS["torchvision"], "torchvision, AutoAugment": SEARCHED["original"],
    "torchvision, TrivialAugmentWide": TRIVIAL, "torchvision, AugMix": CHAINS, "timm, rand": DIALECTS["timm"],
    "timm, rand, inc1": DIALECTS["timm increasing"]}
NAMES = {"ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x", "TranslateY": "translate_y", "Color": "colour",
         "TranslateXRel": "translate_x", "TranslateYRel": "translate_y", "SolarizeAdd": "solarize_add"}
OPPOSITE = {"torchvision": ("translate_x", "translate_y"), "timm": ()}
"""What goes the other way with the same sign; either is drawn as often."""
PARTS = ("brightness", "contrast", "saturation", "hue")
MEAN = {"torchvision": np.zeros(3), "timm": np.array([124.0, 116.0, 104.0])}


def policy(image: np.ndarray, library: str, name: str, magnitude: float, sign: int, method: str = "bilinear") -> np.ndarray:
    """What we make of an operation that a library calls by that name."""
    ours, dialect, maker = NAMES.get(name, name.lower()), LIBRARIES[library], library.partition(",")[0]
    draws = np.full(NUMBERS, 0.5)
    draws[SIGN] = 0.9 if (sign > 0) != (ours in OPPOSITE[maker]) else 0.1
    draws[FILTER] = 0.1 if method == "bilinear" else 0.9
    return Painter(dialect, MEAN[maker]).done(image, ours, magnitude, draws)


def ours(image: np.ndarray, library: str, name: str, amount: float, *more: Any) -> np.ndarray:
    """What we make of what the other side says that it has done."""
    if library in LIBRARIES:
        return policy(image, library, name, amount, *more)
    if name == "rotate":
        return turned(image, amount, np.zeros(3), METHODS[more[0]])
    return levels(np.clip(JITTERED[PARTS.index(name)](image.astype(np.float32), amount), 0, 255), image.dtype)


def differences(results: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str, np.ndarray]]:
    """The library, the operation and the differences in levels of each case."""
    for key in results:
        photo, library, name, *rest = json.loads(key)
        yield library, name, np.abs(ours(PHOTOS[photo], library, name, *rest).astype(int) - results[key])


def table(found: list[tuple[str, str, np.ndarray]]) -> list[str]:
    """In Markdown: a row a library's policy, and for colours a row a part."""
    lines = ["| library | operations | compared | of these differ | largest, levels | mean, levels |", "| --- " * 6 + "|"]
    rows: dict[str, list[tuple[str, np.ndarray]]] = {}
    for library, name, apart in found:
        rows.setdefault(f"{library}, {name}" if "Jitter" in library else library, []).append((name, apart))
    for row, cases in rows.items():
        differ = sum(bool(apart.any()) for _, apart in cases)
        lines.append(f"| {row} | {len({name for name, _ in cases})} | {len(cases)} | {differ} | "
                     f"{max(apart.max() for _, apart in cases)} | {np.mean([apart.mean() for _, apart in cases]):.2g} |")
    return lines


def main() -> int:
    """Exit code 1 where an operation of a policy, or a rotation, is not the same to the bit."""
    with tempfile.TemporaryDirectory() as name:
        for photo, image in PHOTOS.items():
            np.save(Path(name) / f"{photo}.npy", image)
        command = [sys.argv[1], str(Path(__file__).with_name("augment_torch.py")), name]
        versions = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        with np.load(Path(name) / "results.npz") as results:
            found = list(differences(results))
    lines = [*table(found), "", f"{versions}."]
    print("\n".join(lines))
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}" + rest.partition(END)[2], encoding="utf-8")
    return any(apart.any() for library, _, apart in found if "Jitter" not in library)


if __name__ == "__main__":
    sys.exit(main())
