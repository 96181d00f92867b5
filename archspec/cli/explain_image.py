"""`archspec explain-image`: what in an image speaks for a class, as pictures, and which block has which part in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli import DONE, WRONG_INPUT
from archspec.cli.bars import ticking
from archspec.cli.completed import files, listed, nothing
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import Screen, load_tensorflow, screen
from archspec.errors import InputError, nearest, some, visible
from archspec.io.places import is_address, user_path
from archspec.io.streams import aside
from archspec.predict.images import STDIN
from archspec.predict.images import images as meant
from archspec.saliency.methods import METHODS, OURS, SOFTWARE, is_ours

if TYPE_CHECKING:
    from archspec.data.looking import Tick
    from archspec.predict.described import Described
    from archspec.predict.images import Image
    from archspec.predict.local import Local
    from archspec.saliency.explained import Explained, Explainer, Part, Reason, Stage

PICTURE = "-explained.png"
MOST_BYTES = 200
"""Of an image's name in that of its picture: a file system takes 255 together with what stands before and behind it."""
WIDE = 24
"""Signs of the longest bar."""


def _methods(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Some of METHODS, with commas between them."""
    said = [each.strip() for each in value.split(",")]
    if wrong := [each for each in said if each not in METHODS]:
        raise click.BadParameter(f"'{wrong[0]}': {' or '.join(METHODS)} is expected, or both, with a comma between them")
    return tuple(each for each in METHODS if each in said)


@click.command()
@click.argument("model", shell_complete=files)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", shell_complete=files)
@click.option("--class", "classes", multiple=True, metavar="NAME", shell_complete=nothing,
              help="The class that is asked about, instead of the most probable one. May be repeated.")
@click.option("--method", default=",".join(METHODS), show_default=True, callback=_methods, metavar="gradcam,occlusion",
              shell_complete=listed(*METHODS), help="What is drawn: the gradient's map, what a hidden part costs, or both.")
@click.option("--at", metavar="NAME", shell_complete=nothing,
              help="Grad-CAM of the map that this layer, block or stage gives, instead of the last one before the head's pool.")
@click.option("--patch", type=click.IntRange(1), metavar="PIXELS",
              help="Of occlusion: the side of what is hidden, in pixels of the input; by default 1/7 of its shorter side.")
@click.option("--stride", type=click.IntRange(1), metavar="PIXELS",
              help="Of occlusion: the steps in which it is moved; by default half of the patch.")
@click.option("-o", "--output", metavar="DIR|FILE", shell_complete=files,
              help="The PNG to write, or the folder for those of several images; IMAGE-explained.png if not given.")
@as_json
def explain_image(model: str, images: tuple[str, ...], classes: tuple[str, ...], method: tuple[str, ...], at: str | None,
                  patch: int | None, stride: int | None, output: str | None, as_json: bool) -> int:
    """Draw what in each IMAGE speaks for a class, by Grad-CAM and by occlusion; and say which blocks have which part in it.

    MODEL is a run or its model.keras. IMAGE is a file, a folder of images, a pattern such as 'photos/*.jpg', or '-' for an
    image on standard input. Exit code 2 if one of them cannot be read; the others are explained all the same.
    """
    _refuse_other(method, at, patch, stride)
    where = None if output is None else user_path(output, "-o")
    found, drawn = _to_explain(list(meant(images, None)))
    if drawn:
        aside(f"left out: {some(visible(each) for each in drawn)}, which explain-image drew")
    paths = _paths(where, found)
    console = Screen(stderr=True)
    place, said = _seen(model)
    numbers = [_number(place, said.classes, name) for name in dict.fromkeys(classes)]
    load_tensorflow(console)
    from archspec.predict.opened import loaded
    asked = loaded(place, said)
    explainer = _explainer(asked, method, at, patch, stride)
    documents, refused = list[dict[str, Any]](), list[dict[str, str]]()
    with ticking(console) as tick:
        for image, path in zip(found, paths, strict=True):
            why = _explained(image, asked, explainer, numbers, tick)
            if isinstance(why, str):
                aside(f"{visible(image.name)}: cannot be read as an image ({why})")
                refused.append({"image": image.name, "message": why})
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            _draw(path, why, explainer, model)
            documents.append({**why.to_json(explainer), "picture": str(path)})
            if not as_json:
                _show(path, why, explainer)
    if as_json:
        print_json({"explain_image": documents, **({"refused": refused} if refused else {})})
    return WRONG_INPUT if refused else DONE


def _refuse_other(method: Sequence[str], at: str | None, patch: int | None, stride: int | None) -> None:
    if at is not None and "gradcam" not in method:
        raise click.UsageError("--at is of --method gradcam")
    for option, value in (("--patch", patch), ("--stride", stride)):
        if value is not None and "occlusion" not in method:
            raise click.UsageError(f"{option} is of --method occlusion")


def _to_explain(images: Sequence[Image]) -> tuple[list[Image], list[str]]:
    """The images, and the names of those that this command drew. Raises InputError where there are only these."""
    drawn = {each.name for each in images if each.name.endswith(PICTURE) and is_ours(Path(each.name))}
    found = [each for each in images if each.name not in drawn]
    if not found:
        raise InputError(f"{visible(images[0].name)} is a picture that explain-image drew\n"
                         "  hint: name the image that it is of")
    return found, sorted(drawn)


def _paths(where: Path | None, images: Sequence[Image]) -> list[Path]:
    """Where the pictures of images go: a name each, none of them that of something else.

    Raises InputError where -o names a file for several pictures, or one that is no PNG; where an image, or what another
    command or person made, would be written over.
    """
    file, called = where is not None and not where.is_dir() and bool(where.suffix), visible(str(where))
    if where is not None and file and where.suffix.lower() != ".png":
        raise InputError(f"{called}: pictures are written as PNG\n"
                         f"  hint: -o {visible(where.stem) or 'explained'}.png, or a folder")
    if where is not None and file and len(images) > 1:
        raise InputError(f"{called} is one file, and there are several images\n  hint: -o {visible(where.stem)} names a folder")
    if where is not None and not file and where.exists() and not where.is_dir():
        raise InputError(f"{called} is a file\n  hint: -o names a PNG, or a folder")
    found = [where] if where is not None and file else [(where or Path()) / name for name in _names(images)]
    for path in found:
        if path.exists() and not is_ours(path):
            raise InputError(f"{visible(str(path))} is there already, and no picture that explain-image drew: it would be "
                             "written over\n  hint: -o names another file or folder, or move it away")
    return found


def _names(images: Sequence[Image]) -> Iterator[str]:
    """Of pictures in a folder, after the images' own, as far as a file system has room."""
    taken = set[str]()
    for image in images:
        begun = os.fsencode(Path(image.name).stem if image.name != STDIN else "image")[:MOST_BYTES]
        stem, number = begun.decode(errors="ignore"), 1
        while (own := stem + (f"-{number}" if number > 1 else "") + PICTURE) in taken:
            number += 1
        taken.add(own)
        yield own


def _seen(model: str) -> tuple[Path, Described]:
    """Where a model lies, and what lies beside it. Raises InputError where it holds no network whose gradients can be taken."""
    from archspec.predict.beside import has_blocks
    from archspec.predict.opened import seen
    hint = "\n  hint: name the run that it is of, or the run's model.keras"
    if is_address(model):
        raise InputError(f"{visible(model)}: what a server has inside cannot be looked into{hint}")
    if Path(model).suffix in (".tflite", ".onnx"):
        raise InputError(f"{visible(model)}: an exported file holds no blocks, and gives no gradients{hint}")
    path, found = seen(model)
    if not has_blocks(path):
        raise InputError(f"{visible(model)}: a SavedModel holds no blocks, and gives no gradients{hint}")
    return path, found


def _explainer(asked: Local, method: Sequence[str], at: str | None, patch: int | None, stride: int | None) -> Explainer:
    """Raises InputError where the network has no such map, or the patch does not fit."""
    from archspec.predict.answers import checked
    from archspec.saliency.explained import Explainer
    from archspec.saliency.occlusion import patches
    assert asked.artifact is not None
    chosen = patches(asked.rule, patch, stride)
    found = Explainer(asked.artifact, lambda shown: checked(asked.run(shown), len(shown), asked.called), method, chosen, at,
                      asked.batch)
    if "gradcam" in method:
        _ = found.at  # what is wrong with it is said before an image is read
    return found


def _number(path: Path, classes: Sequence[str], name: str) -> int:
    if name not in classes:
        near = nearest(name, classes) or f"it knows {some(map(visible, classes))}"
        raise InputError(f"--class {visible(name)}: {path} knows no such class\n  hint: {near}")
    return list(classes).index(name)


def _explained(image: Image, asked: Local, explainer: Explainer, numbers: Sequence[int], tick: Tick) -> Explained | str:
    """What there is to be told of an image, or why it cannot be read."""
    from archspec.predict.answers import Refused
    from archspec.predict.images import Image as Read
    from archspec.predict.local import pixels, whole
    from archspec.saliency.explained import Explained
    from archspec.saliency.laid import Laid
    try:
        data = image.read()
    except OSError as error:
        return error.strerror or str(error)
    one = Read(image.name, partial(bytes, data))
    (seen,) = pixels([one], asked.rule, asked.white)
    if isinstance(seen, Refused):
        return seen.why
    shown = whole(one, asked.rule, asked.white)
    laid = Laid.of(asked.rule, *shown.shape[:2])
    return Explained(image.name, shown, laid, explainer.reasons(seen, numbers, tick))


def _draw(path: Path, explained: Explained, explainer: Explainer, called: str) -> None:
    from archspec.saliency.picture import Picture
    from archspec.train.reporting.picture.draw import save
    save(Picture(explained, explainer, called).draw(), path, {SOFTWARE: OURS})


def _show(path: Path, explained: Explained, explainer: Explainer) -> None:
    for reason in explained.reasons:
        click.echo(f"{visible(explained.name)}: {visible(reason.name)} {reason.probability:.2%}"
                   + ("" if reason.logit is None else f", logit {reason.logit:.4g}"))
        for line in _peaks(explained, reason, explainer):
            click.echo(f"  {line}")
        if reason.parts:
            screen(120).print(_table(reason))
            most = max(reason.parts, key=lambda part: part.adds)
            if most.adds > 0:
                click.echo(f"  {most.block.name} adds most to {visible(reason.name)}: {most.share:.1%} of what all blocks add")
    click.echo(visible(str(path)))


def _peaks(explained: Explained, reason: Reason, explainer: Explainer) -> Iterator[str]:
    if reason.cam is not None:
        peak, (high, wide) = explained.peak(reason.cam), reason.cam.shape
        place = f"highest at x={peak.x:.0f}, y={peak.y:.0f}" if peak.value else "nothing in it speaks for the class"
        yield f"Grad-CAM at {explainer.at}, {high}x{wide}: {place}"
    if reason.losses is not None:
        chosen = explainer.chosen
        peak = explained.peak(explained.hidden(reason.losses, chosen))
        what = f"{chosen.side}x{chosen.side} pixels of the input hidden at {chosen.count} places"
        yield f"{what}: " + (f"most is lost at x={peak.x:.0f}, y={peak.y:.0f}, {100 * peak.value:.3g} points of the probability"
                             if peak.value > 0 else "the probability loses at none of them")


def _table(reason: Reason) -> Any:
    from archspec.saliency.explained import by_stage
    from archspec.views.numbers import shape
    from archspec.views.tables import grid
    table = grid("block", "output", "carries", "adds", "share", "")
    table.columns[-1].justify = "left"
    most = max(abs(part.share) for part in reason.parts) or 1.0
    for stage in by_stage(reason.parts):
        if len(stage.parts) > 1:
            table.add_row(stage.name, "", *_figures(stage), "", style="bold")
        for part in stage.parts:
            bar = ("█" if part.share > 0 else "░") * round(WIDE * abs(part.share) / most)
            table.add_row(part.block.name, shape(part.output), *_figures(part), bar)
    return table


def _figures(of: Part | Stage) -> tuple[str, str, str]:
    return f"{of.carries:.3g}", f"{of.adds:.3g}", f"{of.share:.1%}"
