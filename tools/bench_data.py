"""Measures how fast images reach the network, side by side with other ways to read them, on JPEGs that it makes itself.

Run from the checkout: python tools/bench_data.py, or with the names of some benchmarks, or with --quick. Both sides of a
row take turns in one process and go through the same files, warm in memory; the medians are compared, of CPU time and of
time: other load changes the times and hardly the ratio of CPU times, which is held against the goal. The pictures are
scikit-learn's two photographs, cut and scaled at random, with noise, and about as large as ImageNet's files are.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from benching import parsed, parser_of, write  # noqa: E402
from PIL import Image  # noqa: E402
from rich.console import Console  # noqa: E402
from sklearn.datasets import load_sample_images  # noqa: E402

from archspec.data.augment.crops import random_resized_crop  # noqa: E402
from archspec.data.cache import caches  # noqa: E402
from archspec.data.draws import uniforms  # noqa: E402
from archspec.data.pipeline import CALLS, Pipeline  # noqa: E402
from archspec.data.sources import load_data  # noqa: E402
from archspec.preprocess.rule import preprocess_of  # noqa: E402
from archspec.preprocess.sampling import ratios  # noqa: E402
from archspec.spec.augment import ColourJitter, Flip, RandAugment, RandomResizedCrop  # noqa: E402
from archspec.spec.data import Data, Folder, Tfrecord  # noqa: E402
from archspec.spec.preprocess import PreprocessKeys  # noqa: E402
from archspec.spec.recipe import Recipe  # noqa: E402
from archspec.views.tables import grid  # noqa: E402

INPUT = 224
CROPPED = (RandomResizedCrop(), Flip())
CROPS = 10_000
"""Of which the mean size is taken."""
THREADS = CALLS * (os.cpu_count() or 1)


class Size(NamedTuple):
    """Pixels and quality of the JPEGs that are made, how many, how many are read in a turn, and how many make a batch."""

    width: int
    height: int
    quality: int
    files: int
    images: int
    batch: int

    @property
    def epochs(self) -> int:
        return max(1, self.images // self.files)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


SMALL, LARGE = Size(500, 375, 94, 128, 1024, 32), Size(3000, 2000, 90, 16, 64, 8)


@dataclass(frozen=True)
class Settings:
    """A folder for pictures, the two sizes of them, and the number of turns."""

    place: Path
    small: Size
    large: Size
    rounds: int

    def data(self, size: Size) -> Folder:
        """The pictures of a size, made where they are not there."""
        path = self.place / str(size)
        if not path.exists():
            make(path, size)
        return Folder(path=str(path))


@dataclass(frozen=True)
class Row:
    """One comparison: CPU milliseconds an image of each, and theirs / ours of CPU time and of time: more is better."""

    name: str
    what: str
    conditions: str
    ours: float
    theirs: float
    cpu: float
    wall: float
    goal: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the ratio of CPU times reaches the goal."""
        return self.cpu >= self.goal


# -- measuring -----------------------------------------------------------------------------------------------------------

def side_by_side(ours: tf.data.Dataset, theirs: tf.data.Dataset, size: Size, rounds: int) -> tuple[float, float, float, float]:
    """See Row: medians over the turns, after one that traces and warms up."""
    turns = [(_spent(ours), _spent(theirs)) for _ in range(rounds + 1)][1:]
    images = size.files * size.epochs / 1000
    mine, other = (statistics.median(turn[side][0] for turn in turns) / images for side in (0, 1))
    cpu, wall = (statistics.median(b[kind] / a[kind] for a, b in turns) for kind in (0, 1))
    return mine, other, cpu, wall


def _spent(batches: tf.data.Dataset) -> tuple[float, float]:
    """Seconds of CPU time, of all threads, and of time, to go through all batches as training does."""
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in batches:
        pass
    return time.process_time() - cpu, time.perf_counter() - begin


# -- what is compared ----------------------------------------------------------------------------------------------------

