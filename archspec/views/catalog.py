"""The specs and blocks at hand, with what they cost."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache

from archspec.io.places import shipped
from archspec.network import load, lower
from archspec.schema.tree import MappingTree, Scalar, plain
from archspec.spec.arch import Spec
from archspec.spec.blocks import BlockTable
from archspec.spec.dump import used_blocks
from archspec.spec.files import spec_names
from archspec.spec.library import shipped_blocks
from archspec.views.numbers import shape
from archspec.views.summary import summary

INDEX = "index.json"
"""What `specs` gives, kept beside the specs: lowering them all takes seconds. tools/docs.py writes it."""


@dataclass(frozen=True, slots=True)
class SpecEntry:
    """A spec that ships with archspec. `family` is the file of the block library that most of it is made of."""

    family: str
    name: str
    description: str
    reference: str
    input: str
    parameters: int
    macs: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block that ships with archspec, and its parameters as written."""

    family: str
    name: str
    description: str
    parameters: dict[str, object]


def specs() -> list[SpecEntry]:
    """Every shipped spec, by family and name: from the index if that was made of these files, else lowered."""
    path = shipped() / INDEX
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["files"] == _digest():
            return [SpecEntry(**entry) for entry in kept["specs"]]
    return list(lowered())


def index() -> str:
    """The text of the index: a line an entry."""
    entries = ",\n".join(json.dumps(asdict(entry), ensure_ascii=False) for entry in lowered())
    return f'{{"files": "{_digest()}", "specs": [\n{entries}\n]}}\n'


def _digest() -> str:
    """SHA-256 of every file that a shipped spec can be made of, with its name."""
    found = hashlib.sha256()
    for path in sorted(shipped().rglob("*.yaml")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(shipped()).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


@cache
def lowered() -> tuple[SpecEntry, ...]:
    """Every shipped spec, lowered, once in a process."""
    return tuple(sorted(map(_entry, spec_names()), key=lambda entry: (entry.family, entry.name)))


def _entry(name: str) -> SpecEntry:
    spec = load(name)
    graph = lower(spec)
    cost = summary(graph)
    return SpecEntry(_family(spec), name, spec.description, spec.reference, shape(graph.input.type.shape),
                 cost.parameters.trainable, cost.macs, cost.depth)


def _family(spec: Spec) -> str:
    """The file of the block library that most repeats of the stages come from; sequential for networks without blocks."""
    counts: Counter[str] = Counter()
    for stage in spec.stages:
        repeats = stage.repeats.value if isinstance(stage.repeats, Scalar) else 1
        if isinstance(stage.block, Scalar) and stage.block.text in shipped_blocks():
            counts[_file(stage.block.text)] += repeats if isinstance(repeats, int) else 1
    if not counts:
        counts.update(_file(name) for name in used_blocks(spec))
    return counts.most_common(1)[0][0] if counts else "sequential"


def _file(block: str) -> str:
    return shipped_blocks().family(block)


def blocks() -> list[BlockEntry]:
    """Every shipped block, by family and name."""
    found = []
    table = BlockTable(None)
    for name in shipped_blocks():
        tree = table.tree(name)
        description, parameters = tree.entries.get("description"), tree.entries.get("parameters")
        found.append(BlockEntry(_file(name), name, description.text if isinstance(description, Scalar) else "",
                                {key: plain(value) for key, value in parameters.entries.items()}
                                if isinstance(parameters, MappingTree) else {}))
    return sorted(found, key=lambda entry: (entry.family, entry.name))
