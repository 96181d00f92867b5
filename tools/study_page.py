"""docs/studies.md: tables and pictures from docs/studies.json, and whether what its prose claims is true of the numbers.

A claim stands in a comment behind the sentence that makes it, `<!-- holds: EXPRESSION -->`, in the words of `CLAIMS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from textwrap import fill
from typing import Any, NamedTuple

from study_chart import COLOURS, Curve, Curves, Line, Point, Points, chart

from archspec.views.numbers import count

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "studies.md"
NUMBERS = ROOT / "docs" / "studies.json"
PICTURES = ROOT / "docs" / "pictures"
CLAIM = re.compile(r"<!-- holds: (.*?) -->", re.DOTALL)
CROPPED = "vgg_depth"


class Varied(NamedTuple):
    """A key that a study varies, by the last part of its path: what it is called, and each of its values."""

    key: str
    called: str
    words: Mapping[Any, str]


class Shown(NamedTuple):
    """How a study is shown: what is across, which lines there are, and by which of both the trainings are parted."""

    title: str
    across: Varied
    lines: Varied | None = None
    parted: Varied | None = None


def _layers(**words: str) -> Varied:
    return Varied("repeats", "layers", {int(each[1:]): word for each, word in words.items()})


DEPTH = _layers(n1="8", n3="20", n9="56")
DEEPER = _layers(n3="20", n9="56")
NETWORK = Varied("shortcut", "network", {"none": "plain", "pad": "residual"})
UNIT = Varied("preactivation", "unit", {False: "activated behind the addition", True: "pre-activation"})
BIAS = Varied("gate_bias", "bias", {0: "0", -1: "-1", -3: "-3"})
HIGHWAY = _layers(n2="10", n9="31")
BOTTLENECK = Varied("bottleneck", "layer", {"none": "one 3x3", 4: "bottleneck"})
TRUNK = Varied("trunk", "channels", {192: "192", 1088: "1088"})
SCALE = Varied("residual_scale", "residuals", {1: "as they are", 0.1: "times 0.1"})
CONFIGURATION = Varied("repeats", "configuration", {(1, 1, 2, 2, 2): "A (11)", (2, 2, 2, 2, 2): "B (13)",
                                                    (2, 2, 3, 3, 3): "D (16)", (2, 2, 4, 4, 4): "E (19)"})
STUDIES: dict[str, Shown] = {
    "degradation": Shown("Degradation", DEPTH, NETWORK, NETWORK),
    "shortcuts": Shown("Shortcuts", Varied("shortcut", "shortcut", {
        "pad": "A, zeros", "projection": "B, projections", "projection_always": "C, all projections"})),
    "preactivation": Shown("Pre-activation", DEEPER, UNIT, DEEPER),
    "cardinality": Shown("Cardinality", Varied("cardinality", "cardinality", {each: str(each) for each in (1, 2, 4)})),
    "se_ratio": Shown("Ratio", Varied("se", "ratio", {"none": "no gate", 2: "2", 8: "8"})),
    "se_placement": Shown("Placement", Varied("block", "place", {
        "basic": "SE", "basic_se_pre": "SE-PRE", "basic_se_post": "SE-POST", "basic_se_identity": "SE-Identity"})),
    "growth": Shown("Growth", Varied("growth", "growth rate", {4: "4", 8: "8", 12: "12"}), BOTTLENECK, BOTTLENECK),
    "compression": Shown("Compression", Varied("compression", "compression", {1: "1", 0.5: "0.5", 0.25: "0.25"})),
    "residual_scale": Shown("Residual scale", TRUNK, SCALE, TRUNK),
    "vgg_depth": Shown("Depth of VGG", CONFIGURATION),
    "gate_bias": Shown("Gates' bias", HIGHWAY, BIAS, HIGHWAY),
}
WAYS = {"1": "1 crop", "5": "5 crops", "10": "10 crops", "ensemble 1": "4 networks, 1 crop",
        "ensemble 5": "4 networks, 5 crops"}
"""What the runs of CROPPED are evaluated by."""


class Errors(NamedTuple):
    """Of the runs of a candidate, in percent."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the runs."""
        return mean(self.values)

    @property
    def deviation(self) -> float:
        """Of the sample, of n - 1; 0 of one run."""
        return stdev(self.values) if len(self.values) > 1 else 0.0

    def __str__(self) -> str:
        return f"{self.mean:.2f}" + (f" ± {self.deviation:.2f}" if len(self.values) > 1 else "")


