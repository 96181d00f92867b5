"""What the page asks the checker for: a function a request in a table, from what was asked to what is answered, as JSON."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from archspec.studio.asking import at, complete, rename
from archspec.studio.checking import check
from archspec.studio.exporting import export
from archspec.studio.places import Json
from archspec.studio.trying import tries
from archspec.studio.zoo import zoo


def difference(request: Json) -> Json:
    """Two texts, as lines of a unified difference: from the file on the disk to the text in the editor."""
    disk, here = (request[name].splitlines() for name in ("a", "b"))
    return {"difference": [*difflib.unified_diff(disk, here, "on the disk", "here", lineterm="")]}


def _runs(request: Json) -> Json:
    from archspec.studio.runs import runs  # with NumPy, which nothing else here needs
    return runs(request)


ANSWERS: Mapping[str, Callable[[Json], Json]] = {
    "check": check, "at": at, "complete": complete, "rename": rename, "export": export, "zoo": zoo, "runs": _runs,
    "difference": difference, "tries": tries}
"""By the name of the request. They raise InputError, whose words the page shows."""
