"""The other side of tools/compare_augment.py: what torchvision's and timm's own operations make of two photographs.

    PYTHON tools/augment_torch.py FOLDER

Runs in an environment that has torch, torchvision and timm and not archspec. Reads NAME.npy, (h, w, 3) uint8, of the
folder, and writes results.npz there: by the JSON of [library, photograph, operation, magnitude, sign or filter] what
came of it. An operation that its library refuses is left out.
"""

from __future__ import annotations

import json
import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

# as in twins.py: the operations in C++ of torchvision's wheels belong to one build of torch; no transform needs them
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))

import timm  # noqa: E402
import torchvision  # noqa: E402
from timm.data import auto_augment as timm_augment  # noqa: E402
from torchvision.transforms import InterpolationMode, autoaugment  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402

Result = tuple[list[object], object]
"""What it is, and the image."""
SPACES = {
    "torchvision, RandAugment": (autoaugment.RandAugment(), 31), "torchvision, AutoAugment": (autoaugment.AutoAugment(), 10),
    "torchvision, TrivialAugmentWide": (autoaugment.TrivialAugmentWide(), 31),
    "torchvision, AugMix": (autoaugment.AugMix(), 10)}
"""And how many magnitudes each has."""
TIMM = {"timm, rand": timm_augment._RAND_TRANSFORMS, "timm, rand, inc1": timm_augment._RAND_INCREASING_TRANSFORMS}
MEAN = (124, 116, 104)
FACTORS = (0.0, 0.3, 0.6, 0.87, 1.0, 1.2, 1.4, 1.9)
TURNS = (-0.5, -0.3, -0.1, 0.0, 0.05, 0.2, 0.5)
ANGLES = (-170, -45, -10, 0, 3.3, 30, 90, 137)


def torchvision_policies(image: Image.Image) -> Iterator[Result]:
    """Every operation at every magnitude, with both signs where it has one."""
    for library, (policy, bins) in SPACES.items():
        sizes = () if "Trivial" in library else ((image.height, image.width),)
        for name, (magnitudes, signed) in policy._augmentation_space(bins, *sizes).items():
            for index in range(bins if magnitudes.ndim else 1):
                for sign in (1, -1) if signed else (1,):
                    magnitude = sign * float(magnitudes[index] if magnitudes.ndim else magnitudes)
                    if name == "Posterize" and magnitude < 1:
                        continue  # Pillow refuses it
                    made = autoaugment._apply_op(image, name, magnitude, policy.interpolation, None)
                    yield [library, name, index, sign], made


def timm_policies(image: Image.Image) -> Iterator[Result]:
    """As above, with magnitudes between the whole ones, by both of its filters."""
    for library, names in TIMM.items():
        for name in names:
            for magnitude in (0, 1, 2, 3, 4.5, 5, 6.3, 7, 8, 9, 9.7, 10):
                for sign, method in ((1, "bilinear"), (-1, "bicubic"), (-1, "bilinear"), (1, "bicubic")):
                    keys = {"translate_pct": 0.45, "img_mean": MEAN, "interpolation": Image.Resampling[method.upper()]}
                    with mock.patch.object(random, "random", lambda sign=sign: 0.9 if sign < 0 else 0.1):
                        try:
                            made = timm_augment.AugmentOp(name, 1.0, magnitude, keys)(image)
                        except ValueError:
                            continue  # no bit is left: Pillow refuses it
                    yield [library, name.removesuffix("Increasing"), magnitude, sign, method], made


def colours(image: Image.Image) -> Iterator[Result]:
    """ColorJitter's parts, on Pillow's images and on tensors; and rotations."""
    tensor = F.pil_to_tensor(image)
    changes = [("hue", turn) for turn in TURNS] + [(part, factor) for part in ("brightness", "contrast", "saturation")
                                                   for factor in FACTORS]
    for part, amount in changes:
        change = getattr(F, f"adjust_{part}")
        yield ["torchvision, ColorJitter", part, amount], change(image, amount)
        yield ["torchvision, ColorJitter of tensors", part, amount], change(tensor, amount).permute(1, 2, 0).numpy()
    for angle in ANGLES:
        for method in ("nearest", "bilinear", "bicubic"):
            yield ["torchvision, RandomRotation", "rotate", angle, method], F.rotate(image, angle, InterpolationMode(method))


def main() -> None:
    """Writes all of it."""
    folder, found = Path(sys.argv[1]), {}
    for file in sorted(folder.glob("*.npy")):
        image = Image.fromarray(np.load(file))
        for key, made in (*torchvision_policies(image), *timm_policies(image), *colours(image)):
            found[json.dumps([file.stem, *key])] = np.asarray(made)
    np.savez(folder / "results.npz", **found)
    print(f"torchvision {torchvision.__version__.partition('+')[0]}, timm {timm.__version__}, Pillow {Image.__version__}")


if __name__ == "__main__":
    main()
