"""What is there instead of a file that is not: a table may come from a system that writes paths otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from archspec.data.names import readable


@dataclass(eq=False)
class Nearby:
    """Looks for files by names that are the same but for case, or for the sign between folders; lists each folder once."""

    names: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)

    def instead(self, path: bytes) -> str:
        """A sentence on the file that is perhaps meant by a path where none is; '' where there is none."""
        slashes = path.replace(b"\\", b"/")
        if slashes != path and os.path.isfile(slashes):
            return "paths are written with / here, not with \\"
        found = self._in_other_case(slashes)
        if not found or found == path or not os.path.isfile(found):
            return ""
        also = ", and paths are written with /, not with \\" if slashes != path else ""
        return f"the file is called {readable(found)}; large and small letters are told apart{also}"

    def _in_other_case(self, path: bytes) -> bytes:
        """The path as its folders and file are called; b'' where one is not there."""
        if os.path.lexists(path):
            return path
        folder, name = os.path.split(path)
        if not name or folder == path:
            return b""
        inner = self._in_other_case(folder) if folder else b"."
        own = self._names(inner).get(_folded(name), b"") if inner else b""
        return os.path.join(inner, own) if own and folder else own

    def _names(self, folder: bytes) -> dict[bytes, bytes]:
        """What is in a folder, by name in small letters."""
        if folder not in self.names:
            try:
                self.names[folder] = {_folded(name): name for name in sorted(os.listdir(folder), reverse=True)}
            except OSError:
                self.names[folder] = {}
        return self.names[folder]


def _folded(name: bytes) -> bytes:
    return os.fsencode(os.fsdecode(name).casefold())
