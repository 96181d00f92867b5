"""Addresses of models that TensorFlow Serving serves: http://HOST:PORT/v1/models/NAME, grpc://HOST:PORT/NAME."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from archspec.errors import InputError, visible

Scheme = Literal["http", "https", "grpc"]
PORTS: Mapping[Scheme, int] = {"http": 8501, "https": 443, "grpc": 8500}
"""Where nothing is said: a server's own."""
FORMS = ("http://HOST:8501/v1/models/NAME, perhaps with /versions/NUMBER or /labels/LABEL behind it; "
         "grpc://HOST:8500/NAME, perhaps with /NUMBER or :LABEL")
_HTTP = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?/?")
_VERB = re.compile(r"(?P<model>https?://[^/]+/v1/models/.+?)(?P<verb>:[a-z]+|/metadata)/?")
"""What a client puts behind an address."""
_GRPC = re.compile(r"/(?P<name>[^/:]+)(?:/(?P<version>[0-9]{1,18})|:(?P<label>[^/:]+))?/?")


@dataclass(frozen=True)
class Address:
    """Which model of which server is meant; the one it serves where neither a version nor a label is said."""

    text: str
    scheme: Scheme
    host: str
    port: int
    path: str
    name: str
    version: int | None
    label: str | None


def address(text: str) -> Address:
    """The address that a text is. Raises InputError for any other."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _other(text) from None
    scheme = next((known for known in PORTS if known == parts.scheme), None)
    if scheme is None or not _plain(text, parts) or port == 0:
        raise _other(text)
    found = (_GRPC if scheme == "grpc" else _HTTP).fullmatch(parts.path)
    if not found:
        raise _other(text)
    name, version, label = found["name"], found["version"], found["label"]
    return Address(text, scheme, parts.hostname or "", port or PORTS[scheme], parts.path.rstrip("/"), unquote(name),
                   int(version) if version else None, unquote(label) if label else None)


def _plain(text: str, parts: SplitResult) -> bool:
    """Whether an address has a host, and neither a user, a question nor what no line of a request may hold."""
    return bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment \
        and text.isascii() and text.isprintable() and " " not in text


def _other(text: str) -> InputError:
    if found := _VERB.fullmatch(text):
        return InputError(f"{visible(text)}: the address of a model is expected, and no method of it\n"
                          f"  hint: leave {found['verb']} out: {visible(found['model'])}")
    return InputError(f"{visible(text)} is no address of a served model\n  hint: write {FORMS}")
