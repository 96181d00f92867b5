"""`archspec serve-check`: any SavedModel folder against what TensorFlow Serving demands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE, NO
from archspec.cli.options import FILE, as_json, print_json
from archspec.cli.seconds import seconds
from archspec.errors import InputError, visible

if TYPE_CHECKING:
    from archspec.serving.contract import Checked, Line

SECONDS = 300.0
"""As much as the largest network of the zoo takes many times over."""


@click.command("serve-check")
@click.argument("folder", metavar="DIR", type=FILE)
@click.option("--strict", is_flag=True, help="Exit code 1 where a should is broken, too.")
@click.option("--timeout", type=seconds, default=SECONDS, show_default=True, metavar="SECONDS",
              help="How long a version may take that is loaded and asked.")
@as_json
def serve_check(folder: Path, strict: bool, timeout: float, as_json: bool) -> int:
    """Hold DIR, a model's folder with versions in it or one version, to all that a TensorFlow Serving needs of it.

    A must is what the server cannot do without, a should what it had better have. Exit code 1 if a must is broken. The graph
    is looked at first; then it is loaded and asked in a process of its own, which has an end, and no more memory than is free.
    """
    if not folder.is_dir():
        raise InputError(f"{visible(str(folder))}: no such folder\n  hint: name the folder of a model, such as models/NAME")
    from archspec.io.quiet import import_tensorflow
    from archspec.serving.contract import check, versions_in
    versions_in(folder)  # where there are none that is told at once
    import_tensorflow()
    found = check(folder, timeout)
    ok = found.ok(strict=strict)
    if as_json:
        print_json({"serve-check": {"ok": ok, "folder": str(folder), "strict": strict,
                                    "lines": [line.to_json() for line in found.lines]}})
    else:
        for text in _texts(found):
            click.echo(text)
    return DONE if ok else NO


def _texts(found: Checked) -> Iterator[str]:
    from archspec.serving.rules import RULES
    version = None
    for line in found.lines:
        if line.version != version:
            version = line.version
            yield f"{visible(str(found.folder))}{f', version {visible(version)}' if version else ''}"
        yield from _line(line)
    broken = [RULES[line.code].must for line in found.lines if line.holds is not True]
    must, should = broken.count(True), broken.count(False)
    if must:
        yield f"{must} must and {should} should are not seen to hold"
    else:
        more = f"; {should} should {'is' if should == 1 else 'are'} not seen to hold" if should else ""
        yield f"a server can serve it{more}"


def _line(line: Line) -> Iterator[str]:
    from archspec.serving.rules import RULES
    rule = RULES[line.code]
    none = line.holds and line.why
    mark = "--" if none else {True: "ok", False: "NOT", None: "?"}[line.holds]
    yield f"  {mark:3} {'must' if rule.must else 'should':6} {line.code:18} {rule.says}{f': {line.why}' if none else ''}"
    for fault in line.faults:
        yield f"        {fault.where + ': ' if fault.where else ''}{fault.message}"
    yield from (f"        hint: {hint}" for hint in line.hints)
    if line.why and not none:
        yield f"        not checked: {line.why}"
