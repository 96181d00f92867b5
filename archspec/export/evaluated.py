"""The folder of an evaluation: report.md with its pictures, and report.json with every number that they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from archspec.evaluate.result import Result, figures_of, finite
from archspec.evaluate.told import difference, figure, head
from archspec.export.calibration import CALIBRATION, draw_calibration
from archspec.export.confusion import CONFUSION, MOST_CLASSES, WORST_IMAGES, draw_confused, draw_worst, surely, words
from archspec.export.markdown import cell, pairs, table
from archspec.export.page import LISTED, WORST
from archspec.io.files import replacing, write_json, write_text
from archspec.spec.dump import to_inline

PAGE, DOCUMENT = "report.md", "report.json"


def write_figures(folder: Path, results: Sequence[Result], differences: Sequence[Mapping[str, Any]]) -> None:
    """Writes the folder, whole or not at all: of several results the pictures of each in a folder of its own, 1, 2, …

    It is new, or empty: else OSError.
    """
    with replacing(folder) as partial:
        partial.mkdir()
        places = [partial if len(results) == 1 else partial / str(number) for number in range(1, len(results) + 1)]
        drawn = [[str((place / name).relative_to(partial)) for name in _draw(place, each)]
                 for place, each in zip(places, results, strict=True)]
        write_text(partial / PAGE, "\n".join(_page(results, differences, drawn)) + "\n")
        write_json(partial / DOCUMENT, finite({"evaluate": [_document(each) for each in results], "differences": differences}))


def _draw(folder: Path, result: Result) -> Iterator[str]:
    """The names of the pictures that there are."""
    judged, worst = result.outcome, result.outcome.worst(WORST)
    folder.mkdir(exist_ok=True)
    if confused := draw_confused(folder, judged, result.classes, result.called):
        yield confused
    if result.calibration is not None:
        draw_calibration(folder / CALIBRATION, result.calibration, result.called)
        yield CALIBRATION
    if worst:
        draw_worst(folder / WORST_IMAGES, judged, worst, result.classes, result.members[0].shown(worst))
        yield WORST_IMAGES


def _document(result: Result) -> dict[str, Any]:
    """What `--json` prints of it, and what is drawn."""
    judged, found = result.outcome, result.to_json()
    if result.calibration is not None:
        found["calibration"] = [asdict(each) for each in result.calibration.bins]
    if not judged.several:
        if len(result.classes) <= MOST_CLASSES:
            found["confusion"] = judged.confusion.tolist()
        found["confused"] = [{"true": result.classes[true], "said": result.classes[said], "images": count}
                             for true, said, count in judged.confused(MOST_CLASSES)]
    found["worst"] = [_image(result, number) for number in judged.worst(WORST)]
    return found


def _image(result: Result, number: int) -> dict[str, Any]:
    judged, split = result.outcome, result.data.split
    found: dict[str, Any] = {"image": split.path(number), "loss": float(judged.losses[number])}
    if judged.several:
        true, said = ([result.classes[int(each)] for each in np.flatnonzero(row[number])]
                      for row in (judged.labels, judged.said))
        return found | {"true": true, "said": said}
    sure = surely(judged, number)
    assert sure is not None
    return found | {"true": result.classes[int(judged.labels[number])], "true_probability": sure[0],
                    "said": result.classes[int(judged.said[number])], "said_probability": sure[1]}


def _page(results: Sequence[Result], differences: Sequence[Mapping[str, Any]], drawn: Sequence[Sequence[str]]) -> Iterator[str]:
    data = results[0].data
    yield f"# {data.split.size:,} images of {cell(data.source)}, {data.which}"
    yield ""
    names = figures_of(results)
    yield from table(("", *map(head, names)), [
        (each.called, *(figure(name, each.figures.get(name), each.bounds.get(name)) for name in names)) for each in results])
    yield ""
    yield "In brackets 95 % intervals."
    yield ""
    for each in differences:
        yield f"- {cell(difference(each))}"
    yield from [""] * bool(differences)
    yield from _list("Data", results[0].to_json()["data"])
    for number, (result, pictures) in enumerate(zip(results, drawn, strict=True), 1):
        if len(results) > 1:
            yield f"# {number}: {cell(result.called)}"
            yield ""
        yield from _told(result, pictures)


def _list(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from (f"- {cell(key)}: {cell(_value(value))}" for key, value in found.items() if value not in (None, "", []))
    yield ""


def _value(value: object) -> str:
    """As a spec has it, lists without their brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    return ", ".join(map(_value, value)) if isinstance(value, list) else to_inline(value)


def _told(result: Result, pictures: Sequence[str]) -> Iterator[str]:
    judged, named = result.outcome, {Path(each).name: each for each in pictures}
    yield from (f"{cell(each['name'])}, fingerprint {cell(each['fingerprint'])}" for each in result.to_json()["models"])
    yield ""
    for model, protocol in zip(result.models, result.protocols, strict=True):
        yield from _list("Protocol" if len(result.models) == 1 else f"Protocol of {cell(model.called)}", protocol)
    if CALIBRATION in named:
        yield from _picture("Calibration", "How often it is right, over how sure it is", named[CALIBRATION])
    confused = next((path for name, path in named.items() if name not in (CALIBRATION, WORST_IMAGES)), None)
    if confused:
        yield from _picture("Confusion", "Which class is taken for which", confused)
    yield from pairs(judged, result.classes, LISTED if Path(confused or "").name == CONFUSION else MOST_CLASSES)
    yield from _classes(result)
    if WORST_IMAGES in named:
        yield from _picture("The most wrong images", "The images that it is most wrong about", named[WORST_IMAGES])
        yield from table(("image", "true", "its probability, %", "said", "loss"), [
            (result.data.split.path(number), true, _own(result, number), said, f"{judged.losses[number]:.2f}")
            for number in judged.worst(WORST) for true, said in (words(judged, number, result.classes),)])
        yield ""


def _own(result: Result, number: int) -> str:
    sure = surely(result.outcome, number)
    return "" if sure is None else figure("", sure[0])


def _picture(title: str, says: str, path: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield f"![{says}]({path})"
    yield ""


def _classes(result: Result) -> Iterator[str]:
    yield "## Classes"
    yield ""
    names = [name for name in result.by_class[0] if name != "class"]
    averages = [(f"mean ({kind})", *(figure(name, found[name]) if name in found else "" for name in names))
                for kind, found in result.outcome.averages.items()]
    yield from table(("", *map(head, names)), [
        *((row["class"], *(figure(name, row[name]) for name in names)) for row in result.by_class), *averages])
    yield ""
