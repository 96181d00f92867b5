"""What an epoch may be judged by: the words of `metric`, wherever the `train` section has that key."""

from __future__ import annotations

from types import MappingProxyType

from archspec.schema.kinds import Choice

MEASURED = ("test_top1", "test_top5", "test_loss", "accuracy", "loss", "test_precision", "test_recall", "test_f1")
"""What metrics.jsonl has of an epoch and an epoch may be called the best for, the usual first; of losses the lowest is."""
METRIC = Choice(MEASURED, {"valloss": "test_loss", "evalloss": "test_loss", "valaccuracy": "test_top1", "valacc": "test_top1",
                           "top1": "test_top1", "testaccuracy": "test_top1", "acc": "accuracy", "top5": "test_top5",
                           "trainloss": "loss", "trainaccuracy": "accuracy", "f1": "test_f1"})
MONITOR = ("monitor", "eval_metric")
"""What others call `metric`."""
CHANGE = ("min_delta", "threshold", "min_change")
"""What others call `least`, the least change that counts."""
DIRECTION = MappingProxyType({"mode": "a loss is the better the lower, all else the higher: leave it out"})
