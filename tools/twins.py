"""The other side of tools/parity.py: makes models of PyTorch's libraries and says what they compute.

Runs in an environment that has torch, torchvision, timm and pytorchcv and not archspec. Reads requests from standard
input, one JSON object a line: {library, name, size: [height, width], folder}. For each it writes weights.pth,
images.npy and logits.npy, in float64, into the folder and answers with a line.
"""

from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

GATE = re.compile(r"(^|\.)(se|se_module|cbam|attn)\.|(block|conv2)\.(\d\.)?fc\d")
"""Names of the layers of gates; large weights would close or open all of them."""
WITHOUT_AUXILIARY: dict[str, dict[str, Any]] = {"googlenet": {"aux_logits": False, "init_weights": False},
                                                "inception_v3": {"aux_logits": False, "init_weights": False}}


def made(library: str, name: str) -> nn.Module:
    """A library's model without weights of its own."""
    # the operations in C++ of torchvision's wheels belong to one build of torch; no classifier needs them
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))
    if library == "timm":
        import timm
        model, *options = name.split()
        return timm.create_model(model, **{key: json.loads(value) for key, value in (each.split("=") for each in options)})
    if library == "pytorchcv":
        from pytorchcv.model_provider import get_model
        return get_model(name)
    return of_torchvision(name)


def of_torchvision(name: str) -> nn.Module:
    """A model by its function; or a ResNet by its depths, groups and width: ResNet(3,4,23,3)2x40."""
    import torchvision.models as tv
    resnet = re.fullmatch(r"ResNet\(([\d,]+)\)(\d+)x(\d+)", name)
    if resnet is None:
        return tv.get_model(name, weights=None, **WITHOUT_AUXILIARY.get(name, {}))
    depths = [int(depth) for depth in resnet[1].split(",")]
    return tv.ResNet(tv.resnet.Bottleneck, depths, groups=int(resnet[2]), width_per_group=int(resnet[3]))


def randomize(model: nn.Module, images: torch.Tensor) -> None:
    """Random weights that keep numbers in range, and batch-norm statistics near those of the images."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan = module.weight[0].numel()
            nn.init.normal_(module.weight, 0, (2 / fan) ** 0.5 * (0.1 if GATE.search(name + ".") else 1))
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
        elif isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    for name, parameter in model.named_parameters():
        if re.search(r"(layer_scale|gamma|grn\.weight|grn\.bias)$", name):
            nn.init.uniform_(parameter, 0.1, 0.5)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    model.train()
    model(images)
    for norm in norms:
        mean, variance = norm.running_mean, norm.running_var
        mean += torch.randn_like(mean) * 0.2 * variance.sqrt()
        variance *= torch.rand_like(variance) + 0.5
    model.eval()


def answer(request: dict[str, Any]) -> None:
    """Makes a model and writes what it is and computes."""
    torch.manual_seed(0)
    model = made(request["library"], request["name"])
    folder = Path(request["folder"])
    with torch.no_grad():
        randomize(model, torch.randn(4, 3, *request["size"]))
        images = torch.randn(2, 3, *request["size"])
        torch.save(model.state_dict(), folder / "weights.pth")
        logits = model.double()(images.double())
    np.save(folder / "images.npy", images.permute(0, 2, 3, 1).numpy())
    np.save(folder / "logits.npy", logits.numpy())


def main() -> None:
    """Answers until the input ends."""
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            answer(json.loads(line))
            said = "ok"
        except Exception as error:  # the other side says which model it was, and goes on
            said = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(said, file=out, flush=True)


if __name__ == "__main__":
    main()
