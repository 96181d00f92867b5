"""The train and export sections: their defaults, and what is said of a mistake in them."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.errors import SpecError
from archspec.schema.keys import to_json
from archspec.schema.quantities import Rate, Span
from archspec.schema.read import section_of
from archspec.spec.augment import Flip, InceptionColour, PadCrop, RandomResizedCrop
from archspec.spec.data import Digits, Folder
from archspec.spec.export import ExportSection
from archspec.spec.preprocess import PRESETS
from archspec.spec.recipe import Recipe
from archspec.spec.schedules import Step


def mistakes(**written: Any) -> list[tuple[str, str]]:
    """Message and hint of each mistake in a recipe."""
    with pytest.raises(SpecError) as error:
        section_of(Recipe, written, "train")
    return [(problem.message, problem.hint) for problem in error.value.problems]


def test_nothing_written_is_a_whole_recipe() -> None:
    recipe = section_of(Recipe, {})
    assert recipe == Recipe()
    assert (recipe.data, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (Digits(), 0.9, 1e-4)


def test_a_word_stands_for_its_mapping() -> None:
    assert section_of(Recipe, {"data": "digits"}) == section_of(Recipe, {"data": {"source": "digits"}})
    assert section_of(Recipe, {"schedule": "constant"}).schedule.kind == "constant"


def test_what_is_dumped_reads_back_the_same() -> None:
    recipe = section_of(Recipe, {"data": {"source": "folder", "path": "x"}, "schedule": {
        "kind": "step", "learning_rate": "0.1 per 256", "milestones": [1, 2.5]}, "preprocess": {"mean": [1, 2, 3], "std": 4}, "augment": ["flip"]})
    assert section_of(Recipe, to_json(recipe)) == recipe
    assert isinstance(recipe.schedule, Step)
    assert recipe.schedule.learning_rate == Rate(0.1, per=256)
    assert recipe.schedule.milestones == (Span(1), Span(2.5))


def test_what_is_dumped_is_plain() -> None:
    dumped = to_json(Recipe())
    assert dumped["data"] == {"source": "digits"}
    assert (dumped["preprocess"]["preset"], dumped["augment"], dumped["init"]) == ("none", None, None)
    given = to_json(Recipe(augment=(Flip(), PadCrop(pixels=2))))["augment"]
    assert given == [{"flip": {"probability": 0.5, "axis": "horizontal"}}, {"pad_crop": {"pixels": 2, "fill": "mean"}}]


def test_a_recipe_does_not_change() -> None:
    with pytest.raises(AttributeError):
        Recipe().epochs = 3  # type: ignore[misc]


def test_augmentation_follows_the_data_unless_said() -> None:
    assert Recipe().augmentation == ()
    assert Recipe(data=Folder(path="x")).augmentation == (RandomResizedCrop(), Flip())
    for none in ([], "none"):
        assert section_of(Recipe, {"data": {"source": "folder", "path": "x"}, "augment": none}).augmentation == ()


def test_a_folder_may_be_called_by_a_number() -> None:
    assert section_of(Recipe, {"data": {"source": "folder", "path": 2012}}).data == Folder(path="2012")


@pytest.mark.parametrize(("written", "message", "hint"), [
    ({"data": "digit"}, "train.data.source needs one of digits mnist5k folder csv tfrecord tfds npz keras synthetic, this is the text 'digit'", "did you mean 'digits'? images in a folder: data: {source: folder, path: digit}"),
    ({"data": ["digits"]}, "train.data needs one of digits mnist5k folder csv tfrecord tfds npz keras synthetic, or a mapping with 'source', this is a list", ""),
    ({"data": {"source": "folder"}}, "train.data needs 'path'", "path: relative to the folder in which the command runs"),
    ({"data": {"path": "x"}}, "train.data has no key 'path'", "it is a key of source: folder, csv, tfrecord, tfds, npz"),
    ({"data": {"source": "folder", "path": "x", "root": "y"}}, "train.data has no key 'root'", "it is a key of source: csv"),
    ({"optimizer": "adams"}, "train.optimizer.kind needs one of sgd rmsprop adam adamw lamb lion, this is the text 'adams'", "did you mean 'adam'?"),
    ({"optimizer": {"kind": "adam", "decay": "decoupled"}}, "train.optimizer has no key 'decay'",
     "adam decays in the gradient; kind: adamw decays by itself"),
    ({"optimizer": {"kind": "adam", "eps": 1e-3}}, "train.optimizer has no key 'eps'", "did you mean 'epsilon'?"),
    ({"optimizer": {"kind": "lion", "momentum": 0.9}}, "train.optimizer has no key 'momentum'", "it is a key of kind: sgd, rmsprop"),
    ({"optimizer": {"form": "torch"}}, "train.optimizer.form needs one of caffe pytorch, this is the text 'torch'", "did you mean 'pytorch'?"),
    ({"optimizer": {"decays": "no_bn"}}, "train.optimizer.decays needs one of kernels all_but_norms all, this is the text 'no_bn'",
     "did you mean 'all_but_norms'?"),
    ({"optimizer": {"layers": "head"}}, "train.optimizer.layers needs a list, this is the text 'head'", "begin each mapping with '- '"),
    ({"optimizer": {"layers": [{"match": "head"}]}}, "train.optimizer.layers: an entry without a factor changes nothing",
     "learning_rate: 0.1, or weight_decay: 0"),
    ({"optimizer": {"nesterov": 1}}, "train.optimizer.nesterov needs true or false, this is the number 1", "write true"),
    ({"optimizer": {"nesterov": True, "momentum": 0}}, "train.optimizer: nesterov is a form of momentum, and momentum is 0",
     "momentum: 0.9, or nesterov: false"),
    ({"checkpoint": {"metric": "test_loss"}}, "train.checkpoint: metric is what the best epochs are kept by, and best is 0: none is kept",
     "best: 1, or leave metric out"),
    ({"schedule": {"kind": "step"}}, "train.schedule needs 'milestones'", "milestones: where the learning rate falls; they must rise"),
    ({"schedule": {"kind": "cosine", "factor": 0.1}}, "train.schedule has no key 'factor'", "it is a key of kind: step, exponential, plateau"),
    ({"schedule": {"kind": "step", "milestones": 3}}, "train.schedule.milestones needs a list, this is the number 3", "write [3]"),
    ({"schedule": {"kind": "step", "milestones": [2, 1]}},
     "train.schedule: milestones must rise: each a later epoch than the one before", "write milestones: [1, 2]"),
    ({"schedule": {"kind": "step", "milestones": [1], "warmup": 2}},
     "train.schedule: the first milestone, epoch 1, lies within the warm-up of 2", "a later milestone, or a shorter warmup"),
    ({"epochs": 10, "schedule": {"kind": "step", "milestones": [30, 60, 80]}},
     "train: schedule.milestones reaches epoch 80, but training has 10",
     "schedule: cosine, schedule.milestones: [3.3, 6.7, 8.9], or more than 80 epochs"),
    ({"epochs": 5, "schedule": {"warmup": 5}}, "train: schedule.warmup reaches epoch 5, but training has 5",
     "a shorter warmup, or more epochs"),
    ({"strategy": "one", "gpus": 2}, "train: 2 GPUs are asked for, and strategy: one trains on one device", "strategy: mirrored"),
    ({"strategy": "MirroredStrategy"}, "train.strategy needs one of auto one mirrored multi_worker, this is the text "
     "'MirroredStrategy'", "did you mean 'mirrored'?"),
    ({"strategy": "ddp"}, "train.strategy needs one of auto one mirrored multi_worker, this is the text 'ddp'",
     "did you mean 'multi_worker'?"),
    ({"num_gpus": 2}, "train has no key 'num_gpus'", "did you mean 'gpus'?"),
    ({"gpus": "all"}, "train.gpus needs a whole number, this is the text 'all'", ""),
    ({"communication": "gloo"}, "train.communication needs one of auto ring nccl, this is the text 'gloo'", "did you mean 'ring'?"),
    ({"augment": ["flip"]}, "train: a mirrored digit is not a digit", "leave flip out"),
    ({"augment": "flip"}, "train.augment needs a list, this is the text 'flip'", "write [flip]"),
    ({"augment": {"flip": 0.5}}, "train.augment needs a list, this is a mapping", "begin each line with '- '"),
    ({"augment": ["flipp"]}, "train.augment does not know 'flipp'", "did you mean 'flip'?"),
    ({"augment": [{"pad_crop": 100_000}]}, "train.augment.pad_crop.pixels needs a whole number from 1 to 4096, this is the number 100000", ""),
    ({"augment": [{"mixup": 1}, {"cutmix": 1}]}, "train: of mixup and cutmix a batch gets one at most: their probabilities add up to more "
     "than 1", "probability: 0.5 for each"),
    ({"augment": ["mixup", "pad_crop"]}, "train: pad_crop comes too late",
     "first a crop, then what changes pixels, then random_erasing, mixup, cutmix, which act on the device"),
    ({"epochs": "3"}, "train.epochs needs a whole number, this is the text '3'", "'3' in quotes is text: leave the quotes out"),
    ({"batch": True}, "train.batch needs a whole number, this is true (true or false)", ""),
    ({"optimizer": {"weight_decay": 5}}, "train.optimizer.weight_decay needs a number from 0 to 1, this is the number 5", ""),
    ({"preprocess": {"std": 0}}, "train.preprocess.std needs a number above 0, at most 1000000, this is the number 0", ""),
    ({"preprocess": {"mean": []}}, "train.preprocess.mean needs 1 to 1024 values, these are 0", "each is a number from 0 to 1000000"),
    ({"preprocess": {"mean": [1] * 1025}}, "train.preprocess.mean needs 1 to 1024 values, these are 1025", "each is a number from 0 to 1000000"),
    ({"checkpoint": {"keep": 1}}, "train.checkpoint.keep needs a whole number from 2 to 1000, this is the number 1", ""),
    ({"learning_rate": 0.1}, "train has no key 'learning_rate'", "did you mean train.schedule.learning_rate?"),
    ({"lr": 0.1}, "train has no key 'lr'", "did you mean train.schedule.learning_rate?"),
    ({"momentum": 0.9}, "train has no key 'momentum'", "did you mean train.optimizer.momentum?"),
    ({"batch_size": 8}, "train has no key 'batch_size'", "did you mean 'batch'?"),
    ({"epoch": 8}, "train has no key 'epoch'", "did you mean 'epochs'?"),
    ({"schedule": {"gamma": 0.1, "kind": "step", "milestones": [1]}}, "train.schedule has no key 'gamma'", "did you mean 'factor'?"),
    ({"amp": True}, "train has no key 'amp'", "did you mean 'precision'?"),
    ({"precision": "fp16"}, "train.precision needs one of float32 mixed_bfloat16 mixed_float16, this is the text 'fp16'", "did you mean 'mixed_float16'?"),
    ({"jit": True}, "train.jit needs one of off on, this is true (true or false)", "did you mean 'on'?"),
    ({"zzz": 8}, "train has no key 'zzz'", f"it has recipe {' '.join(Recipe.declared)}"),
])
def test_a_mistake_is_said_with_a_way_out(written: dict[str, Any], message: str, hint: str) -> None:
    assert mistakes(**written) == [(message, hint)]


def test_a_key_that_is_gone_once_files_are_merged_is_not_suggested_for_itself() -> None:
    (message, hint), = mistakes(recipe="resnet_cifar_2015")
    assert message == "train has no key 'recipe'"
    assert "recipe" not in hint


@pytest.mark.parametrize("said", [True, False, "yes", "no", "On", "off", "true"])
@pytest.mark.parametrize("word", ["flip", "trivialaugment", "augmix", "randaugment"])
def test_an_operation_is_not_switched_by_true_and_false(word: str, said: object) -> None:
    (message, hint), = mistakes(data={"source": "folder", "path": "x"}, augment=[{word: said}])
    assert message.startswith(f"train.augment.{word} takes no true or false, this is ")
    assert hint == f"{word} alone switches it on; leave it out otherwise"


@pytest.mark.parametrize(("written", "message", "hint"), [
    ({"augment": [{"flip": {"probability": "yes"}}]}, "train.augment.flip.probability needs a number, this is the text 'yes'", ""),
    ({"augment": [{"trivialaugment": 3}]}, "train.augment.trivialaugment takes no arguments, this is the number 3", "write trivialaugment alone"),
    ({"augment": True}, "train.augment needs a list, this is true (true or false)", "write what it holds, [random_resized_crop, …], or none"),
    ({"preprocess": {"resize": {"shorter": "yes"}}}, "train.preprocess.resize.shorter.pixels needs a whole number, this is the text 'yes'", ""),
    ({"preprocess": {"resize": {"squash": True}}}, "train.preprocess.resize.squash takes no true or false, this is true (true or false)",
     "squash alone switches it on; leave it out otherwise"),
    ({"epochs": "yes"}, "train.epochs needs a whole number, this is the text 'yes'", ""),
    ({"sync_batch_norm": "yes"}, "train.sync_batch_norm needs true or false, this is the text 'yes'", "'yes' is text: write true"),
])
def test_true_and_false_where_they_mean_nothing(written: dict[str, Any], message: str, hint: str) -> None:
    assert mistakes(**written) == [(message, hint)]


def test_a_flag_behind_a_word_is_one() -> None:
    augment = section_of(Recipe, {"data": {"source": "folder", "path": "x"}, "augment": [{"inception_colour": True}]}).augmentation
    assert augment == (InceptionColour(fast=True),)


@pytest.mark.parametrize(("data", "hint"), [
    ("cifar10", "write data: {source: keras, name: cifar10}"), ("Fashion-MNIST", "write data: {source: keras, name: fashion_mnist}"),
    ({"source": "mnist"}, "write source: keras, name: mnist"), ({"source": "pictures"}, ""), ({"source": "folders"}, "did you mean 'folder'?"),
    ("pictures", "images in a folder: data: {source: folder, path: pictures}"),
])
def test_the_name_of_a_data_set_in_place_of_its_source(data: object, hint: str) -> None:
    (_, said), = mistakes(data=data)
    assert said == hint


@pytest.mark.parametrize(("word", "theirs"), [
    ("flip", "RandomHorizontalFlip HorizontalFlip RandomFlip hflip transforms.RandomHorizontalFlip() random_flip"), ("pad_crop", "RandomCrop random_crop"),
    ("rotate", "RandomRotation random_rotation Rotate"), ("random_erasing", "RandomErasing Cutout random_erase CoarseDropout"),
    ("colour_jitter", "ColorJitter RandomBrightness color_jitter"), ("random_resized_crop", "RandomResizedCrop RandomSizedCrop"),
    ("trivialaugment", "TrivialAugmentWide"), ("randaugment", "RandAugment RandAug rand_augment"), ("autoaugment", "AutoAug AutoAugment"),
    ("pca_lighting", "Lighting PCANoise"), ("mixup", "MixUp RandomMixup"), ("cutmix", "CutMix"), ("augmix", "AugMix"),
])
def test_what_other_libraries_call_an_operation(word: str, theirs: str) -> None:
    for each in theirs.split():
        assert mistakes(augment=[each]) == mistakes(augment=[{each: 0.5}]) == [
            (f"train.augment does not know '{each}'", f"did you mean '{word}'?")]


FOLDER = {"source": "folder", "path": "x"}
ORDER = "the order is drawn anew for each epoch, of all images, from train.seed: there is nothing to set"
THREADS = "there are as many threads as the machine has use for, and batches are ready ahead: there is nothing to set"


@pytest.mark.parametrize(("written", "hint"), [
    *(({"data": {"source": word}}, "did you mean 'folder'?") for word in ("directory", "ImageFolder", "image_dataset_from_directory")),
    ({"data": {"source": "numpy"}}, "did you mean 'npz'?"), ({"data": {"source": "TFRecords"}}, "did you mean 'tfrecord'?"),
    ({"data": {**FOLDER, "on_error": "ignore"}}, "did you mean 'skip'?"), ({"data": {**FOLDER, "on_error": "raise"}}, "did you mean 'stop'?"),
    ({"data": {**FOLDER, "shuffle": True}}, ORDER), ({"shuffle": True}, ORDER),
    ({"data": {**FOLDER, "num_workers": 4}}, THREADS), ({"prefetch": 4}, THREADS),
    ({"data": {**FOLDER, "test_size": 0.2}}, "did you mean 'holdout'?"),
    ({"data": {**FOLDER, "color_mode": "rgb"}}, "the channels are those of the network's input at the top of the spec, input: 224x224x3"),
    ({"sampling": "weighted"}, "did you mean 'balanced'?"), ({"sampling": "uniform"}, "did you mean 'natural'?"),
    ({"preprocess": {"decoder": "INTEGER_FAST"}}, "did you mean 'fast'?"),
    ({"mixup": 0.2}, "it is done to images: train.augment: [mixup]"), ({"RandAugment": {}}, "it is done to images: train.augment: [randaugment]"),
    ({"loss": "bce"}, "did you mean 'sigmoid'?"), ({"criterion": "focal"}, "did you mean 'loss'?"), ({"optimizer": "RMSpropTF"}, "did you mean 'rmsprop'?"),
    ({"clip": {"kind": "agc", "at": 0.01}}, "did you mean 'adaptive'?"), ({"clip_grad": 1.0}, "did you mean 'clip'?"),
    ({"clip": {"at": 1.0, "mode": "value"}}, "did you mean 'kind'?"),
    ({"data": FOLDER, "augment": [{"flip": {"vertical": True}}]}, "did you mean 'axis'?"),
])
def test_what_other_libraries_let_a_person_set(written: dict[str, Any], hint: str) -> None:
    (_, said), = mistakes(**written)
    assert said == hint


@pytest.mark.parametrize(("theirs", "hint"), [("size", "did you mean 'shorter'?"), ("crop_pct", "did you mean 'fraction'?"), ("no", "did you mean 'none'?")])
def test_what_other_libraries_call_a_way_to_resize(theirs: str, hint: str) -> None:
    assert mistakes(preprocess={"resize": {theirs: 1}}) == [(f"train.preprocess.resize does not know '{theirs}'", hint)]


SIZE = "what the network sees has the size at the top of the spec, input: 224x224x3"
TO_FIT = f"{SIZE}; resize: {{shorter: 256}} says how an image is scaled before its middle is cut out"


@pytest.mark.parametrize(("written", "hint"), [
    *(({"preprocess": {name: 224}}, TO_FIT) for name in ("crop", "crop_size", "size", "image_size", "img_size", "CenterCrop")),
    *(({"data": {"source": "folder", "path": "x", name: 224}}, f"{SIZE}; train.preprocess says how images are made to fit")
      for name in ("image_size", "imgSize", "crop")),
    ({"data": {"source": "synthetic", "image_size": 224}}, "that is height, width and channels"),
    ({"preprocess": {"normalize": "imagenet"}}, "that is mean and std, of pixels from 0 to 255: mean: 127.5, std: 127.5 gives -1 to 1; a preset has both"),
    ({"preprocess": {"preset": "caffe"}}, "did you mean 'keras_caffe'?"),
    ({"class_weights": "balanced"}, "sampling: balanced shows every class as often as any other; weights are written out, {NAME: 2.5}"),
    ({"data": {"source": "folder", "path": "x", "cache": True}}, "write ram where memory holds all decoded images, else disk"),
    ({"data": {"source": "folder", "path": "x", "cache": "off"}}, "did you mean 'none'?"),
])
def test_what_is_said_otherwise_here(written: dict[str, Any], hint: str) -> None:
    (_, said), = mistakes(**written)
    assert said == hint


@pytest.mark.parametrize(("written", "hint"), [
    ({"EarlyStopping": {"patience": 3}}, "did you mean 'stop_early'?"), ({"patience": 3}, "did you mean 'stop_early'?"),
    ({"stop_early": {"min_delta": 1}}, "did you mean 'least'?"), ({"stop_early": {"monitor": "val_loss"}}, "did you mean 'metric'?"),
    ({"stop_early": {"metric": "val_loss"}}, "did you mean 'test_loss'?"),
    ({"stop_early": {"mode": "max"}}, "a loss is the better the lower, all else the higher: leave it out"),
    ({"checkpoint": {"save_top_k": 3}}, "did you mean 'best'?"), ({"checkpoint": {"max_to_keep": 3}}, "did you mean 'keep'?"),
    ({"terminate_on_nan": True}, "did you mean 'on_divergence'?"), ({"on_divergence": "skip"}, "did you mean 'rollback'?"),
    ({"on_divergence": "raise"}, "did you mean 'stop'?"),
])
def test_what_other_libraries_call_what_is_kept(written: dict[str, Any], hint: str) -> None:
    (_, said), = mistakes(**written)
    assert said == hint


def test_a_preset_for_imagenet_is_one_of_several() -> None:
    (_, hint), = mistakes(preprocess={"preset": "imagenet"})
    assert all(preset in hint for preset in PRESETS)


@pytest.mark.parametrize(("given", "hint"), [
    ({"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
     "times 255: mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375]"),
    ({"mean": 0.5, "std": 0.5}, "times 255: mean: 127.5, std: 127.5"),
    ({"mean": [0.485, 0.456, 0.406]}, "times 255: mean: [123.675, 116.28, 103.53]"),
    ({"mean": 127.5, "std": 0.5}, "times 255: std: 127.5"),
])
def test_statistics_of_pixels_from_0_to_1(given: dict[str, Any], hint: str) -> None:
    assert mistakes(preprocess=given) == [("train.preprocess: these are statistics of pixels from 0 to 1, and pixels are 0 to "
                                          "255 here", hint)]


@pytest.mark.parametrize("given", [{"mean": 0, "std": 1}, {"mean": 0}, {"std": 255, "mean": 0}, {"mean": [103.9, 116.8, 123.7], "std": 1}])
def test_other_statistics_are_believed(given: dict[str, Any]) -> None:
    assert section_of(Recipe, {"preprocess": given}).preprocess != section_of(Recipe, {}).preprocess


def test_all_mistakes_at_once() -> None:
    assert len(mistakes(epochs=0, batch="x", data="y")) == 3
    assert len(mistakes(epochs=3, augment=["flip"], schedule={"kind": "step", "milestones": [5, 6]})) == 2


def test_a_rule_about_a_key_that_cannot_be_read_says_nothing() -> None:
    assert len(mistakes(epochs=0, schedule={"kind": "step", "milestones": [50]})) == 1


@pytest.mark.parametrize(("formats", "message", "hint"), [
    (["tflite", "tflite"], "export.formats names the text 'tflite' twice", "keep one of them"),
    ("savedmodel", "export.formats needs a list, this is the text 'savedmodel'", "write [savedmodel]"),
    (["tf"], "export.formats needs one of savedmodel tflite keras onnx, this is the text 'tf'", "did you mean 'savedmodel'?"),
])
def test_formats(formats: object, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as error:
        section_of(ExportSection, {"formats": formats}, "export")
    assert [(problem.message, problem.hint) for problem in error.value.problems] == [(message, hint)]


@pytest.mark.parametrize(("written", "share"), [("1%", 0.01), ("0.5 %", 0.005), (0.02, 0.02), ("0%", 0.0)])
def test_a_share_is_percents_or_a_number(written: object, share: float) -> None:
    assert section_of(ExportSection, {"accuracy_drop": written}, "export").accuracy_drop == pytest.approx(share)


@pytest.mark.parametrize(("written", "hint"), [(1, "write 1%"), ("100%", ""), ("1 percent", ""), (True, "")])
def test_what_is_no_share(written: object, hint: str) -> None:
    with pytest.raises(SpecError) as error:
        section_of(ExportSection, {"accuracy_drop": written}, "export")
    (problem,) = error.value.problems
    assert problem.message.startswith("export.accuracy_drop needs a share from 0% to less than 100%, 1% or 0.01, this is")
    assert problem.hint == hint
