"""What a training needs, loaded and not used: processes are forked from one that has it, see apart.py."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from archspec.io.memory import collect_seldom
from archspec.io.quiet import quiet

MODULES = ("archspec.cli.training", "archspec.export.run", "archspec.train.begin", "archspec.train.loop",
           "archspec.train.reporting.picture.draw")

with suppress(Exception), quiet(told=Exception):  # what does not load is told by the training that needs it
    for name in MODULES:
        import_module(name)

collect_seldom()  # and what no process looks through stays shared by all
