"""Lays out docs/ and the pages beside the README for the generator of the site, in build/site/pages.

The Markdown is written for GitHub; here it becomes what Python-Markdown reads as the same: headings have GitHub's
anchors, `<picture>` an image each for light and dark, and lists as much indentation as Python-Markdown wants. Files of
the repository that a page leads to become pages, too, below source/, so that the site needs no other place.

Run by `make site`. A link or an anchor that leads nowhere, and a page that the navigation of mkdocs.yml does not name,
are errors: it prints them and ends with 1. With --built FOLDER it looks at a built site instead, whether its pages load
anything from an address outside.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "site" / "pages"
SOURCE = "source"
"""Where in the site the files of the repository are shown."""

FENCE = re.compile(r"^([ ]*)(`{3,}|~{3,})(.*)\n(?:.*\n)*?\1\2[ ]*$", re.MULTILINE)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) (.*?)[ ]*$", re.MULTILINE)
LINK = re.compile(r"(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)")
PICTURE = re.compile(r"<picture>\s*<source[^>]*srcset=\"([^\"]+)\">\s*<img src=\"([^\"]+)\" alt=\"([^\"]*)\">\s*</picture>")
COMMENT = re.compile(r"^<!--.*-->\n", re.MULTILINE)
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//")


@dataclass
class Site:
    """The pages by the path of their file, where each is in the site, and what is wrong with them."""

    pages: dict[str, str]
    shown: set[str] = field(default_factory=set)
    """Files and folders of the repository that pages lead to."""
    wrong: list[str] = field(default_factory=list)

    def place(self, path: str) -> str:
        """Where in the site a file of the repository is; an image is no page."""
        return self.pages.get(path) or f"{SOURCE}/{path}{'' if _image(path) else '.md'}"


def _image(path: str) -> bool:
    return path.endswith((".png", ".svg", ".jpg"))


def pages(root: Path = ROOT) -> dict[str, str]:
    """Each page: the path of its file in the repository, and where it is in the site."""
    found = {path.name: "index.md" if path.name == "README.md" else path.name.lower() for path in sorted(root.glob("*.md"))}
    return found | {f"docs/{path.name}": path.name for path in sorted((root / "docs").glob("*.md"))}


def navigation(text: str) -> list[str]:
    """The pages that mkdocs.yml names, from top to bottom."""
    return list(_named(yaml.safe_load(text)["nav"]))


def _named(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for each in entry.values() if isinstance(entry, dict) else entry:
            yield from _named(each)


# -- text ----------------------------------------------------------------------------------------------------------------

def outside_of(pattern: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """The text with what the pattern does not match changed."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [change(text[end:match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])


