"""report.md: a run on one page, with all that is needed to compare its result with another's."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.errors import visible
from archspec.evaluate.outcome import Outcome
from archspec.export.confusion import CONFUSION, PAIRS, WORST_IMAGES, words
from archspec.export.markdown import cell, pairs, table
from archspec.preprocess.rule import Preprocess
from archspec.spec.dump import to_inline
from archspec.spec.files import recipe_names
from archspec.train.ending import best
from archspec.train.progress import Row
from archspec.train.reporting.speed import duration
from archspec.train.saving.manifest import Manifest
from archspec.views.recipes import entry

LISTED = 10
"""Classes, pairs and images of which a table tells."""
WORST = 18
"""Images in worst.png."""


@dataclass(frozen=True)
class Told:
    """What a page is made of. `judged` and the names of the test images are None and () where the data are not there."""

    artifact: Artifact
    manifest: Manifest
    history: Sequence[Row]
    result: Mapping[str, Any]
    skipped: int
    pictures: frozenset[str]
    """Names of the pictures that lie beside the page."""
    judged: Outcome | None = None
    images: Sequence[str] = ()
    """Of `judged.worst`, in its order."""


def page(told: Told) -> str:
    """The Markdown text."""
    parts = (_result(told), _protocol(told), _recipe(told), _curves(told), _classes(told), _images(told), _made(told))
    return f"# {cell(told.artifact.name)} on {cell(told.result['data'])}\n\n" + "\n".join(
        line for part in parts for line in part)


def _result(told: Told) -> Iterator[str]:
    result = told.result
    named = {"top-1 error": _error(result["top1"]), "top-5 error": _error(result["top5"]), "loss": f"{result['loss']:.4f}"}
    yield from table(("of", *named), [(f"{result['examples']} {cell(result['split'])} images", *named.values())])
    yield ""


def _error(share: float | None) -> str:
    return "" if share is None else f"{1 - share:.2%}"


def _protocol(told: Told) -> Iterator[str]:
    yield "## Protocol"
    yield ""
    yield from (f"- {line}" for line in (
        f"one look at each image: {seen(told.artifact.preprocess)}",
        f"{_tested(told)}; a class is hit among k if fewer than k others score at least as high",
        f"network {told.artifact.fingerprint}, {_parameters(told.artifact):,} parameters; data {told.artifact.data}, "
        f"{len(told.artifact.classes)} classes",
        f"{told.skipped} images left out, for they cannot be read (skipped.txt)" if told.skipped else
        "no image left out that cannot be read"))
    yield ""


def _parameters(artifact: Artifact) -> int:
    return sum(weight.size for node in artifact.graph.predicting for weight in node.weights if weight.trainable)


def _tested(told: Told) -> str:
    """Which weights the result is of, and in which numbers they were tested: an average is kept in float32."""
    recipe, weights = told.manifest.train, told.result.get("weights", "raw")
    averaged = weights != "raw" and recipe.get("ema") is not None
    numbers = "float32" if averaged else recipe.get("precision", "float32")
    epoch = f"{told.result.get('epoch', len(told.history))} of {recipe.get('epochs')}{_best(told) if weights == 'best' else ''}"
    return f"{'moving average of the ' * averaged}weights after epoch {epoch}; {numbers}"


def _best(told: Told) -> str:
    """By what its epoch is the best, of all or of those that were kept; '' where the manifest does not say by what."""
    metric = told.manifest.train.get("checkpoint", {}).get("metric")
    if not metric:
        return ""
    own = [row for row in told.history if row["epoch"] == told.result.get("epoch") and metric in row]
    alike = [row for row in told.history if metric in row and row.get("averaged") == own[0].get("averaged")] if own else []
    kept = bool(own) and best(alike, metric)[0][metric] != own[0][metric]
    return f", the best{' that was kept' * kept} by {metric}"


def seen(rule: Preprocess) -> str:
    """How an image becomes the network's input, in a line."""
    told = rule.to_json()
    resize = cell(to_inline(told["resize"]))
    return (f"resize {resize}, offset {rule.offset}, {rule.interpolation}, {'' if rule.antialias else 'no '}antialias, decoder "
            f"{rule.decoder}, {rule.order}, mean {_numbers(rule.mean)}, std {_numbers(rule.std)}; {rule.width}x{rule.height}x"
            f"{rule.channels}")


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _recipe(told: Told) -> Iterator[str]:
    yield "## Recipe"
    yield ""
    if name := told.manifest.recipe:
        yield f"{cell(name)}, and what was written beside it{_published(name)}."
        yield ""
    yield "```yaml"
    yield from (f"{visible(key)}: {visible(to_inline(value))}" for key, value in said(told.manifest.train).items())
    yield "```"
    yield ""


