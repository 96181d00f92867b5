"""The other side of tools/compare_preprocess.py: what torchvision and timm make of images for evaluation.

    PYTHON tools/eval_torch.py FOLDER < requests

Runs in an environment that has torch, torchvision and timm and not archspec. Reads requests from standard input, one
JSON object a line: {library, keys, size}. For each it prepares every picture of the folder by the library's own
transforms, writes `NAME.SUFFIX.npy`, (size, size, 3) float32, beside it, and answers with a line. The first line that
it writes names the libraries' versions.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

# as in twins.py: the operations in C++ of torchvision's wheels belong to one build of torch; no transform needs them
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))

import timm  # noqa: E402
import torchvision  # noqa: E402
from timm.data import create_transform  # noqa: E402
from torchvision.transforms._presets import ImageClassification  # noqa: E402

Transform = Callable[[Image.Image], torch.Tensor]


def transform(library: str, keys: dict[str, Any], size: int) -> Transform:
    """What weights of torchvision carry as `transforms`, and what timm makes of a model's `pretrained_cfg`."""
    if library == "torchvision":
        return ImageClassification(crop_size=size, **keys)
    made: Transform = create_transform((3, size, size), is_training=False, **keys)
    return made


def main() -> None:
    """Answers until the input ends."""
    folder = Path(sys.argv[1])
    version = torchvision.__version__.partition("+")[0]
    print(f"torchvision {version}, timm {timm.__version__}, Pillow {Image.__version__}", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        prepare = transform(request["library"], request["keys"], request["size"])
        for file in sorted(folder.glob("*.*g")):
            image = Image.open(file).convert("RGB")  # as torchvision's and timm's data sets
            np.save(f"{file}.npy", prepare(image).permute(1, 2, 0).numpy())
        print("ok", flush=True)


if __name__ == "__main__":
    main()