class Numbers:
    """What docs/studies.json holds."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def candidate(self, study: str, *values: Any) -> Mapping[str, Any]:
        """The one with these values, in the order in which the study's file varies keys. Raises LookupError if none has."""
        for each in self.document["studies"][study]:
            if [*map(_plain, each["set"].values())] == [*map(_plain, values)]:
                found: Mapping[str, Any] = each
                return found
        raise LookupError(f"{study} has no candidate with {', '.join(map(str, values))}")

    def values(self, study: str, said: Mapping[str, Any]) -> tuple[Any, ...]:
        """In that order, what is said by the last parts of key paths."""
        return tuple(said[key] for key in self.document["studies"][study][0]["set"])

    def error(self, study: str, *values: Any) -> Errors:
        """Of the test, of the weights that the runs keep."""
        return Errors(tuple(run["error"] for run in self.candidate(study, *values)["runs"] if run["error"] is not None))

    def train(self, study: str, *values: Any) -> Errors:
        """Of the last epoch, while it was trained."""
        return Errors(tuple(run["train"][-1] for run in self.candidate(study, *values)["runs"] if run["train"]))

    def failed(self, study: str, *values: Any) -> int:
        """How many runs ended with an error."""
        return sum(run["state"] == "failed" for run in self.candidate(study, *values)["runs"])

    def params(self, study: str, *values: Any) -> int:
        """Trainable parameters."""
        return int(self.candidate(study, *values)["params"])

    def seen(self, way: str, configuration: str | None = None) -> Errors:
        """Of `way`, a key of WAYS: of the runs of a configuration of VGG, or of all."""
        found = self.document["evaluate"][way]
        return Errors(tuple(error for name, errors in found.items() for error in errors
                            if configuration is None or name == configuration))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (type(value) is bool, value)


def _half(one: Errors) -> float:
    """The squared standard error of a mean."""
    return one.deviation ** 2 / len(one.values)


def apart(one: Errors, other: Errors) -> bool:
    """Whether two means differ by more than twice the standard error of their difference."""
    return abs(one.mean - other.mean) > 2 * (_half(one) + _half(other)) ** 0.5


def above(one: Errors, other: Errors) -> bool:
    """Whether the first mean is higher, by more than twice the standard error of the difference."""
    return one.mean > other.mean and apart(one, other)


def alike(*several: Errors) -> bool:
    """Whether no two of them are apart."""
    return not any(apart(one, other) for number, one in enumerate(several) for other in several[:number])


def read() -> Numbers:
    """docs/studies.json."""
    return Numbers(json.loads(NUMBERS.read_text(encoding="utf-8")))


# -- claims --------------------------------------------------------------------------------------------------------------

def wrong_claims(text: str, numbers: Numbers) -> list[str]:
    """The claims of the page that are not true of the numbers."""
    known = {"error": numbers.error, "train": numbers.train, "failed": numbers.failed, "params": numbers.params,
             "seen": numbers.seen, "apart": apart, "above": above, "alike": alike, "abs": abs, "all": all, "max": max,
             "min": min, "zip": zip, "minutes": numbers.document["minutes"], "range": range, "len": len}
    return [claim for claim in CLAIM.findall(text) if not eval(claim, {"__builtins__": {}, **known})]


# -- tables --------------------------------------------------------------------------------------------------------------