def anchors(text: str) -> list[str]:
    """What GitHub calls the headings of a page, in order."""
    taken: dict[str, int] = {}
    found = []
    for _, heading in HEADING.findall(FENCE.sub("", text)):
        plain = LINK.sub(r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        taken[name] = taken.get(name, -1) + 1
        found.append(f"{name}-{taken[name]}" if taken[name] else name)
    return found


def _anchored(text: str) -> str:
    names = iter(anchors(text))
    return outside_of(FENCE, text, lambda part: HEADING.sub(lambda match: f"{match[0]} {{#{next(names)}}}", part))


def _indented(text: str) -> str:
    """What belongs to an item of a numbered list, indented by four."""
    return re.sub(r"^(\d\.)[ ](.*\n(?:(?:[ ]{3}.*)?\n(?=[ ]{3}|\n|\d\. )|[ ]{3}.*\n)*)",
                  lambda match: f"{match[1]}  " + re.sub(r"^[ ]{3}(?=\S| )", "    ", match[2], flags=re.MULTILINE), text,
                  flags=re.MULTILINE)


def _pictured(text: str) -> str:
    """Each picture as two images, of which the theme shows one, that lead to the file itself; docs/ is the site's root."""
    return PICTURE.sub(lambda match: "\n".join(
        f'<a class="picture" href="{path}"><img src="{path}#only-{theme}" alt="{match[3]}" loading="lazy"></a>'
        for theme, path in (("light", match[2].removeprefix("docs/")), ("dark", match[1].removeprefix("docs/")))), text)


def _fenced(text: str) -> str:
    """The language of a fenced block alone: the rest of its first line is for tests."""
    return re.sub(r"^([ ]*```\w+)[ ].*$", r"\1", text, flags=re.MULTILINE)


# -- pages ---------------------------------------------------------------------------------------------------------------

def _linked(site: Site, page: str, text: str) -> str:
    """The page with its links as the site has them."""
    def link(match: re.Match[str]) -> str:
        return match[0] if OUTSIDE.match(match[2]) else f"{match[1]}({_target(site, page, match[2])})"
    return outside_of(FENCE, text, lambda part: outside_of(CODE, part, lambda plain: LINK.sub(link, plain)))


def _target(site: Site, page: str, link: str) -> str:
    path, _, anchor = link.partition("#")
    target = normpath(f"{Path(page).parent.as_posix()}/{path}") if path else page
    if target.startswith("..") or not (ROOT / target).exists():
        site.wrong.append(f"{page}: {link} leads nowhere")
        return link
    if anchor and (target not in site.pages or anchor not in anchors((ROOT / target).read_text(encoding="utf-8"))):
        site.wrong.append(f"{page}: {link}: there is no such heading")
    if target not in site.pages:
        site.shown.add(target)
    here = Path(site.place(page)).parent.as_posix()
    return f"{relpath(site.place(target), here) if path else ''}{'#' + anchor if anchor else ''}"


def _source(site: Site, path: str) -> str:
    """A page that shows a file of the repository, or what is in a folder."""
    head = f"---\nsearch: {{exclude: true}}\nhide: [toc]\n---\n\n# {path}\n\n"
    if (ROOT / path).is_dir():
        return head + "\n".join(_entry(site, path, each) for each in sorted((ROOT / path).iterdir()) if _kept(each)) + "\n"
    text = (ROOT / path).read_text(encoding="utf-8")
    kind = {"md": "markdown", "py": "python"}.get(Path(path).suffix[1:], Path(path).suffix[1:] or "text")
    return f"{head}~~~~~~~~ {kind}\n{text.rstrip()}\n~~~~~~~~\n"


def _kept(path: Path) -> bool:
    return not path.name.startswith((".", "__"))


def _entry(site: Site, folder: str, path: Path) -> str:
    here = f"{folder}/{path.name}"
    known = here in site.pages or here in site.shown
    return f"- [{path.name}]({relpath(site.place(here), f'{SOURCE}/{Path(folder).parent.as_posix()}')})" if known \
        else f"- {path.name}"


def laid_out(root: Path = ROOT) -> tuple[dict[str, str], dict[str, Path], list[str]]:
    """The text of each page of the site, the images that pages lead to, and what is wrong with links and navigation."""
    site = Site(pages(root))
    found = {}
    for page, place in site.pages.items():
        text = _fenced((root / page).read_text(encoding="utf-8"))
        found[place] = _linked(site, page, _pictured(_indented(COMMENT.sub("", _anchored(text)))))
    found |= {site.place(path): _source(site, path) for path in sorted(site.shown) if not _image(path)}
    named = navigation((root / "mkdocs.yml").read_text(encoding="utf-8"))
    site.wrong += [f"mkdocs.yml: the navigation lacks {page}" for page in site.pages.values() if page not in named]
    site.wrong += [f"mkdocs.yml: there is no page {page}" for page in named if page not in site.pages.values()]
    site.wrong += [f"mkdocs.yml: {page} stands there twice" for page in {page for page in named if named.count(page) > 1}]
    return found, {site.place(path): root / path for path in site.shown if _image(path)}, site.wrong


# -- the built site ------------------------------------------------------------------------------------------------------

class Loaded(HTMLParser):
    """What a page loads by itself; links that a reader may follow are no part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given.get(key) or "" for key in ("src", "srcset", "poster", "data")]
        if tag == "link" and given.get("rel") != "canonical":
            self.found.append(given.get("href") or "")


def loads(page: str) -> list[str]:
    """Which addresses outside of the site a page loads something from."""
    seen = Loaded()
    seen.feed(page)
    return [address for address in seen.found if OUTSIDE.match(address) and not address.startswith("data:")]


def main(arguments: Any = None) -> int:
    """Lays the pages out, or looks at the built ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", type=Path, help="a built site: does it load anything from outside?")
    built = parser.parse_args(arguments).built
    if built:
        wrong = [f"{path}: loads {address}" for path in sorted(built.rglob("*.html"))
                 for address in loads(path.read_text(encoding="utf-8"))]
    else:
        files, images, wrong = laid_out()
        shutil.rmtree(OUT, ignore_errors=True)
        for place, text in files.items():
            (OUT / place).parent.mkdir(parents=True, exist_ok=True)
            (OUT / place).write_text(text, encoding="utf-8")
        for place, image in images.items():
            (OUT / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, OUT / place)
        for folder in ("pictures", "assets"):
            shutil.copytree(ROOT / "docs" / folder, OUT / folder)
    print(*wrong, sep="\n", end="\n" * bool(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
