"""Servers that speak TensorFlow Serving's two interfaces, with a model behind them that is a function, or scripted answers."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

Model = Callable[[Sequence[bytes] | np.ndarray], np.ndarray]
"""Encoded images, or pixels (n, h, w, c) in an array, to probabilities (n, classes); raises ValueError for what is no image."""
TOP = 2


@dataclass
class Servable:
    """A model as exports make it: image_bytes or pixels to probabilities, and the first TOP classes with their labels."""

    model: Model
    labels: Sequence[str]
    asked: list[Any] = field(default_factory=list)

    def __call__(self, encoded: Sequence[bytes] | np.ndarray) -> dict[str, np.ndarray]:
        self.asked.append(len(encoded) if isinstance(encoded, list) else (len(encoded), encoded.dtype.name))
        found = self.model(encoded)
        first = np.argsort(-found, axis=1, kind="stable")[:, :TOP]
        return {"probabilities": found, "classes": first, "labels": np.array(self.labels, object)[first],
                "scores": np.take_along_axis(found, first, 1)}


INPUTS: Mapping[str, Mapping[str, tuple[str, list[int]]]] = {
    "serving_default": {"images": ("DT_FLOAT", [-1, 8, 8, 3])}, "image_pixels": {"images": ("DT_UINT8", [-1, 8, 8, 3])},
    "image_bytes": {"image_bytes": ("DT_STRING", [-1])}}
ARRAYS = {"serving_default": np.float32, "image_pixels": np.uint8}
OUTPUTS = {"probabilities": ("DT_FLOAT", [-1, 3]), "classes": ("DT_INT32", [-1, TOP]), "labels": ("DT_STRING", [-1, TOP]),
           "scores": ("DT_FLOAT", [-1, TOP])}
Script = Callable[[str, str, Any], tuple[int, Mapping[str, str], bytes]]
"""Method, path and document of a request to status, headers and body."""


def rest(servable: Servable, name: str = "small") -> Script:
    """What a server answers that serves a model, its version 7 and its label `stable`.

    Of a signature with one input rows may come without its key.
    """
    paths = [f"/v1/models/{name}{behind}" for behind in ("", "/versions/7", "/labels/stable")]

    def answer(method: str, path: str, document: Any) -> tuple[int, Mapping[str, str], bytes]:
        if path.removesuffix(":predict").removesuffix("/metadata") not in paths:
            return _json(404, {"error": f"Servable not found for request: Latest({name})"})
        if method == "GET":
            known = {key: {"inputs": _infos(inputs), "outputs": _infos(OUTPUTS), "method_name": "tensorflow/serving/predict"}
                     for key, inputs in INPUTS.items()}
            return _json(200, {"model_spec": {"name": name}, "metadata": {"signature_def": {"signature_def": known}}})
        try:
            rows = document["instances"]
            if document.get("signature_name") in ARRAYS:
                found = servable(np.array([row["images"] for row in rows], ARRAYS[document["signature_name"]]))
            else:
                found = servable([b64decode(row.get("image_bytes", row)["b64"]) for row in rows])
        except ValueError as error:
            return _json(400, {"error": str(error)})
        columns = {key: value.tolist() for key, value in found.items()}
        return _json(200, {"predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]})
    return answer


def _infos(tensors: Mapping[str, tuple[str, list[int]]]) -> dict[str, Any]:
    return {key: {"dtype": dtype, "tensor_shape": {"dim": [{"size": str(size), "name": ""} for size in shape], "unknown_rank": False}, "name": ""}
            for key, (dtype, shape) in tensors.items()}


def _json(status: int, document: Any) -> tuple[int, Mapping[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


@contextmanager
def rest_server(script: Script) -> Iterator[str]:
    """The address of a server that answers by a script: http://127.0.0.1:PORT."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, document: Any) -> None:
            status, headers, body = script(self.command, self.path, document)
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            with suppress(OSError):  # who asked has heard enough
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def grpc_server(servable: Servable, name: str = "small", fails: Any = None) -> Iterator[str]:
    """The address of a gRPC server that serves a model: grpc://127.0.0.1:PORT. `fails` is the code of each of its answers."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_service_pb2_grpc as stubs
    from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
    from tensorflow_serving.apis.predict_pb2 import PredictResponse

    class Service(stubs.PredictionServiceServicer):
        def GetModelMetadata(self, request: Any, context: Any) -> Any:
            servable.asked.append((request.model_spec.version.value, request.model_spec.version_label))
            if fails is not None:
                context.abort(fails, "as told")
            if request.model_spec.name != name:
                context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({request.model_spec.name})")
            known = SignatureDefMap()
            for key, inputs in INPUTS.items():
                for side, tensors in ((known.signature_def[key].inputs, inputs), (known.signature_def[key].outputs, OUTPUTS)):
                    for tensor, (dtype, shape) in tensors.items():
                        side[tensor].dtype = tf.dtypes.as_dtype(dtype.removeprefix("DT_").lower().replace("float", "float32")).as_datatype_enum
                        side[tensor].tensor_shape.CopyFrom(tf.TensorShape([None if size < 0 else size for size in shape]).as_proto())
            response = GetModelMetadataResponse()
            response.metadata["signature_def"].Pack(known)
            return response

        def Predict(self, request: Any, context: Any) -> Any:
            try:
                asked = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
                found = servable(asked["images"] if "images" in asked else list(asked["image_bytes"]))
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            response = PredictResponse()
            for key, value in found.items():
                response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            return response
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", -1)])
    stubs.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
