"""`archspec predict`: what a trained network says of images, wherever it lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click

from archspec.cli import DONE, WRONG_INPUT
from archspec.cli.completed import files
from archspec.cli.options import FILE, as_json
from archspec.cli.seconds import seconds
from archspec.errors import InputError, visible
from archspec.io.streams import aside

TOP = 5
SECONDS = 30.0
"""As long as a server itself works on a request of its REST interface."""


@click.command()
@click.argument("model", shell_complete=files)
@click.argument("images", nargs=-1, metavar="IMAGE...", shell_complete=files)
@click.option("--from", "listed", metavar="FILE", shell_complete=files,
              help="Read the names of images from FILE, one a line; '-' is standard input.")
@click.option("--top", type=click.IntRange(1), default=TOP, show_default=True, metavar="K",
              help="How many classes are told, the most probable first.")
@click.option("--labels", metavar="FILE", type=FILE,
              help="Call the classes as FILE does, one name a line, instead of as MODEL does.")
@click.option("--timeout", type=seconds, default=SECONDS, show_default=True, metavar="SECONDS",
              help="How long each answer of a server may take.")
@as_json
def predict(model: str, images: tuple[str, ...], listed: str | None, top: int, labels: Path | None, timeout: float,
            as_json: bool) -> int:
    """Say what MODEL takes each IMAGE for. Exit code 2 if one of them cannot be read; the others are told all the same.

    MODEL is a run, its model.keras, a SavedModel folder, models/NAME or models/NAME/VERSION of an export, a .tflite or .onnx
    file, or the address of a TensorFlow Serving: http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME. IMAGE is a file, a
    folder of images, a pattern such as 'photos/*.jpg', or '-' for an image on standard input.
    """
    from archspec.artifact.labels import read_labels
    from archspec.predict.answers import Refused, named
    from archspec.predict.images import images as meant
    from archspec.predict.images import together
    from archspec.predict.opened import opened
    found = meant(images, listed)
    first = next(found, None)  # what is wrong with the names is said before a model is loaded
    if first is None:
        raise InputError(f"--from {visible(listed or '')}: no image is named in it")
    names = read_labels(labels) if labels else None
    asked = opened(model, timeout)
    refused = list[dict[str, str]]()
    with (_document(refused) if as_json else _lines()) as tell:
        for group in together(chain([first], found), asked.batch):
            for image, answer in zip(group, asked(group), strict=True):
                if isinstance(answer, Refused):
                    aside(f"{visible(image.name)}: cannot be read as an image ({answer.why})")
                    refused.append({"image": image.name, "message": answer.why})
                else:
                    tell(image.name, named(answer, names).top(top))
    return WRONG_INPUT if refused else DONE


@contextmanager
def _lines() -> Iterator[Callable[[str, list[dict[str, Any]]], None]]:
    """A line an image."""
    def tell(name: str, top: list[dict[str, Any]]) -> None:
        classes = ", ".join(f"{_called(each)} {each['probability']:.2%}" for each in top)
        click.echo(f"{visible(name)}: {classes}")
    yield tell


def _called(said: dict[str, Any]) -> str:
    """The name of a class, or its number; one with a comma, which parts them in the line, is quoted."""
    name = said["class"]
    if name is None:
        return f"class {said['index']}"
    return visible(json.dumps(name, ensure_ascii=False) if "," in name else name)


@contextmanager
def _document(refused: list[dict[str, str]]) -> Iterator[Callable[[str, list[dict[str, Any]]], None]]:
    """One JSON document, written as it comes: the answers to a million images are not held."""
    before = "\n"

    def tell(name: str, top: list[dict[str, Any]]) -> None:
        nonlocal before
        click.echo(before + _text({"image": name, "top": top}), nl=False)
        before = ",\n"
    click.echo('{"predict": [', nl=False)
    try:
        yield tell
    finally:
        click.echo("]" + (f',\n"refused": {_text(refused)}' if refused else "") + "}")


def _text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace").decode()
