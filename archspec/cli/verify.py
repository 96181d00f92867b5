"""`archspec verify`: published figures, and the graph against the Keras model, layer by layer."""

from __future__ import annotations

import click

from archspec.cli import DONE, NO
from archspec.cli.completed import specs
from archspec.cli.options import overrides, spec_of
from archspec.errors import Problem, SpecError
from archspec.graph.ir import Graph
from archspec.network import lower
from archspec.spec.arch import Spec
from archspec.views.published import compare
from archspec.views.summary import summary


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=specs)
@overrides
def verify(specs: tuple[str, ...], overrides: tuple[str, ...]) -> int:
    """Hold each SPEC to its published figures, and the Keras model built from it to its graph. Exit code 1 if they differ."""
    differ = False
    for reference, spec, graph in _lowered(specs, overrides):
        figures = compare(spec.published, summary(graph))
        mismatches = _audit(graph)
        holds = all(figure.holds for figure in figures) and not mismatches
        differ = differ or not holds
        click.echo(f"{reference}: {'holds' if holds else 'DIFFERS'}")
        for line in [*map(str, figures), *mismatches] or ["no published figures"]:
            click.echo(f"  {line}")
        if not mismatches:
            click.echo(f"  {len(graph.nodes)} layers, the same in the graph and in the Keras model")
    return NO if differ else DONE


def _lowered(references: tuple[str, ...], overrides: tuple[str, ...]) -> list[tuple[str, Spec, Graph]]:
    """Each spec and its graph. Raises SpecError with the problems of all of them, before a model is built."""
    found: list[tuple[str, Spec, Graph]] = []
    problems: list[Problem] = []
    for reference in references:
        try:
            spec = spec_of(reference, overrides)
            found.append((reference, spec, lower(spec)))
        except SpecError as error:
            problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return found


def _audit(graph: Graph) -> list[str]:
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()

    from archspec.model.audit import differences
    return [str(mismatch) for mismatch in differences(graph)]
