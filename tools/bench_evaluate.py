"""Measures how fast networks are evaluated by many crops, against one crop times the number of crops, on JPEGs it makes itself.

Run from the checkout: python tools/bench_evaluate.py, or with the names of some networks, or with --quick. The protocols take
turns in one process, each on as many images as come to the same number of crops, and the median over the turns of
(images a second times crops) / (images a second of one crop) is held against the goal: many crops of an image are to cost no
more than as many images. A whole image counts as as many crops as their pixels are. The networks have random weights.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bench_data import SMALL, make  # noqa: E402
from bench_exports import artifact  # noqa: E402
from benching import parsed, parser_of, write  # noqa: E402
from rich.console import Console  # noqa: E402

from archspec.artifact.facts import facts_of  # noqa: E402
from archspec.data.source import Split  # noqa: E402
from archspec.data.sources import load_data  # noqa: E402
from archspec.evaluate.evaluation import Evaluated  # noqa: E402
from archspec.evaluate.views import scaled_to  # noqa: E402
from archspec.export.reference import reference  # noqa: E402
from archspec.predict.local import Local  # noqa: E402
from archspec.preprocess.rule import Preprocess  # noqa: E402
from archspec.schema.read import section_of  # noqa: E402
from archspec.spec.data import Folder  # noqa: E402
from archspec.spec.protocol import OWN, Protocol, load_protocol  # noqa: E402
from archspec.spec.recipe import Recipe  # noqa: E402
from archspec.views.tables import grid  # noqa: E402

NETWORKS = ("cifar_resnet20", "resnet18")
"""One that takes hardly any time beside its images, and one of ImageNet's size."""
PROTOCOLS = (OWN, "resnet-10", "inception-12", "googlenet-144", "vgg-dense")
GOAL = 0.9


@dataclass(frozen=True)
class Row:
    """One network by one protocol: images a second, and how many crops a second for each image a second of one crop."""

    network: str
    protocol: str
    crops: float
    images: int
    images_per_second: float
    ratio: float
    goal: float = GOAL

    @property
    def met(self) -> bool:
        """Whether it is as fast as it should be; one crop is what all are measured by."""
        return self.protocol == OWN or self.ratio >= self.goal


def protocol_of(name: str) -> Protocol:
    """A protocol that ships, or one crop."""
    return Protocol() if name == OWN else load_protocol(name)


def crops(protocol: Protocol, rule: Preprocess) -> float:
    """How many crops a protocol comes to; of whole images by their pixels."""
    if not protocol.dense:
        return protocol.count
    sides = [side.of(min(rule.height, rule.width)) for side in protocol.sizes or ()]
    pixels = sum(math.prod(scaled_to(side, rule, SMALL.height, SMALL.width)) for side in sides) * (1 + protocol.mirrored)
    return pixels / (rule.height * rule.width)


def bench(network: str, recipe: Recipe, split: Split, parts: int, rounds: int) -> list[Row]:
    """One network by all protocols, each on images that come to about so many parts."""
    made = artifact(network, None)
    model = Local(network, made.classes, made.preprocess, 0.0, reference(made), facts_of(made), None, artifact=made)
    many = {name: crops(protocol_of(name), model.rule) for name in PROTOCOLS}
    counts = {name: min(split.size, max(1, round(parts / each))) for name, each in many.items()}
    turns = [{name: _spent(model, name, recipe, first(split, counts[name])) for name in PROTOCOLS}
             for _ in range(rounds + 1)][1:]
    ratios = {name: statistics.median(turn[OWN] / turn[name] * many[name] * counts[name] / counts[OWN] for turn in turns)
              for name in PROTOCOLS}
    return [Row(network, name, many[name], counts[name],
                counts[name] / statistics.median(turn[name] for turn in turns), ratios[name]) for name in PROTOCOLS]


def first(split: Split, count: int) -> Split:
    """The first so many images of a split."""
    return replace(split, labels=split.labels[:count])


def _spent(model: Local, name: str, recipe: Recipe, split: Split) -> float:
    """Seconds that all images of a split take, from the first file to the last mean."""
    begin = time.perf_counter()
    evaluated = Evaluated(model, protocol_of(name), name, split, recipe)
    for _ in evaluated.groups(evaluated.together):
        pass
    return time.perf_counter() - begin


def report(rows: Sequence[Row], console: Console) -> None:
    """The rows as a table."""
    table = grid("network", "protocol", "crops", "images/s", "crops/s against one crop's", "goal", left=2)
    for row in rows:
        goal = "" if row.protocol == OWN else f"{row.goal:.2f}{'' if row.met else ' missed'}"
        table.add_row(row.network, row.protocol, f"{row.crops:.3g}", f"{row.images_per_second:.3g}", f"{row.ratio:.2f}", goal)
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark and prints the table; 1 if a goal is missed."""
    parser = parser_of(__doc__, NETWORKS)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each protocol (%(default)s)")
    parser.add_argument("--parts", type=int, default=576, help="crops of a turn (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a look: one turn of 144 crops")
    parser.add_argument("--json", type=Path, help="where to write the rows, too")
    given = parsed(parser, arguments, NETWORKS)
    parts, rounds = (144, 1) if given.quick else (given.parts, given.rounds)
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), SMALL._replace(files=parts))
        recipe = section_of(Recipe, {"data": {"source": "folder", "path": place}})
        assert isinstance(recipe.data, Folder)
        split = load_data(recipe.data).train
        rows = [row for name in given.names for row in bench(name, recipe, split, parts, rounds)]
    report(rows, Console(width=120))
    write(given.json, rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
