"""A version of a SavedModel, loaded and asked as a server does it: `python -m archspec.serving.trial`, see trials.py.

In a process of its own, for what a stranger's graph does to it: it may end it, or take time and memory without end. One
session, no Keras, no soft placement, and shapes of requests that nobody compares with the signature.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archspec.io.confine import confine
from archspec.io.quiet import forbid

MOST_WRITTEN = 1 << 20
"""Bytes of any file: of what is said, too, which goes into one."""
SOME, SIDE = 3, 64
"""Rows of a request, and pixels of a side that is open."""
TOLERANCE = 2e-4
"""Of the greatest number of an output: another size of batch is computed in another order."""
REPEATED = 1e-5
"""The same, where nothing but the order of threads may differ."""
SMALL = 256
"""Numbers of a weight that is too small to be looked for twice."""
MOST_RECORDS = 1000
TRACED = "Graph execution error:"
MOST_SAID = 300
"""Letters of an error."""
Feeds = dict[str, np.ndarray]
Answer = dict[str, np.ndarray]
Ask = Callable[[Feeds], Answer]
Work = tuple[str, str, Callable[[], Iterator[tuple[str, str]]]]
"""The rule that is broken if it fails, where, and what is done, which gives the rules that it finds broken, and how."""


def main(token: str, folder: str, skipped: Sequence[str]) -> None:
    """Says, a line each, what is tried and what is wrong; nothing of what is `skipped`, as RULE:WHERE."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forbid("keras", "tf_keras")  # a server has none
    import tensorflow  # noqa: F401  -- reads files of the user's, which nothing after it may
    confine([Path(folder).resolve()], [Path(tempfile.gettempdir())])

    def say(kind: str, code: str, where: str = "", message: str = "") -> None:
        sys.stdout.write(f"\n{token}{json.dumps([kind, code, where, message])}\n")
        sys.stdout.flush()
    for code, where, work in trials(Path(folder)):
        if f"{code}:{where}" not in skipped:
            say("tries", code, where)
            for broken, message in faults(code, work):
                say("fault", broken, where, message)
            say("tried", code, where)


