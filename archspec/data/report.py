"""What `archspec data check` says of a data set: how many images of which kinds and sizes, and what is odd about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.data.check import counts
from archspec.data.findings import Finding, findings
from archspec.data.looking import Looked
from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe

SHARES = (0, 5, 50, 95, 100)
"""Per cent of the images: of these the sizes are told."""


@dataclass(frozen=True)
class Report:
    """What a data set holds. `splits` counts the images of each class, `kinds` those of each kind of file with its channels.

    `sizes` has for "width", "height" and "aspect" (width / height) the values at SHARES; none where no size is known.
    """

    source: str
    splits: dict[str, dict[str, int]]
    images: dict[str, int]
    kinds: dict[str, int]
    sizes: dict[str, list[float]]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether a run would begin, and read every image that it does not skip."""
        return not any(finding.stops for finding in self.findings)

    @property
    def skipped(self) -> int:
        """How many images it would skip."""
        return sum(finding.skips for finding in self.findings)

    @property
    def classes(self) -> dict[str, int]:
        """The images of each class, over all splits."""
        found: dict[str, int] = {}
        for split in self.splits.values():
            for name, count in split.items():
                found[name] = found.get(name, 0) + count
        return found

    def to_json(self) -> dict[str, Any]:
        """The document of docs/commands.md."""
        problems = [{"code": each.code, "file": each.file, "message": each.message, "stops": each.stops}
                    for each in self.findings]
        return {"ok": self.ok, "source": self.source, "images": sum(self.images.values()), "classes": self.classes,
                "splits": self.splits, "kinds": self.kinds, "sizes": self.sizes, "problems": problems}


def not_loaded(source: str, error: InputError) -> Report:
    """The report on data that are not even found."""
    return Report(source, {}, {}, {}, {}, (Finding("source", "", str(error), stops=True),))


def report(looked: Looked, recipe: Recipe, rule: Preprocess, classes: int | None) -> Report:
    """The report on images that were all decoded, for a run with that rule, and a network of so many classes if it is known."""
    source = looked.source
    splits, images = dict[str, dict[str, int]](), dict[str, int]()
    for split in (source.train, source.test):
        name = split.name if split.name not in splits else "test"
        splits[name] = dict(zip(source.classes, counts(split.labels, len(source.classes)).tolist(), strict=True))
        images[name] = split.size
    return Report(source.name, splits, images, _kinds(looked), _sizes(looked),
                  tuple(findings(looked, recipe, rule, classes)))


def _kinds(looked: Looked) -> dict[str, int]:
    found: Counter[str] = Counter()
    for split in (looked.source.train, looked.source.test):
        rows, texts = looked.rows(split), looked.texts(split)
        pairs, number = np.unique(np.stack([rows["kind"], rows["mode"]]), axis=1, return_counts=True)
        for (kind, mode), count in zip(pairs.T.tolist(), number.tolist(), strict=True):
            what = f"{texts[kind]}, {texts[mode]}" if mode else texts[kind]
            found[what or ("no image" if split.encoded else "arrays")] += count
    return dict(found.most_common())


def _sizes(looked: Looked) -> dict[str, list[float]]:
    rows = np.concatenate([looked.rows(split)[["height", "width"]] for split in (looked.source.train, looked.source.test)])
    rows = rows[(rows["height"] > 0) & (rows["width"] > 0)]
    if not len(rows):
        return {}
    values = {"width": rows["width"], "height": rows["height"], "aspect": rows["width"] / rows["height"]}
    return {name: [round(float(each), 3) for each in np.percentile(value, SHARES, method="nearest")]
            for name, value in values.items()}