def _published(name: str) -> str:
    """What a shipped recipe came to where it is from; '' where this version has none of that name."""
    found = entry(name) if name in recipe_names() else None
    return f"; published: {found.result}; {found.protocol}" if found else ""


def _curves(told: Told) -> Iterator[str]:
    yield "## Training"
    yield ""
    yield "![Loss and error over the epochs](curves.png)"
    yield ""
    lowest = max(told.history, key=lambda row: row["test_top1"])
    yield (f"{len(told.history)} epochs in {duration(told.history[-1]['seconds'])}, {told.result['images_per_second']} images "
           f"a second. The lowest test error after an epoch was {1 - lowest['test_top1']:.2%}, after epoch "
           f"{lowest['epoch']:.0f}.")
    yield ""
    if events := [*_early(told), *_back(told), *_starts(told)]:
        yield from (f"- {line}" for line in events)
        yield ""


def _early(told: Told) -> Iterator[str]:
    """That it has stopped before its last epoch, and why."""
    epochs, rule = told.manifest.train.get("epochs"), told.manifest.train.get("stop_early")
    if rule and epochs is not None and len(told.history) < epochs:
        yield cell(f"stopped early, after {len(told.history)} of {epochs} epochs: {rule['metric']} had not got better for "
                    f"{rule['patience']} epochs")


def _back(told: Told) -> Iterator[str]:
    """Where it diverged and went back: an epoch learns less then."""
    for before, row in zip(({}, *told.history), told.history, strict=False):
        if left_out := int(row.get("skipped_steps", 0)):
            steps = row.get("step", 0) - before.get("step", 0)
            yield f"diverged in epoch {row['epoch']:.0f} and went back: {left_out} of its {steps:.0f} steps are left out"


def _starts(told: Told) -> Iterator[str]:
    """Where it was stopped and taken up again."""
    for start in told.manifest.resumed:
        elsewhere = start.get("machine") or told.manifest.machine
        where = "" if elsewhere == told.manifest.machine else f", on another machine: {'; '.join(map(str, elsewhere.values()))}"
        yield cell(f"taken up again after step {start.get('step')}, {start.get('time')}{where}")


def _classes(told: Told) -> Iterator[str]:
    judged = told.judged
    if judged is None:
        yield "The data are not there any more: what each class and each image got is not told."
        yield ""
        return
    names = told.artifact.classes
    yield "## Classes"
    yield ""
    for name in (CONFUSION, PAIRS):
        if name in told.pictures:
            yield f"![Which class is taken for which]({name})"
            yield ""
    wrong = sorted((row for row in judged.by_class if row.images and row.f1 < 1), key=lambda row: (row.f1, row.number))
    if not wrong:
        yield "Nothing is wrong about any image."
        yield ""
        return
    yield from table(("the worst classes", "images", "precision", "recall", "F1"), [
        (names[row.number], row.images, f"{row.precision:.2%}", f"{row.recall:.2%}", f"{row.f1:.2%}")
        for row in wrong[:LISTED]])
    yield ""
    yield from pairs(judged, names, LISTED)


def _images(told: Told) -> Iterator[str]:
    if told.judged is None or not told.images:
        return
    judged = told.judged
    yield "## The most wrong images"
    yield ""
    if WORST_IMAGES in told.pictures:
        yield f"![The images that it is most wrong about]({WORST_IMAGES})"
        yield ""
    chosen = zip(judged.worst(LISTED), told.images, strict=False)
    yield from table(("image", "true", "said", "loss"), [
        (name, true, said, f"{judged.losses[number]:.2f}")
        for number, name in chosen for true, said in (words(judged, number, told.artifact.classes),)])
    yield ""


def _made(told: Told) -> Iterator[str]:
    manifest = told.manifest
    yield "## How it was made"
    yield ""
    yield "```sh"
    yield visible(shlex.join(manifest.command))
    yield "```"
    yield ""
    said = {"seed": manifest.seed, **manifest.machine,
            "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items())}
    yield from table(("", "where it began"), said.items())


def said(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without keys that have no value, or whose section has none."""
    inner = {key: said(value) if isinstance(value, Mapping) else value for key, value in recipe.items()}
    return {key: value for key, value in inner.items() if value is not None and value != {}}