def table(name: str, numbers: Numbers) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and the rows of the table of a study, or of the evaluations, `crops`."""
    if name == "crops":
        rows = [[words, *(str(numbers.seen(way, configuration)) for configuration in _configurations(numbers)),
                 f"{numbers.seen(way).mean:.2f}"] for way, words in WAYS.items()]
        return ("test error, %", *_configurations(numbers), "mean"), [tuple(row) for row in rows]
    shown = STUDIES[name]
    keys = [each for each in (shown.lines, shown.across) if each is not None]
    rows = []
    for said in _sets(shown):
        values = numbers.values(name, said)
        found, failed = numbers.candidate(name, *values), numbers.failed(name, *values)
        rows.append((*(each.words[said[each.key]] for each in keys), str(numbers.error(name, *values)),
                     str(numbers.train(name, *values)), str(len(found["runs"]) - failed) + f", {failed} failed" * bool(failed),
                     count(found["params"]), count(found["macs"])))
    return (*(each.called for each in keys), "test error, %", "training error, %", "seeds", "parameters", "multiply-adds"), rows


def machine(numbers: Numbers) -> str:
    """On what all of it ran, and for how long."""
    found = numbers.document
    sittings = f", in {found['sittings']} sittings" * (found["sittings"] > 1)
    versions = " and ".join(f"{name} {version}" for name, version in found["versions"].items())
    runs = sum(len(each["runs"]) for candidates in found["studies"].values() for each in candidates)
    return fill(f"The numbers below are those of {runs} trainings, which took {found['minutes']} minutes{sittings} on "
                f"{found['machine']}, up to {found['jobs']} sweeps at a time, with {versions}.", 120)


def _configurations(numbers: Numbers) -> list[str]:
    return list(numbers.document["evaluate"]["1"])


def _sets(shown: Shown) -> Iterator[dict[str, Any]]:
    for line in shown.lines.words if shown.lines else (None,):
        for value in shown.across.words:
            yield {shown.across.key: value, **({shown.lines.key: line} if shown.lines else {})}


# -- pictures ------------------------------------------------------------------------------------------------------------

def panels(name: str, numbers: Numbers) -> Sequence[Curves | Points]:
    """Trainings, parted as the study is shown, and what they came to."""
    if name == "crops":
        lines = [Line(configuration, [_point(at, numbers.seen(way, configuration)) for at, way in enumerate(WAYS)])
                 for configuration in _configurations(numbers)]
        return [Points("VGG, by what is seen", "", ["1 crop", "5", "10", "4 nets", "4 nets, 5"], lines)]
    shown = STUDIES[name]
    found: list[Curves | Points] = []
    both = [each for each in (shown.lines, shown.across) if each is not None]
    for part in shown.parted.words if shown.parted else (None,):
        within = next(each for each in both if each is not shown.parted)
        curves = []
        for number, (value, word) in enumerate(within.words.items()):
            said = {within.key: value, **({shown.parted.key: part} if shown.parted else {})}
            number_alone = word.lstrip("-").replace(".", "").isdigit()
            label = word if not number_alone else f"{word} layers" if within.called == "layers" else f"{within.called} {word}"
            curves.append((number, _curve(label, numbers.candidate(name, *numbers.values(name, said))["runs"])))
        title = shown.title if shown.parted is None else f"{shown.parted.words[part]} {shown.parted.called}" \
            if shown.parted.key in ("repeats", "trunk") else shown.parted.words[part]
        found.append(Curves(title, curves))
    lines = [Line(shown.lines.words[value] if shown.lines else "", [
        _point(at, numbers.error(name, *numbers.values(name, {shown.across.key: each, **(
            {shown.lines.key: value} if shown.lines else {})})))
        for at, each in enumerate(shown.across.words)]) for value in (shown.lines.words if shown.lines else (None,))]
    if shown.lines and shown.lines.key == "gate_bias":
        lines = [line._replace(label=f"bias {line.label}") for line in lines]
    return [*found, Points("test error at the end", shown.across.called, list(shown.across.words.values()), lines)]


def _point(at: int, errors: Errors) -> Point:
    return Point(at, errors.values, errors.mean, errors.deviation)


def _curve(label: str, runs: Sequence[Mapping[str, Any]]) -> Curve:
    """The mean over the runs that were trained to the end."""
    whole = [run for run in runs if run["state"] == "finished"]
    return Curve(label, *([mean(each) for each in zip(*(run[key] for run in whole), strict=True)] for key in ("train", "test")))


def pictures(numbers: Numbers) -> Iterator[tuple[Path, str]]:
    """Each picture of the page, in light and dark."""
    for name in (*STUDIES, "crops"):
        for theme in COLOURS:
            yield PICTURES / f"study_{name}_{theme}.svg", chart(panels(name, numbers), theme)
