"""The other side of tools/bench_training.py: training steps of timm's models in PyTorch.

    PYTHON tools/bench_torch.py < requests

Runs in an environment that has torch and timm and not archspec. The first request is a JSON object {model, size, batch}; the
answer names the versions. Each empty line after it asks for a step, and is answered with its seconds, {wall, cpu}. Images lie
as PyTorch likes them best on a CPU, channels last.
"""

from __future__ import annotations

import json
import sys
import time
import types
from typing import Any

import torch

# as in eval_torch.py: the operations in C++ of torchvision's wheels belong to one build of torch; no training needs them
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))

import timm  # noqa: E402


class Training:
    """SGD with momentum on one batch of noise."""

    def __init__(self, model: str, size: int, batch: int) -> None:
        self.model = timm.create_model(model, num_classes=1000).train().to(memory_format=torch.channels_last)
        self.images = torch.randn(batch, 3, size, size).to(memory_format=torch.channels_last)
        self.labels = torch.arange(batch) % 1000
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01, momentum=0.9)

    def step(self) -> float:
        """The loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return float(loss)


def answer(given: dict[str, Any]) -> None:
    """Writes a line."""
    print(json.dumps(given), flush=True)


def main() -> None:
    """Answers until the input ends."""
    training = Training(**json.loads(sys.stdin.readline()))
    answer({"torch": torch.__version__, "timm": timm.__version__, "threads": torch.get_num_threads()})
    for _ in sys.stdin:
        begin, cpu = time.perf_counter(), time.process_time()
        training.step()
        answer({"wall": time.perf_counter() - begin, "cpu": time.process_time() - cpu})


if __name__ == "__main__":
    main()
