"""README.md of a published model: how it is served and asked, in lines that can be pasted."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from archspec.export.exportable import Exportable
from archspec.export.signatures import BYTES, CLASSIFY, DEFAULT, EMBEDDING, EXAMPLE, FEATURES, PIXELS, TOP, served

METRICS = "/monitoring/prometheus/metrics"
ANSWER = "`probabilities` of all classes; `classes` (numbers), `labels` (names) and `scores` of the likeliest"


def guide(made: Exportable, name: str, version: int) -> str:
    """The text."""
    parts = (_head(made, name, version), _start(name), _ask(made, name), _signatures(made), _versions(version))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(made: Exportable, name: str, version: int) -> Iterator[str]:
    artifact = made.artifact
    yield f"# {name}"
    yield ""
    yield f"Version {version}: {artifact.name}, fingerprint {artifact.fingerprint}, {len(artifact.classes)} classes."
    if artifact.metrics:
        told = artifact.metrics
        yield f"Tested on {told['data']}, {told['split']}, {told['examples']} images: top-1 {float(told['top1']):.2%}."
    release = ".".join(tf.__version__.split(".")[:2])
    yield f"Written by TensorFlow {tf.__version__}: servers of {release} and later are promised to read it. An older one may,"
    yield f"and its log says so when it does not. So take the image `tensorflow/serving:{release}.0`, or a later one, where"
    yield "there is one; else the newest, `latest`."
    yield ""
    yield "In each version, `assets.extra/` has labels.txt, spec.yaml, artifact.json and parity.json. What no server loads,"
    yield "model.tflite and the like, is in `files/`, under the same number and with the same four files."


def _start(name: str) -> Iterator[str]:
    yield from _section("Start a server, in this folder", [
        f'docker run --rm -p 8500:8500 -p 8501:8501 -v "$PWD:/models/{name}:ro" tensorflow/serving \\',
        f"  --model_config_file=/models/{name}/model.config --monitoring_config_file=/models/{name}/monitoring.config \\",
        f"  --enable_batching --batching_parameters_file=/models/{name}/batching.config"])


def _ask(made: Exportable, name: str) -> Iterator[str]:
    at = f"http://localhost:8501/v1/models/{name}"
    yield from _section("Ask it", [f"curl -s {at}  # which versions serve"])
    if BYTES in served(made):
        yield ""
        yield "An image file, of any size; it is decoded, turned, scaled and cut out as in the test:"
        yield ""
        yield from _shell([f"""(printf '{{"signature_name": "{BYTES}", "instances": [{{"b64": "';""",
                           f"""  base64 < photo.jpg | tr -d '\\n'; printf '"}}]}}') | curl -s -d @- {at}:predict"""])
    height, width, channels = made.artifact.preprocess.shape
    yield ""
    yield f"Pixels from 0 to 255, already {height}x{width}x{channels}; here a grey image:"
    yield ""
    grey = f"[[[128] * {channels}] * {width}] * {height}"
    yield from _shell([f"""python3 -c 'import json; print(json.dumps({{"instances": [{grey}]}}))' |""",
                       f"  curl -s -d @- {at}:predict"])
    yield ""
    yield "Metrics for Prometheus:"
    yield ""
    yield from _shell([f"curl -s http://localhost:8501{METRICS}"])


def _signatures(made: Exportable) -> Iterator[str]:
    height, width, channels = made.artifact.preprocess.shape
    pixels = f"(n, {height}, {width}, {channels})"
    features = made.artifact.graph.features
    shapes = {level: ", ".join(["n", *map(str, features[level].value.type.shape)]) for level in made.levels}
    maps = "".join(f", `{level}` ({shape})" for level, shape in shapes.items())
    rows = {DEFAULT: (f"`images` {pixels} float32, 0 to 255", ANSWER),
            PIXELS: (f"`images` {pixels} uint8: a quarter of the bytes by gRPC", "the same"),
            BYTES: ("`image_bytes` (n,): JPEG, PNG, WebP, BMP or GIF", "the same"),
            CLASSIFY: (f"`inputs` (n,): tf.Example with `{EXAMPLE}`", "`classes` (names) and `scores` of the likeliest"),
            FEATURES: (f"`images` {pixels} float32, 0 to 255", f"`{EMBEDDING}`, what the last layer takes{maps}")}
    yield "## Signatures"
    yield ""
    yield (f"Of the likeliest there are {min(TOP, len(made.artifact.classes))}. A request that does not fit is refused; with "
           f"batching.config, so is one of more than {max(made.batches)} images.")
    yield ""
    yield "| signature | takes | answers |"
    yield "|---|---|---|"
    for name in served(made):
        yield f"| `{name}` | {' | '.join(rows[name])} |"


def _versions(version: int) -> Iterator[str]:
    yield "## Versions"
    yield ""
    yield "The server loads a higher number as soon as it is there, and drops the old one when the new one serves. To try a"
    yield "version on a part of the requests, change model.config as it says, and start the server with"
    yield "`--model_config_file_poll_wait_seconds=60 --allow_version_labels_for_unavailable_models`, so that it reads what you"
    yield "change."
    yield ""
    yield "To go back:"
    yield ""
    yield "- requests that name a label: exchange the numbers of the `version_labels`;"
    yield "- all others go to the highest version that is served, whatever the labels say: let the policy name the older one,"
    yield f"  `model_version_policy {{ specific {{ versions: {max(version - 1, 1)} }} }}`, or take the newest version's"
    yield f"  folder away (`mv {version} {version}.bad`)."


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from _shell(lines)


def _shell(lines: list[str]) -> Iterator[str]:
    yield "```sh"
    yield from lines
    yield "```"
