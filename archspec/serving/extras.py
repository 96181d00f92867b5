"""What lies beside a graph: labels, and the configurations that a server is started with."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from archspec.errors import some, visible
from archspec.export import server_config as config
from archspec.export.versions import versions
from archspec.serving.rules import Fault
from archspec.serving.warmups import WARMUP

OPTIONAL = ("batching", "config", "labels", "warmup")
"""The rules of files that need not be there."""
LABELS = ("assets.extra/labels.txt", "assets/labels.txt")
BATCHING = "batching.config"
OWN_BATCHING = "batching_params.pbtxt"
"""A version's own, which a server reads with --enable_per_model_batching_parameters."""
DEFAULT_SIZE = 1000
"""max_batch_size where nothing is said."""


def labels_of(version: Path) -> list[str] | None:
    """The lines of labels.txt; None where there is none that can be read."""
    path = next((version / name for name in LABELS if (version / name).is_file()), None)
    if path is None or path.stat().st_size > config.MOST_TEXT:
        return None
    text = path.read_text(encoding="utf-8-sig", errors="replace")  # only these two part lines, see artifact.labels
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def labels(version: Path) -> Iterator[Fault]:
    """Of labels.txt alone."""
    found = labels_of(version)
    if found is None:
        return
    if blank := [number for number, line in enumerate(found, 1) if not line.strip()]:
        yield Fault("labels", f"labels.txt:{blank[0]}", "is empty")
    if twice := [name for name, times in Counter(found).items() if times > 1]:
        yield Fault("labels", "labels.txt", f"names twice {some(map(visible, twice))}")


def beside(base: Path) -> set[str]:
    """Of these rules those that speak of something in a model's folder."""
    return {rule for rule, there in (("batching", _batchings(base)), ("config", (base / config.CONFIG).is_file())) if there}


def inside(version: Path) -> set[str]:
    """Of these rules those that speak of something in a version."""
    labelled = any((version / name).is_file() for name in LABELS)
    return {rule for rule, there in (("labels", labelled), ("warmup", (version / WARMUP).is_file())) if there}


def configs(base: Path) -> Iterator[Fault]:
    """Of the configurations beside the versions, and of a version's own."""
    for path in _batchings(base):
        yield from _batching(path)
    if (base / config.CONFIG).is_file():
        yield from _config(base / config.CONFIG, list(versions(base)))


def _batchings(base: Path) -> list[Path]:
    paths = (base / BATCHING, *(version / OWN_BATCHING for version in versions(base).values()))
    return [path for path in paths if path.is_file()]


def _batching(path: Path) -> Iterator[Fault]:
    try:
        found = config.parsed(path)
        sizes = [config.number(text) for text in config.values(found, "allowed_batch_sizes")]
        said = [config.number(text) for each in config.inner(found, "max_batch_size") for text in config.values(each, "value")]
    except ValueError as error:
        yield Fault("batching", path.name, visible(str(error)))
        return
    most = said[0] if said else DEFAULT_SIZE
    if sizes and (sizes != sorted(set(sizes)) or sizes[-1] != most or sizes[0] < 1):
        yield Fault("batching", path.name, f"allowed_batch_sizes are {some(map(str, sizes))}, max_batch_size is {most}")


def _config(path: Path, numbers: Sequence[int]) -> Iterator[Fault]:
    try:
        found = config.models(path)
    except ValueError as error:
        yield Fault("config", path.name, visible(str(error)))
        return
    names = [next(config.values(each, "name"), "") for each in found]
    if not found or len(set(names)) < len(names):
        yield Fault("config", path.name, f"its models are {some(map(visible, names)) or 'none'}",
                    'write each model once: model_config_list { config { name: … base_path: … model_platform: "tensorflow" } }')
    for name, each in zip(names, found, strict=True):
        yield from _model(path, name, each, numbers)


def _model(path: Path, name: str, model: config.Message, numbers: Sequence[int]) -> Iterator[Fault]:
    where = f"{path.name}, {visible(name)}"
    if not re.fullmatch(r"[^/:]+", name):
        yield Fault("config", where, "is no name that can stand in an address", "call the model without / and :")
    if next(config.values(model, "model_platform"), "") != "tensorflow":
        yield Fault("config", where, "model_platform is not tensorflow", 'write model_platform: "tensorflow"')
    base = next(config.values(model, "base_path"), "")
    if not (os.path.isabs(base) or "://" in base):
        yield Fault("config", where, f"base_path {visible(base)} is not absolute",
                    f'write the whole path, as the server sees it: base_path: "/models/{visible(name)}"')
    if config.is_beside(path, model):
        try:
            yield from _served(where, model, numbers)
        except ValueError as error:
            yield Fault("config", where, visible(str(error)))


def _served(where: str, model: config.Message, there: Sequence[int]) -> Iterator[Fault]:
    """The versions and labels of the model beside whose versions, the lowest first, the file lies."""
    pinned, counts = config.chosen(model), config.of_policy(model, "latest", "num_versions")
    every = any(True for policy in config.inner(model, "model_version_policy") for _ in config.inner(policy, "all"))
    if missing := sorted(set(pinned) - set(there)):
        yield Fault("config", where, f"there {_numbered(missing)}",
                    f"name versions in `specific` that are there ({some(map(str, there)) or 'none is'}), or put back the "
                    f"{'folder' if len(missing) == 1 else 'folders'} {some(map(str, missing))}")
    served = set(pinned or (there if every else there[-max((counts or [1])[0], 1):]))
    if unserved := sorted(set(config.labelled(model)) - served):
        yield Fault("config", where, f"labels name versions that are not served: {some(map(str, unserved))}",
                    f"let version_labels name what is served ({some(map(str, sorted(served))) or 'nothing'}), or name the "
                    "others in `specific`, too")


def _numbered(missing: Sequence[int]) -> str:
    return f"is no version {missing[0]}" if len(missing) == 1 else f"are no versions {some(map(str, missing))}"
