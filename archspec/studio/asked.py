"""What each request has: its fields and their kinds. What else stands in one is left out."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.studio.places import Json

TEXT, WHOLE, OBJECT = str, int, dict
Kind = type[str] | type[int] | type[dict]  # type: ignore[type-arg]
NAMES: Mapping[Kind, str] = {TEXT: "a text", WHOLE: "a whole number", OBJECT: "an object"}
LONGEST = 1 << 53

Fields = Mapping[str, tuple[Kind, bool]]
OWN: Fields = {"tab": (TEXT, False), "path": (TEXT, False), "name": (TEXT, False)}
DOCUMENT: Fields = {**OWN, "text": (TEXT, True)}
"""The fields of what is about a text, and whether they have to be there."""
PLACE: Fields = {**DOCUMENT, "line": (WHOLE, True), "column": (WHOLE, True)}
ASKED: Mapping[str, Fields] = {
    "open": {**OWN, "file": (TEXT, False), "zoo": (TEXT, False), "shipped": (TEXT, False), "draft": (TEXT, False)},
    "view-file": {"file": (TEXT, True)},
    "files": {"tab": (TEXT, False)},
    "check": {**DOCUMENT, "version": (WHOLE, False), "view": (OBJECT, False), "batch": (WHOLE, False), "digest": (TEXT, False)},
    "at": PLACE,
    "complete": PLACE,
    "rename": {**PLACE, "new": (TEXT, True)},
    "tries": DOCUMENT,
    "export": {**DOCUMENT, "view": (OBJECT, False), "format": (TEXT, True)},
    "zoo": {"tab": (TEXT, False), "query": (TEXT, False)},
    "runs": {"tab": (TEXT, False)},
    "save": {**DOCUMENT, "path": (TEXT, True), "digest": (TEXT, False)},
    "draft/drop": OWN,
    "budget": {"tab": (TEXT, False), "budget": (OBJECT, False)},
    "stop": {"tab": (TEXT, True)},
    "leave": {"tab": (TEXT, True)},
}
"""By the name of the request."""


class Malformed(Exception):
    """A request is none."""


def fields(name: str, request: Json) -> Json:
    """The fields of a request that are there. Raises Malformed."""
    found: Json = {}
    for field, (kind, needed) in ASKED[name].items():
        value = request.get(field)
        if value is None:
            if needed:
                raise Malformed(f"{name}: {field} is missing")
        elif not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, int) and abs(value) > LONGEST):
            raise Malformed(f"{name}: {field} is {NAMES[kind]}")
        else:
            found[field] = value
    return found
