"""The image files in a folder and below: by content where the name does not say, and a count of all else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from archspec.data.names import readable
from archspec.errors import InputError
from archspec.preprocess.header import HEAD, IS_UNREAD, SVG, kind_of, unread

KINDS = {b".jpg": "JPEG", b".jpeg": "JPEG", b".jpe": "JPEG", b".jfif": "JPEG", b".png": "PNG", b".gif": "GIF", b".bmp": "BMP",
         b".dib": "BMP", b".webp": "WebP", b".tif": "TIFF", b".tiff": "TIFF", b".ppm": "PPM", b".pgm": "PPM", b".pbm": "PPM",
         b".pnm": "PPM", b".jp2": "JPEG 2000", b".j2k": "JPEG 2000", b".avif": "AVIF"}
"""What kind of image a suffix says, as preprocess/header.py calls it."""
SUFFIXES = tuple(KINDS)
"""A file so called is meant as an image: it is read, or it is a mistake. What is called otherwise is looked into."""
RAW = (b".cr2", b".cr3", b".nef", b".arw", b".dng", b".orf", b".rw2", b".raf", b".pef", b".srw", b".nrw", b".sr2", b".srf",
       b".rwl", b".x3f", b".3fr", b".iiq", b".erf", b".kdc", b".dcr", b".mrw")
"""What cameras call their sensors' own files: by their first bytes they are TIFF, but what is read of them is a preview."""
UNREAD = {**dict.fromkeys(RAW, "raw photograph"), b".heic": "HEIC photograph", b".heif": "HEIC photograph",
          b".hif": "HEIC photograph", b".psd": "Photoshop file", b".psb": "Photoshop file", b".svg": SVG, b".svgz": SVG,
          b".jxl": "JPEG XL image", b".dcm": "DICOM image", b".exr": "OpenEXR image"}
"""Images of kinds that are not read, by suffix, where their first bytes do not say so."""
LEFTOVERS = frozenset({b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b"icon\r", b"__macosx", b"@eadir", b"$recycle.bin",
                       b"system volume information", b"lost+found"})
"""What systems and tools leave in folders, in lower case, beside all that begins with a dot."""

HIDDEN = ("hidden file or folder", "hidden files or folders")
LINK = ("link to a folder", "links to folders")
BROKEN = ("broken link", "broken links")
NO_FILE = ("entry that is no file", "entries that are no files")
NO_IMAGE = ("file that is no image", "files that are no images")
OUTSIDE = ("file in no class folder", "files in no class folder")
BESIDE = ("entry beside the folders of the splits", "entries beside the folders of the splits")

Kind = tuple[str, str]
"""One of them, several of them."""
ARE_UNREAD = ", which are not read"
CONVERT = "\n  hint: what is not read has to be converted, to JPEG say, to be trained on"


@dataclass
class LeftOut:
    """Counts what is not used, by kind, and keeps the first name of each, as seen from `root`."""

    root: bytes
    counts: dict[Kind, int] = field(default_factory=dict)
    firsts: dict[Kind, str] = field(default_factory=dict)

    def add(self, kind: Kind, path: bytes) -> None:
        """One more."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.firsts.setdefault(kind, readable(below(self.root, path)))

    def take(self, other: LeftOut) -> None:
        """All that another has counted."""
        for kind, count in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
            self.firsts.setdefault(kind, other.firsts[kind])

    def unread(self) -> LeftOut:
        """Of these the images of kinds that are not read."""
        kinds = [kind for kind in self.counts if kind[0].endswith(IS_UNREAD)]
        return LeftOut(self.root, {kind: self.counts[kind] for kind in kinds}, {kind: self.firsts[kind] for kind in kinds})

    def __str__(self) -> str:
        said = ", ".join(f"{count} {kind[count > 1]} (first: {self.firsts[kind]})" if count > 1 else
                         f"{count} {kind[0]} ({self.firsts[kind]})" for kind, count in self.counts.items())
        return said + CONVERT * bool(self.unread().counts)


def below(root: bytes, path: bytes) -> bytes:
    """The part of a path that lies in `root`."""
    return path.removeprefix(os.path.join(root, b""))


def entries(folder: bytes, out: LeftOut) -> Iterator[os.DirEntry[bytes]]:
    """What is in a folder, in the order of the names' bytes, but for what is hidden. Raises InputError if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            listed = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{readable(folder)}: cannot be listed: {error.strerror}") from None
    for entry in listed:
        if entry.name.startswith(b".") or entry.name.lower() in LEFTOVERS:
            out.add(HIDDEN, entry.path)
        else:
            yield entry


def images_below(folder: bytes, out: LeftOut) -> list[bytes]:
    """The paths of the images in a folder and in folders in it, sorted. Links to files are followed, links to folders not."""
    images, waiting = list[bytes](), [folder]
    while waiting:
        for entry in entries(waiting.pop(), out):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif kind := odd(entry) or _other(entry):
                out.add(kind, entry.path)
            else:
                images.append(entry.path)
    return sorted(images)


def is_folder(entry: os.DirEntry[bytes]) -> bool:
    """Whether an entry is a folder or a link to one; a circle of links is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def odd(entry: os.DirEntry[bytes]) -> Kind | None:
    """What an entry is that is no file; None for a file."""
    if os.path.isfile(entry.path):
        return None
    return LINK if is_folder(entry) else NO_FILE if os.path.exists(entry.path) else BROKEN


def _other(entry: os.DirEntry[bytes]) -> Kind | None:
    """What a file is that neither is an image that is read nor is meant to be one."""
    name = entry.name.lower()
    if name.endswith(SUFFIXES):
        return None
    head = _head(entry.path)
    if kind_of(head) and not name.endswith(RAW):
        return None
    kind = unread(head) or UNREAD.get(os.path.splitext(name)[1], "")
    return (kind + IS_UNREAD, f"{kind}s{ARE_UNREAD}") if kind else NO_IMAGE


def _head(path: bytes) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(HEAD)
    except OSError:
        return b""
