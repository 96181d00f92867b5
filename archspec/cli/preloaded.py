"""What a training needs, loaded and not used: processes are forked from one that has it, see apart.py."""

from __future__ import annotations

from contextlib import suppress

from archspec.io.quiet import quiet

with suppress(Exception), quiet(told=Exception):  # what does not load is told by the training that needs it
    import archspec.cli.training
    import archspec.export.run
    import archspec.train.begin
    import archspec.train.loop
    import archspec.train.reporting.picture.draw  # noqa: F401
