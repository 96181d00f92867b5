"""What a training needs, loaded and not used: processes are forked from one that has it, see apart.py."""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module

from archspec.io.quiet import quiet

MODULES = ("archspec.cli.training", "archspec.export.run", "archspec.train.begin", "archspec.train.loop",
           "archspec.train.reporting.picture.draw")

with suppress(Exception), quiet(told=Exception):  # what does not load is told by the training that needs it
    for name in MODULES:
        import_module(name)

gc.freeze()  # none of it is ever garbage: no process has to look through it, and its memory stays shared by all
