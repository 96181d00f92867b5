"""Requests that a server makes to itself before it serves a version (tensorflow_serving/apis/prediction_log.proto)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from archspec.serving.wire import fields, message, repeated

WARMUP = "assets.extra/tf_serving_warmup_requests"
KINDS = {2: "classify_log", 3: "regress_log", 4: "multi_inference_log", 5: "session_run_log", 6: "predict_log",
         7: "predict_streamed_log"}
PLAYED = ("classify_log", "regress_log", "multi_inference_log", "predict_log")
LOG_METADATA = 1


def requests(path: Path, most: int) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The signature and the inputs of each record. Raises ValueError for one that a server does not play."""
    import tensorflow as tf
    for number, record in enumerate(tf.compat.v1.io.tf_record_iterator(str(path))):
        if number == most:
            raise ValueError(f"there are more than {most} records")
        kinds = [found for found, _ in fields(record) if found != LOG_METADATA]
        kind = KINDS.get(kinds[-1], "unknown") if kinds else "nothing"
        if kind not in PLAYED:
            raise ValueError(f"record {number}: holds {kind}, which no server plays")
        if kind in ("classify_log", "predict_log"):
            yield _request(message(record, kinds[-1], 1), kind)


def _request(request: bytes, kind: str) -> tuple[str, dict[str, np.ndarray]]:
    """Of a PredictRequest: model_spec(1), inputs(2); or a ClassificationRequest: input(2).example_list(1).examples(1)."""
    import tensorflow as tf
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    name = message(request, 1, 3).decode("utf-8", "replace") or "serving_default"
    if kind == "classify_log":
        return name, {"inputs": np.array(repeated(message(request, 2, 1), 1), object)}
    entries = [(message(entry, 1).decode("utf-8", "replace"), message(entry, 2)) for entry in repeated(request, 2)]
    return name, {key: np.asarray(tf.make_ndarray(TensorProto.FromString(tensor))) for key, tensor in entries}
