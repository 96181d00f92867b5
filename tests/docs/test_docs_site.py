"""The site that `make site` builds: every page is in its navigation, every link leads somewhere, all is from the checkout.

The pages are laid out as the site has them, and not rendered: that is the generator's, which reads them strictly.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from pages import PAGES, ROOT
from tooling import tool

SITE = tool("build_site")


@cache
def _laid_out() -> tuple[dict[str, str], dict[str, Path], list[str]]:
    return SITE.laid_out()


def test_every_page_is_in_the_navigation_and_every_link_leads_somewhere() -> None:
    assert not _laid_out()[2]


def test_it_has_all_pages_of_the_documentation() -> None:
    assert {ROOT / path for path in SITE.pages()} == set(PAGES)


def test_links_within_the_site_are_to_what_it_has() -> None:
    files, images, _ = _laid_out()
    for page, text in files.items():
        for link in re.findall(r"\]\(([^)\s#]+)", "" if page.startswith("source/") else SITE.FENCE.sub("", text)):
            if not SITE.OUTSIDE.match(link):
                assert SITE.normpath(f"{Path(page).parent.as_posix()}/{link}") in {*files, *images}, f"{page}: {link}"


def test_pictures_are_those_of_the_checkout_and_both_themes_are_shown() -> None:
    shown = re.findall(r'<img src="(\S+)_(light|dark)\.svg#only-(light|dark)"', _laid_out()[0]["pictures.md"])
    assert shown
    assert all(theme == only and (ROOT / "docs" / f"{path}_{theme}.svg").is_file() for path, theme, only in shown)
    assert not [page for page, text in _laid_out()[0].items() if "<source " in text and not page.startswith("source/")]


@pytest.mark.parametrize(("written", "shown"), [
    ("# The `train` key\n", "# The `train` key {#the-train-key}\n"),
    ("## A\n\n```sh\n# no heading\n```\n\n## A\n", "## A {#a}\n\n```sh\n# no heading\n```\n\n## A {#a-1}\n"),
])
def test_headings_have_the_anchors_of_github(written: str, shown: str) -> None:
    assert SITE._anchored(written) == shown


def test_what_belongs_to_an_item_is_indented_as_the_generator_wants_it() -> None:
    assert SITE._indented("1. a\n   b\n\n   ```sh\n     c\n   ```\n\n2. d\n\ne\n") == \
        "1.  a\n    b\n\n    ```sh\n      c\n    ```\n\n2.  d\n\ne\n"


@pytest.mark.parametrize(("page", "wrong"), [
    ("[a](no.md)", "docs/zoo.md: no.md leads nowhere"),
    ("[a](pictures.md#no)", "docs/zoo.md: pictures.md#no: there is no such heading"),
    ("[a](../../elsewhere)", "docs/zoo.md: ../../elsewhere leads nowhere"),
    ("`[a](no.md)` and [a](https://example.com)", None),
])
def test_a_link_that_leads_nowhere_is_told(page: str, wrong: str | None) -> None:
    site = SITE.Site(SITE.pages())
    SITE._linked(site, "docs/zoo.md", page)
    assert site.wrong == ([wrong] if wrong else [])


@pytest.mark.parametrize(("tag", "found"), [
    ('<script src="https://example.com/a.js"></script>', ["https://example.com/a.js"]),
    ('<link rel="stylesheet" href="//example.com/a.css">', ["//example.com/a.css"]),
    ('<a href="https://example.com">there</a><img src="data:image/png;base64,AA"><script src="../a.js"></script>', []),
])
def test_what_a_page_loads_from_elsewhere_is_found(tag: str, found: list[str]) -> None:
    assert SITE.loads(tag) == found
