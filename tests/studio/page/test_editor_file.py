"""codemirror.js is what tools/studio makes, told without npm."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import archspec.studio

ROOT = Path(__file__).resolve().parents[3]
PAGE = Path(archspec.studio.__file__).parent / "page"
MADE_OF = ("package-lock.json", "entry.js", "build.js")


def test_the_editor_is_made_of_what_stands_in_tools() -> None:
    digest = sha256(b"".join((ROOT / "tools/studio" / name).read_bytes() for name in MADE_OF)).hexdigest()
    with (PAGE / "codemirror.js").open(encoding="utf-8") as file:
        assert f"sha256:{digest}" in file.readline(), "make studio-page makes it anew"


def test_the_page_takes_from_it_what_it_has() -> None:
    entry = (ROOT / "tools/studio/entry.js").read_text(encoding="utf-8")
    given = {name for names in re.findall(r"export \{([^}]*)\}", entry) for name in re.findall(r"\w+", names)}
    taken = {name for path in PAGE.glob("*.js") for names in re.findall(r'import \{([^}]*)\} from "./codemirror.js"', path.read_text(encoding="utf-8"))
             for name in re.findall(r"\w+", names)}
    assert taken == given


def test_the_licence_of_each_package_is_beside_it() -> None:
    text = (PAGE / "codemirror_licences.txt").read_text(encoding="utf-8")
    parts = text.split("-" * 78)
    assert len(parts) > 8
    assert all(", MIT\n" in part and "Permission is hereby granted" in part for part in parts)
