"""Addresses of models that TensorFlow Serving serves: http://HOST:PORT/v1/models/NAME, grpc://HOST:PORT/NAME."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from archspec.errors import InputError, visible

PORTS = {"http": 8501, "https": 443, "grpc": 8500}
"""Where nothing is said: a server's own."""
FORMS = ("http://HOST:8501/v1/models/NAME, perhaps with /versions/NUMBER or /labels/LABEL behind it; "
         "grpc://HOST:8500/NAME, perhaps with /NUMBER or :LABEL")
_HTTP = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?/?")
_GRPC = re.compile(r"/(?P<name>[^/:]+)(?:/(?P<version>[0-9]{1,18})|:(?P<label>[^/:]+))?/?")


@dataclass(frozen=True)
class Address:
    """Which model of which server is meant; the one it serves where neither a version nor a label is said."""

    text: str
    scheme: Literal["http", "https", "grpc"]
    host: str
    port: int
    path: str
    name: str
    version: int | None
    label: str | None


def is_address(text: str) -> bool:
    """Whether a text is meant as an address."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def address(text: str) -> Address:
    """The address that a text is. Raises InputError for any other."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _other(text) from None
    scheme = parts.scheme
    if scheme not in PORTS or not _plain(parts) or port == 0:
        raise _other(text)
    found = (_GRPC if scheme == "grpc" else _HTTP).fullmatch(parts.path)
    if not found:
        raise _other(text)
    name, version, label = found["name"], found["version"], found["label"]
    return Address(text, scheme, parts.hostname or "", port or PORTS[scheme], parts.path.rstrip("/"),  # type: ignore[arg-type]
                   unquote(name), int(version) if version else None, unquote(label) if label else None)


def _plain(parts: SplitResult) -> bool:
    """Whether an address has a host, and neither a user, a question nor what no line of a request may hold."""
    return bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment \
        and parts.geturl().isascii() and parts.geturl().isprintable() and " " not in parts.geturl()


def _other(text: str) -> InputError:
    return InputError(f"{visible(text)} is no address of a served model\n  hint: write {FORMS}")
