"""`archspec import`: a Keras model from a spec and weights that another library made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE
from archspec.cli.completed import layouts, specs
from archspec.cli.options import FILE, needed, overrides, spec_of
from archspec.cli.plan_tables import tables
from archspec.cli.screen import screen
from archspec.errors import InputError
from archspec.io.streams import aside
from archspec.network import lower, with_overrides
from archspec.weights.library import stage_blocks
from archspec.weights.load import Wanted, notes, planned, refuse, refuse_form

if TYPE_CHECKING:
    from archspec.graph.ir import Graph
    from archspec.weights.match import Plan


@click.command("import")
@click.argument("spec", shell_complete=specs)
@click.argument("weights", type=FILE)
@click.option("--layout", required=True, shell_complete=layouts,
              help="Where the weights are from: archspec (a run, or its model.keras), keras, "
                                              "pytorchcv, timm, timm-tf, torchvision; or a mapping of your own, a .yaml file "
                                              "as those in specs/weights.")
@click.option("-o", "--output", required=True, type=FILE, help="The model to write: NAME.keras.")
@click.option("--new-head", is_flag=True, help="Keep all but the last layer, which starts afresh: for other classes.")
@click.option("--partial", is_flag=True, help="Take what fits; what is missing starts afresh.")
@click.option("--as-is", is_flag=True, help="Take the numbers whatever they are, into a network of another form too.")
@overrides
def import_(spec: str, weights: Path, layout: str, output: Path, new_head: bool, partial: bool, as_is: bool,
            overrides: tuple[str, ...]) -> int:
    """Write the Keras model of SPEC with WEIGHTS: Keras's .keras and .h5, .safetensors, or a state dict in .pth.

    Every name and shape is compared before anything is loaded. Nothing in the file is run.
    """
    _check_output(output)
    loaded = spec_of(spec, overrides)
    graph = lower(loaded)
    wanted = Wanted(layout, new_head, partial, as_is=as_is)
    with planned(graph, stage_blocks(loaded), weights, wanted) as plan:
        console = screen(160)
        for table in tables(plan, graph):
            console.print(table)
        for note in notes(plan):
            aside(f"{weights}: {note}")
        refuse(plan, graph, wanted)
        if not as_is:
            refuse_form(plan, graph, lambda more: lower(with_overrides(loaded, more)))
        layers = _write(graph, plan, output, loaded.train.seed, wanted)
    said = plan.mapping.input  # a mapping of one's own may say nothing of it
    of_input = f"; the input of most weights of this kind, by their publisher's word: {said}" if said else ""
    click.echo(f"{output}  its output is logits{of_input}{needed(layers)}")
    return DONE


def _check_output(output: Path) -> None:
    if output.suffix != ".keras":
        raise InputError(f"{output}: the model is written as NAME.keras\n  hint: -o {output.stem or 'model'}.keras")
    if output.is_dir():
        raise InputError(f"{output} is a folder; -o names a file")


def _write(graph: Graph, plan: Plan, output: Path, seed: int, wanted: Wanted) -> tuple[str, ...]:
    """Returns the layers of archspec's that the file needs to be loaded."""
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()
    import keras

    from archspec.model.emit import build
    from archspec.model.saved import save
    from archspec.weights.load import fill
    keras.utils.set_random_seed(seed)
    model = build(graph, initialize=bool(plan.fresh or plan.missing), portable=True)
    fill(model, plan, wanted)
    return save(model, graph, output)
