"""`archspec launch`: `archspec train` with several workers on this machine."""

from __future__ import annotations

import os
import sys
from functools import partial

import click

from archspec.cli.completed import specs
from archspec.cli.options import spec_of
from archspec.cli.train import train
from archspec.errors import InputError
from archspec.network import lower


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--workers", type=click.IntRange(2, 64), required=True, metavar="N", help="How many processes train.")
@click.argument("arguments", metavar="SPEC [OPTIONS OF TRAIN]", nargs=-1, type=click.UNPROCESSED, shell_complete=specs)
def launch(workers: int, arguments: tuple[str, ...]) -> int:
    """Train the network of SPEC with several workers on this machine: `train` in so many processes.

    All options of `archspec train` are handed on. GPUs are shared out over the workers; without any they share the
    processors, which is for trying things out: one process makes as good a use of them.
    """
    from archspec.train.devices import cluster as clusters
    from archspec.train.devices.launcher import Workers, addresses, gpus, shares
    given = train.make_context("archspec launch", list(arguments)).params
    if given["rank"] is not None:
        raise InputError("launch gives each worker its --rank\n  hint: leave it out")
    if clusters.read(os.environ).several:
        raise InputError("TF_CONFIG or Slurm describes workers, and launch starts its own\n"
                         "  hint: archspec train is the command there; or unset TF_CONFIG")
    spec = spec_of(given["spec"], given["overrides"])
    lower(spec)  # what is wrong with it is told once
    cluster = clusters.Cluster(0, tuple(addresses(workers)))
    clusters.refuse(cluster, given["strategy"] or spec.train.strategy)
    environments = shares([] if spec.train.gpus == 0 else gpus(os.environ), workers)
    common = [sys.executable, "-m", "archspec", "train", *arguments, "--workers", ",".join(cluster.workers), "--launcher",
              str(os.getpid())]
    commands = [[*common, "--rank", str(rank)] for rank in range(workers)]
    return Workers(commands, environments, partial(click.echo, err=True)).end()