def make(path: Path, size: Size) -> None:
    """Two classes of pictures below `path`/train, and one picture each to test on."""
    photographs, draw = [Image.fromarray(each) for each in load_sample_images().images], np.random.default_rng(0)
    for number in range(size.files):
        photograph = photographs[number % 2]
        width = photograph.height * size.width / size.height * draw.uniform(0.7, 1)
        height = width * size.height / size.width
        left, top = draw.uniform(0, photograph.width - width), draw.uniform(0, photograph.height - height)
        scaled = photograph.resize((size.width, size.height), Image.Resampling.BICUBIC, (left, top, left + width, top + height))
        pixels = np.asarray(scaled) + draw.normal(0, 6, (size.height, size.width, 1))
        for split in ("train", "val") if number < 2 else ("train",):
            file = path / split / "ab"[number % 2] / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, quality=size.quality)


def records(data: Folder) -> Tfrecord:
    """The pictures of a folder as TFRecord, in ImageNet's layout."""
    path = Path(data.path) / "records"
    path.mkdir(exist_ok=True)
    for split, name in (("train", "train"), ("val", "validation")):
        with tf.io.TFRecordWriter(str(path / f"{name}-00000-of-00001")) as writer:
            for file in sorted((Path(data.path) / split).rglob("*.jpg")):
                encoded = tf.train.Feature(bytes_list=tf.train.BytesList(value=[file.read_bytes()]))
                label = tf.train.Feature(int64_list=tf.train.Int64List(value=["ab".index(file.parent.name) + 1]))
                features = tf.train.Features(feature={"image/encoded": encoded, "image/class/label": label})
                writer.write(tf.train.Example(features=features).SerializeToString())
    return Tfrecord(path=str(path))


def pipeline(data: Data, size: Size, augment: Sequence[Any] = CROPPED, *, antialias: bool = True) -> tf.data.Dataset:
    """Ours, through all images as many times as a turn wants."""
    recipe = Recipe(data=data, batch=size.batch, epochs=size.epochs, augment=tuple(augment),
                    preprocess=PreprocessKeys(antialias=antialias))
    train, rule = load_data(data).train, preprocess_of(recipe, (INPUT, INPUT, 3))
    sizes = np.full((train.size, 2), (size.height, size.width))
    cache = caches(data, rule, [(train, sizes)], "")[0]
    return Pipeline(train, rule, recipe, cache=cache, ratios=ratios(sizes, rule)).training()


def bare(data: Folder, size: Size) -> tf.data.Dataset:
    """Nothing but reading and decoding, by as many threads, an image at a time."""
    files = sorted(map(str, (Path(data.path) / "train").rglob("*.jpg")))
    return tf.data.Dataset.from_tensor_slices(files).repeat(size.epochs).map(
        lambda file: tf.io.decode_jpeg(tf.io.read_file(file), channels=3, dct_method="INTEGER_ACCURATE"),
        num_parallel_calls=THREADS)