def faults(code: str, work: Callable[[], Iterator[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """The rules that some work finds broken, and how; `code` where it fails."""
    try:
        yield from work()
    except Exception as error:
        said = getattr(error, "message", None) or str(error) or type(error).__name__
        yield code, _what(said)[:MOST_SAID]


def _what(said: str) -> str:
    """The line of an error that says it: TensorFlow puts before it where in the graph, and behind it in which program."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if lines[:1] != [TRACED]:
        return next(iter(lines), "")
    nodes = [place for place, line in enumerate(lines) if line.startswith("Node: ")]
    behind = lines[nodes[0] + 1:] if nodes else [line for line in lines[1:] if not line.startswith(("Detected at", "<stack"))]
    return next((line for line in behind if not line.startswith(("[[", "Original stack"))), TRACED)


def trials(folder: Path) -> Iterator[Work]:
    """All that is tried, in this order."""
    yield "files.variables", "", partial(_weights, folder)
    held = list[Loaded]()
    yield "run.loads", "", partial(_load, folder, held)
    for loaded in held:
        for name in sorted(loaded.signatures):
            yield from _asked(folder, loaded, name)
        yield "warmup", "", partial(_warmup, folder, loaded)


def _asked(folder: Path, loaded: Loaded, name: str) -> Iterator[Work]:
    """What is tried of a signature."""
    kept, ask = list[tuple[Feeds, Answer]](), partial(loaded.ask, name)
    yield "run.answers", name, partial(_answers, loaded, name, kept)
    for feeds, answer in kept:
        yield "run.rows", name, partial(_rows, ask, feeds, answer)
        yield "labels", name, partial(_labels, folder, answer)
        for case, wrong, may in _hostile(feeds, loaded.signatures[name]):
            yield "run.refuses", f"{name}, {case}", partial(_refuses, ask, wrong, may)


class Loaded:
    """A version in a session."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.session = tf.compat.v1.Session(graph=self.graph)
            found = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder)).signature_def
        self.signatures = {name: each for name, each in found.items() if each.inputs}
        self.calls = dict[str, Any]()

    def ask(self, name: str, feeds: Feeds) -> Answer:
        """The answer to a request, as predict_util.cc has it. `session.run` would compare shapes, which a server does not."""
        from tensorflow.core.protobuf.config_pb2 import CallableOptions
        signature = self.signatures[name]
        if feeds.keys() != set(signature.inputs):
            raise ValueError(f"the inputs are {sorted(feeds)}, those of the signature {sorted(signature.inputs)}")
        inputs, outputs = sorted(signature.inputs), sorted(signature.outputs)
        if name not in self.calls:
            self.calls[name] = self.session._make_callable_from_options(CallableOptions(
                feed=[signature.inputs[key].name for key in inputs], fetch=[signature.outputs[key].name for key in outputs]))
        return dict(zip(outputs, self.calls[name](*(feeds[key] for key in inputs)), strict=True))


def _load(folder: Path, held: list[Loaded]) -> Iterator[tuple[str, str]]:
    held.append(Loaded(folder))
    yield from ()


def _weights(folder: Path) -> Iterator[tuple[str, str]]:
    """Each weight is read, whereby its checksum is compared; large ones that are there twice are counted."""
    import hashlib

    import tensorflow as tf
    prefix = folder / "variables/variables"
    if not prefix.with_suffix(".index").is_file():
        return
    reader, seen, copies, total = tf.train.load_checkpoint(str(prefix)), set[bytes](), 0, 0
    for key in reader.get_variable_to_shape_map():
        array = np.asarray(reader.get_tensor(key))
        if array.size >= SMALL and array.dtype != object:
            kind = hashlib.blake2b(array.tobytes()).digest() + str((array.shape, array.dtype)).encode()
            copies += array.nbytes if kind in seen else 0
            total += array.nbytes
            seen.add(kind)
    if copies * 5 > total:
        yield "files.once", f"{copies:,} of {total:,} bytes of weights are copies of others"


def _answers(loaded: Loaded, name: str, kept: list[tuple[Feeds, Answer]]) -> Iterator[tuple[str, str]]:
    signature = loaded.signatures[name]
    feeds = _request(loaded, signature)
    if feeds is None:
        return
    for count in (1, SOME):
        asked = {key: value[:count] for key, value in feeds.items()}
        answer = loaded.ask(name, asked)
        faults = list(_wrong(answer, count))
        yield from faults
        if faults:
            return
    again = loaded.ask(name, feeds)
    if not _same(again, answer, REPEATED):
        yield "run.repeats", "the same request was answered otherwise"
    kept.append((feeds, answer))


def _wrong(answer: Answer, count: int) -> Iterator[tuple[str, str]]:
    for key, value in answer.items():
        if value.ndim == 0 or len(value) != count:
            yield "run.answers", f"{key} has the shape {list(value.shape)} for {count} row(s)"
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            yield "run.answers", f"{key} holds what is no finite number"
        if value.dtype == object and not key.endswith("_bytes") and not all(map(_is_text, value.ravel())):
            yield "run.text", f"{key} holds bytes that are no UTF-8"


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _rows(ask: Ask, feeds: Feeds, answer: Answer) -> Iterator[tuple[str, str]]:
    alone = [ask({key: value[row:row + 1] for key, value in feeds.items()}) for row in range(SOME)]
    together = {key: np.concatenate([each[key] for each in alone]) for key in answer}
    filled = ask({key: np.concatenate([value, value[:1]]) for key, value in feeds.items()})
    if not _same(together, answer, TOLERANCE):
        yield "run.rows", f"a row alone and the same among {SOME} are answered otherwise"
    elif not _same({key: value[:SOME] for key, value in filled.items()}, answer, TOLERANCE):
        yield "run.rows", "rows are answered otherwise where the batch is filled up with a copy"


def _same(one: Answer, other: Answer, tolerance: float) -> bool:
    for key, value in one.items():
        if value.shape != other[key].shape:
            return False
        if value.dtype.kind not in "fiu" and not (value == other[key]).all():
            return False
        if value.dtype.kind == "f" and value.size:
            largest = max(float(np.abs(other[key]).max()), 1e-30)
            if float(np.abs(np.float64(value) - other[key]).max()) > tolerance * largest:
                return False
    return True


def _request(loaded: Loaded, signature: Any) -> Feeds | None:
    """SOME rows for a signature; None where nobody can tell what its strings have to be."""
    import tensorflow as tf

    from archspec.serving.graphs import is_classify
    strings = [key for key, info in signature.inputs.items() if info.dtype == tf.string.as_datatype_enum]
    if not strings:
        return {key: _numbers(info) for key, info in signature.inputs.items()}
    if len(signature.inputs) > 1:
        return None
    images = np.array(_images(), object)
    if is_classify(signature):
        feature = _feature(loaded.graph.as_graph_def())
        images = np.array([_example(feature, each) for each in images], object) if feature else np.empty(0, object)
    axes = len(signature.inputs[strings[0]].tensor_shape.dim)
    return {strings[0]: images[:, None] if axes == 2 else images} if len(images) else None


def _numbers(info: Any) -> np.ndarray:
    import tensorflow as tf
    kind, sizes = tf.dtypes.as_dtype(info.dtype), [each.size for each in info.tensor_shape.dim]
    draw = np.random.default_rng(0).random([SOME, *(size if size >= 0 else SIDE for size in sizes[1:])])
    return np.asarray(draw * (255 if kind == tf.uint8 or len(sizes) == 4 else 1)).astype(kind.as_numpy_dtype)


def _images() -> list[bytes]:
    """A JPEG, a PNG and a grey JPEG, each of another size."""
    import tensorflow as tf
    draw = np.random.default_rng(0)
    kinds = ((97, 130, 3, tf.io.encode_jpeg), (130, 97, 3, tf.io.encode_png), (64, 80, 1, tf.io.encode_jpeg))
    return [write(tf.constant(draw.integers(0, 256, shape, np.uint8))).numpy() for *shape, write in kinds]


def _example(feature: str, image: bytes) -> bytes:
    import tensorflow as tf
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    return bytes(tf.train.Example(features=tf.train.Features(feature={feature: value})).SerializeToString())


def _feature(graph: Any) -> str:
    """The one dense feature that the graph's only parser of tf.Example reads; '' where there is none, or more."""
    import tensorflow as tf
    found = set[str]()
    for nodes in (graph.node, *(each.node_def for each in graph.library.function)):
        named = {node.name: node for node in nodes}
        for node in nodes:
            source = named.get(node.input[3].partition(":")[0]) if node.op == "ParseExampleV2" else None
            if source is not None and "value" in source.attr:
                found |= {key.decode("utf-8", "replace") for key in tf.make_ndarray(source.attr["value"].tensor).ravel()}
    return found.pop() if len(found) == 1 else ""


def _hostile(feeds: Feeds, signature: Any) -> Iterator[tuple[str, Feeds, bool]]:
    """Requests that a careless client sends: name, request, and whether an answer would be right, too."""
    if len(feeds) != 1:
        return
    (key, value), = feeds.items()
    yield "no row", {key: value[:0]}, True
    if value.dtype == object:
        for case, data in (("empty bytes", b""), ("no image", b"this is no image"), ("a broken image", value.ravel()[0][:40])):
            yield case, {key: np.array([data], object)}, False
        yield "another row axis", {key: np.array([[value.ravel()[0]]], object)}, True
        return
    yield "no batch", {key: value[0]}, False
    yield "an axis too many", {key: value[None]}, False
    sizes = [each.size for each in signature.inputs[key].tensor_shape.dim]
    for axis, size in enumerate(sizes[1:], 1):
        if size > 1:
            yield f"axis {axis} halved", {key: np.take(value, range(size // 2), axis)}, False


def _refuses(ask: Ask, wrong: Feeds, may: bool) -> Iterator[tuple[str, str]]:
    try:
        ask(wrong)
    except Exception:
        return
    if not may:
        yield "run.refuses", "is answered as if it were right"


def _labels(folder: Path, answer: Answer) -> Iterator[tuple[str, str]]:
    """The strings of an answer against labels.txt, where there is one, by the classes that are most probable."""
    from archspec.serving.extras import labels_of
    found = labels_of(folder)
    wide = [value for key, value in answer.items() if key == "probabilities" and value.ndim == 2]
    if found is None or not wide:
        return
    if len(found) != wide[0].shape[1]:
        yield "labels", f"there are {len(found)} names for {wide[0].shape[1]} probabilities"
        return
    first = [found[row] for row in wide[0].argmax(axis=1)]
    said = answer.get("labels", np.empty(0))
    if said.dtype == object and said.ndim == 2 and [row[0].decode("utf-8", "replace") for row in said] != first:
        yield "labels", "the graph calls the most probable class otherwise than labels.txt does"


def _warmup(folder: Path, loaded: Loaded) -> Iterator[tuple[str, str]]:
    from archspec.serving.warmups import WARMUP, requests
    path = folder / WARMUP
    if not path.is_file():
        return
    count = 0
    for name, feeds in requests(path, MOST_RECORDS):
        if name not in loaded.signatures:
            raise ValueError(f"record {count}: there is no signature {name!r}")
        answered = loaded.ask(name, feeds)
        yield from (("warmup", f"record {count}: {message}") for _, message in _misshapen(loaded.signatures[name], feeds))
        count += len(answered) > 0
    if not count:
        yield "warmup", "there are no records"


def _misshapen(signature: Any, feeds: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    import tensorflow as tf
    for key, value in feeds.items():
        if not tf.TensorShape(signature.inputs[key].tensor_shape).is_compatible_with(value.shape):
            yield "warmup", f"{key} has the shape {list(value.shape)}, which is not the signature's"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
