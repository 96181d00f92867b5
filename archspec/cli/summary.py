"""`archspec summary`: a row a stage, and totals."""

from __future__ import annotations

import click

from archspec.cli import DONE
from archspec.cli.completed import specs
from archspec.cli.options import as_json, overrides, print_json, spec_of
from archspec.cli.screen import screen
from archspec.errors import visible
from archspec.network import lower
from archspec.views.numbers import count, mebibytes, shape
from archspec.views.summary import Summary, to_json
from archspec.views.summary import summary as summarise


@click.command()
@click.argument("spec", shell_complete=specs)
@overrides
@as_json
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True,
              help="Images a step, for the memory of training.")
@click.option("--layers", is_flag=True, help="A row a layer instead of a row a stage.")
def summary(spec: str, overrides: tuple[str, ...], as_json: bool, batch: int, layers: bool) -> int:
    """Show what SPEC costs: output, parameters, multiply-adds and memory of each stage."""
    from archspec.views.tables import layers_table, summary_table
    loaded = spec_of(spec, overrides)
    result = summarise(lower(loaded), batch)
    if as_json:
        print_json(to_json(result))
        return DONE
    console = screen(120)
    title = f"{loaded.name}: {visible(loaded.description)}" if loaded.description else loaded.name
    console.print(title, markup=False, soft_wrap=True)  # a description may look like rich's markup
    console.print(layers_table(result) if layers else summary_table(result))
    for line in _facts(result, batch):
        console.print(line, soft_wrap=True)
    return DONE


def _facts(result: Summary, batch: int) -> list[str]:
    parameters, memory = result.parameters, result.memory
    levels = ", ".join(f"{level} {shape(found.value.type.shape)} ({found.section})"
                       for level, found in sorted(result.graph.features.items()))
    return [
        f"parameters  {count(parameters.trainable)} trainable, {count(parameters.non_trainable)} batch-norm statistics",
        f"depth       {result.depth} weighted layers",
        f"memory      weights {mebibytes(memory.weights)}; training with {batch} images a step "
        f"about {mebibytes(memory.training)}",
        *([f"features    {levels}"] if levels else []),
    ]