def by_keras(data: Folder, size: Size, antialias: bool) -> tf.data.Dataset:
    """Keras's loader and layers: a crop of the mean size, since none draws it, scaled to the input and mirrored."""
    batches = keras.utils.image_dataset_from_directory(
        Path(data.path) / "train", image_size=(size.height, size.width), batch_size=size.batch, seed=0, verbose=False)
    layers = [keras.layers.RandomCrop(*mean_crop(size)), keras.layers.Resizing(INPUT, INPUT, antialias=antialias),
              keras.layers.RandomFlip("horizontal")]

    def changed(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for layer in layers:
            images = layer(images, training=True)
        return images, labels
    return batches.map(changed, num_parallel_calls=tf.data.AUTOTUNE).repeat(size.epochs).prefetch(tf.data.AUTOTUNE)


def mean_crop(size: Size) -> tuple[int, int]:
    """Height and width that random_resized_crop cuts out on average."""
    crop = random_resized_crop(RandomResizedCrop(), preprocess_of(Recipe(), (INPUT, INPUT, 3)))
    drawn = [crop.window(size.height, size.width, uniforms(0, number, crop.draws))[0] for number in range(CROPS)]
    return round(statistics.mean(each.height for each in drawn)), round(statistics.mean(each.width for each in drawn))


def threads(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """The same, by so many threads."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = count
    return batches.with_options(options)


def decoding(settings: Settings) -> Iterator[Row]:
    """Against decoding alone: what cutting out, scaling, mirroring and drawing cost."""
    for size, antialias, goal in ((settings.small, False, 0.8), (settings.small, True, 0.65), (settings.large, True, 0.8)):
        data = settings.data(size)
        found = side_by_side(pipeline(data, size, antialias=antialias), bare(data, size), size, settings.rounds)
        yield Row("decoding", f"random_resized_crop, flip{_said(antialias)} / decode_jpeg alone", str(size), *found, goal)


def in_keras(settings: Settings) -> Iterator[Row]:
    """Against Keras's loader with layers that do the same work."""
    size, data = settings.small, settings.data(settings.small)
    for antialias in (False, True):
        theirs = by_keras(data, size, antialias)
        found = side_by_side(pipeline(data, size, antialias=antialias), theirs, size, settings.rounds)
        yield Row("keras", f"the same{_said(antialias)} / image_dataset_from_directory, Keras layers", str(size), *found, 1.5)


def in_records(settings: Settings) -> Iterator[Row]:
    """TFRecord against a folder."""
    size, data = settings.small, settings.data(settings.small)
    found = side_by_side(pipeline(records(data), size), pipeline(data, size), size, settings.rounds)
    yield Row("records", "from TFRecord / from a folder", str(size), *found)


def by_threads(settings: Settings) -> Iterator[Row]:
    """One and two threads: each against decoding alone by as many, and against one another."""
    size, data = settings.small, settings.data(settings.small)
    for count in (1, 2):
        sides = (threads(each, count) for each in (pipeline(data, size), bare(data, size)))
        yield Row("threads", f"{count} thread(s) / decode_jpeg alone", str(size), *side_by_side(*sides, size, settings.rounds))
    sides = (threads(pipeline(data, size), count) for count in (2, 1))
    yield Row("threads", "2 threads / 1 thread", str(size), *side_by_side(*sides, size, settings.rounds))


def augmented(settings: Settings) -> Iterator[Row]:
    """What more operations cost, and what a cache spares: each against crop and flip of files."""
    size, data = settings.small, settings.data(settings.small)
    jitter, policy = ColourJitter(brightness=0.4, contrast=0.4, saturation=0.4), RandAugment()
    cases: tuple[tuple[str, Data, tuple[Any, ...]], ...] = (
        ("with randaugment", data, (*CROPPED, policy)), ("with colour_jitter", data, (*CROPPED, jitter)),
        ("with cache: ram", replace(data, cache="ram"), CROPPED))
    for name, source, operations in cases:
        found = side_by_side(pipeline(source, size, operations), pipeline(data, size), size, settings.rounds)
        yield Row("augment", f"{name} / without", str(size), *found)


def _said(antialias: bool) -> str:
    return ", antialias" if antialias else ", no antialias"


BENCHES: dict[str, Callable[[Settings], Iterator[Row]]] = {
    "decoding": decoding, "keras": in_keras, "records": in_records, "threads": by_threads, "augment": augmented}


# -- showing -------------------------------------------------------------------------------------------------------------

def report(rows: Sequence[Row], console: Console) -> None:
    """The rows as a table."""
    table = grid("ours / theirs", "images", "ours, CPU ms", "theirs", "ratio", "of time", "goal", left=2)
    for row in rows:
        goal = f"{row.goal:.2f}{'' if row.met else ' missed'}" if row.goal else ""
        figures = (f"{figure:.2f}" for figure in (row.ours, row.theirs, row.cpu, row.wall))
        table.add_row(row.what, row.conditions, *figures, goal)
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks and prints the table; 1 if a goal is missed."""
    parser = parser_of(__doc__, BENCHES)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side (%(default)s)")
    parser.add_argument("--images", type=int, help="images of 500x375 a turn; of 3000x2000 a sixteenth")
    parser.add_argument("--quick", action="store_true", help="a look in a minute or two: 256 images, 3 rounds")
    parser.add_argument("--json", type=Path, help="where to write the rows, too")
    given = parsed(parser, arguments, BENCHES)
    images = given.images or (256 if given.quick else SMALL.images)
    rounds = min(given.rounds, 3) if given.quick else given.rounds
    with tempfile.TemporaryDirectory() as place:
        small, large = (each._replace(images=count, files=min(each.files, count), batch=min(each.batch, count))
                        for each, count in ((SMALL, images), (LARGE, max(2, images // 16))))
        settings = Settings(Path(place), small, large, rounds)
        rows = [row for name in given.names for row in BENCHES[name](settings)]
    report(rows, Console(width=140))
    write(given.json, rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
