"""TensorFlow Serving's gRPC interface, through tensorflow-serving-api: the project's own messages and stub."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from archspec.errors import InputError, visible
from archspec.predict.address import Address
from archspec.predict.served import FLOATS, INDICES, MOST_RECEIVED, NAMES, PROBABILITIES, Declined, Reply, Signature, Tensor

SIGNATURES = "signature_def"


@dataclass(frozen=True)
class Grpc:
    """A model of a server; each question may take `timeout` seconds."""

    place: Address
    timeout: float

    def signatures(self) -> Mapping[str, Signature]:
        """Of the model, by name."""
        from google.protobuf.message import DecodeError
        from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
        request = GetModelMetadataRequest(metadata_field=[SIGNATURES])
        self._name(request.model_spec)
        found = SignatureDefMap()
        try:
            known = self._call(self._stub.GetModelMetadata, request).metadata[SIGNATURES].Unpack(found)
        except Declined as error:
            raise self._failed(str(error)) from None
        except DecodeError:
            known = False
        if not known:
            raise self._failed("the answer holds no signatures")
        return {name: Signature(_tensors(each.inputs), _tensors(each.outputs)) for name, each in found.signature_def.items()}

    def ask(self, signature: str, key: str, images: Sequence[bytes] | np.ndarray) -> Reply:
        """What the model says of encoded images, or of pixels."""
        import tensorflow as tf
        from tensorflow_serving.apis.predict_pb2 import PredictRequest
        request = PredictRequest()
        self._name(request.model_spec)
        request.model_spec.signature_name = signature
        request.inputs[key].CopyFrom(tf.make_tensor_proto(images) if isinstance(images, np.ndarray) else
                                     tf.make_tensor_proto(list(images), tf.string, (len(images),)))
        outputs = self._call(self._stub.Predict, request).outputs
        try:
            arrays = {name: _array(outputs[name]) for name in (INDICES, NAMES) if name in outputs}
            named = INDICES in arrays and NAMES in arrays
            return Reply(_floats(outputs[PROBABILITIES]), arrays[INDICES].tolist() if named else None,
                         _texts(arrays[NAMES].tolist()) if named else None)
        except Exception:  # NumPy has many words for numbers that are no tensor
            raise self._failed(f"the answer holds no {PROBABILITIES}, or none that can be read") from None

    @cached_property
    def _stub(self) -> Any:
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
        host = f"[{self.place.host}]" if ":" in self.place.host else self.place.host
        options = [("grpc.max_receive_message_length", MOST_RECEIVED), ("grpc.enable_http_proxy", 0),
                   ("grpc.enable_retries", 0)]
        return PredictionServiceStub(grpc.insecure_channel(f"{host}:{self.place.port}", options))

    def _name(self, spec: Any) -> None:
        """Says which model is meant in a request."""
        spec.name = self.place.name
        if self.place.version is not None:
            spec.version.value = self.place.version
        if self.place.label is not None:
            spec.version_label = self.place.label

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        """The answer. Raises Declined where the server finds the request wrong, InputError where none comes."""
        import grpc
        try:
            return method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            code, said = error.code(), visible((error.details() or "").strip()[:400])
        match code:
            case grpc.StatusCode.INVALID_ARGUMENT:
                raise Declined(said)
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                raise self._failed(f"no answer within {self.timeout:g} s", "--timeout SECONDS waits longer")
            case grpc.StatusCode.UNAVAILABLE:
                raise self._failed(f"no connection to {self.place.host}:{self.place.port}: {said}",
                                   "is the server running, and this the port of its gRPC interface (--port)?")
            case grpc.StatusCode.NOT_FOUND:
                raise self._failed(f"the server answers {code.name}: {said}",
                                   "is the model served under that name, and loaded?")
        raise self._failed(f"the server answers {code.name}: {said}")

    def _failed(self, why: str, hint: str = "") -> InputError:
        return InputError(f"{self.place.text}: {why}" + (f"\n  hint: {hint}" if hint else ""))


def _array(tensor: Any) -> np.ndarray:
    """Raises ValueError where its shape has more numbers than any answer: the last of those sent stands for all that follow."""
    import tensorflow as tf
    if math.prod(each.size for each in tensor.tensor_shape.dim) > MOST_RECEIVED:
        raise ValueError
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of numbers that are none of the kind
        return np.asarray(tf.make_ndarray(tensor))


def _floats(tensor: Any) -> np.ndarray:
    """Raises ValueError for other numbers."""
    if _kind(tensor) not in FLOATS:
        raise ValueError
    return np.asarray(_array(tensor), np.float64)


def _kind(info: Any) -> str:
    """The name of the numbers of a tensor, or what stands there."""
    from tensorflow.core.framework.types_pb2 import DataType
    return str(DataType.Name(info.dtype)) if info.dtype in DataType.values() else str(info.dtype)


def _tensors(infos: Mapping[str, Any]) -> dict[str, Tensor]:
    return {key: Tensor(_kind(each), _shape(each.tensor_shape)) for key, each in infos.items()}


def _texts(value: Any) -> Any:
    """Lists in lists of bytes as such of text; what is neither stays."""
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _shape(shape: Any) -> tuple[int | None, ...] | None:
    return None if shape.unknown_rank else tuple(None if each.size < 0 else each.size for each in shape.dim)
