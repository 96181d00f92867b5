"""What somebody writes who knows Keras, PyTorch, timm or Caffe is told in the words of the language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.schema.kinds import plainly
from archspec.spec.elsewhere import ABSENT, BLOCKS, INSTEAD, PARAMETERS, block_called
from archspec.spec.item_reader import operations_by_word
from archspec.spec.library import shipped_blocks
from archspec.spec.operations import OPERATIONS

Fails = Callable[..., tuple[Problem, ...]]


@pytest.mark.parametrize(("item", "hint"), [
    ("nn.MaxPool2d: 2", "did you mean 'max_pool'?"), ("tf.keras.layers.Dense: 10", "did you mean 'dense'?"),
    ("BatchNorm2d", "write `norm: batch_norm`"), ("nn.ReLU()", "write `act: relu`"), ("F.relu", "write `act: relu`"),
    ("nn.Conv2d(3)", "write `conv: …`, its arguments behind the colon"), ("conv3x3: 64", "write `conv: 3x3 …`"),
    ("conv_bn_relu: 64", "did you mean 'conv'?"), ("AdaptiveAvgPool2d: 1", "did you mean 'global_avg_pool'?"),
    ("InnerProduct: 10", "did you mean 'dense'?"), ("Pooling: 2", "did you mean 'max_pool'?"),
    ("nn.InstanceNorm2d", "write `norm: {kind: group_norm, groups: $channels}`: each channel is a group"),
    ("DropPath: 0.1", "it is an argument of residual and densely: `residual: {body: […], drop_path: 0.1}`"),
    ("mul", "`join: NAME merge=multiply` multiplies the value here by one that is kept, `branches: {paths: [[…], […]], merge: multiply}` its paths, "
            "and gate what enters by its body"), ("PWConv: 24", "write `conv: 1x1 …`"),
    ("chunk: 2", "`branches: {split: true, paths: [[…], []]}` gives each path a part of the channels, `slice: 32 first=16` takes one"),
    ("Concatenate", "`join: NAME` concatenates a value that is kept to the one here, `branches: [[…], […]]` its paths"), ("nn.Conv2DTranspose: 8", "did you mean 'conv_transpose'?"),
    ("add", "`join: NAME merge=add` adds a value that is kept to the one here, `branches: {paths: [[…], […]], merge: add}` its paths, "
            "and residual its body to what enters"), ("SELayer", "did you mean 'se'?"), ("BasicBlock: 64", "did you mean 'basic'?"), ("_DenseLayer: 8", "did you mean 'dense_layer'?"),
    ("DenseBlock: 6", "did you mean 'dense_layer'?"), ("GaussianNoise: 0.1", "operations: " + " ".join(OPERATIONS)),
])
def test_an_operation_of_another_library(item: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stem:\n  - {item}")
    assert (problem.code, problem.hint) == ("unknown-operation", hint)


@pytest.mark.parametrize(("word", "block"), [
    ("BasicBlock", "basic"), ("Bottleneck", "bottleneck"), ("PreActBlock", "basic_preact"), ("SEBlock", "se"), ("CNBlock", "convnext"),
    ("InvertedResidual", "inverted_residual"), ("FireModule", "fire"), ("MBConvBlock", "mbconv"), ("Transformer", "")])
def test_a_block_of_another_library(word: str, block: str) -> None:
    assert block_called(word, shipped_blocks()) == block


def test_a_block_of_ones_own_comes_before_one_that_others_call_so() -> None:
    assert block_called("Fire_Module", ["fire", "firemodule"]) == "firemodule"
    assert block_called("DenseBlock", ["dense"]) == "dense"


def test_tables_are_written_plainly_and_name_what_there_is() -> None:
    assert all(word == plainly(word) for word in (*BLOCKS, *INSTEAD, *ABSENT))
    assert set(BLOCKS.values()) <= set(shipped_blocks())
    assert not {*INSTEAD} & {*ABSENT} and not ({*INSTEAD} | {*ABSENT}) & operations_by_word().keys()
    for name in shipped_blocks():
        words = [word for part in shipped_blocks()[name].entries.get("parameters", shipped_blocks()["se"]).entries for word in (part, *PARAMETERS.get(part, ()))]  # type: ignore[union-attr]
        assert len(words) == len(set(words)), name


def test_instance_norm_written_as_the_hint_says(fails: Fails, lower: Callable[..., object]) -> None:
    assert lower("stem: [conv: 3x3 24, norm: {kind: group_norm, groups: $channels}]")


@pytest.mark.parametrize(("stages", "message", "hint"), [
    ("{block: BasicBlock, width: 8}", "there is no block 'BasicBlock'", "did you mean 'basic'?"),
    ("{block: basic, filters: [8, 16]}", "the block basic takes no 'filters'", "did you mean 'width'? it takes width stride dilation shortcut se residual_scale drop_path"),
    ("{block: basic, width: 8, num_blocks: 2}", "the block basic takes no 'num_blocks'", "did you mean 'repeats'? it takes width stride dilation shortcut se residual_scale drop_path"),
    ("{block: dense_layer, growth_rate: 12}", "the block dense_layer takes no 'growth_rate'", "did you mean 'growth'? it takes growth bottleneck dropout"),
])
def test_a_stage_in_words_of_another_library_is_one_problem(stages: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stages: {stages}")
    assert (problem.message, problem.hint) == (message, hint)


def test_a_parameter_that_is_called_so_is_no_other_parameter(fails: Fails) -> None:
    problem, = fails("blocks: {mine: {parameters: {width: 3, units: 5}, body: [conv: $width, conv: $units]}}\n"
                     "stages: {block: mine, units: 5, filters: 4}")
    assert (problem.message, problem.hint) == ("the block mine takes no 'filters'", "did you mean 'width'? it takes width units")


@pytest.mark.parametrize(("written", "size"), [
    ("[32, 48, 3]", "32x48x3"), ("(32, 48, 3)", "32x48x3"), ("[3, 224, 224]", "224x224x3"), ("[1, 28, 28]", "28x28x1"),
    ("[8, 32, 48, 3]", "32x48x3"), ("32X32X3", "32x32x3"), ("32 x 32 x 3", "32x32x3"), ("32,32,3", "32x32x3"), ("224", "224x224x3"),
    ("32x48", "32x48x3"), ("[None, None, 3]", "?x?x3"), ("{width: 48, height: 32, channels: 1}", "32x48x1")])
def test_a_size_in_another_form(written: str, size: str, fails: Fails, lower: Callable[..., object]) -> None:
    problem, = fails(f"input: {written}\nclasses: 10")
    assert (problem.code, problem.where.column, problem.hint) == ("input", 8, f"write {size}")
    assert lower(f"input: {size}\nclasses: 10")


@pytest.mark.parametrize("written", ["wide", "[a, b]", "0x0x3", "[1, 2, 3, 4, 5]"])
def test_what_is_no_size_at_all(written: str, fails: Fails) -> None:
    assert fails(f"input: {written}\nclasses: 10")[0].hint == "write 224x224x3, or ?x?x3 where the size is open"


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("- conv: (3, 3) 16", "conv does not know the word '(3, 3)'", "a kernel is 3x3"),
    ("- conv: {filters: 16, kernel: (3, 3), stride: 2}", "the parenthesis in '(3' is not closed", "inside [...] and {...} a comma ends a value; write a size as 3x3"),
    ("- conv:\n      filters: 16\n      kernel: (3, 3)", "conv: kernel needs a size: 3, 3x3 or [3, 3], this is '(3, 3)'", "write 3x3"),
    ("- repeat: {times: 2, body: [nn.Conv2d(3, 64, 7), act]}", "the parenthesis in 'nn.Conv2d(3' is not closed", "arguments stand behind a colon, with spaces between them: conv: 3x3 64"),
])
def test_parentheses(text: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stem:\n  {text}")
    assert (problem.message, problem.hint) == (message, hint)


def test_a_parenthesis_is_closed_where_its_list_ends(fails: Fails) -> None:
    assert [problem.hint for problem in fails("stem:\n  - conv: {filters: 16, kernel: (3, 3)}\n  - relu")][1:] == ["write `act: relu`"]


@pytest.mark.parametrize(("section", "hint"), [
    ("layers: [Conv2D: 32, Flatten]", "a network is stem, a list of operations, then stages, then head: [global_avg_pool, dense: $classes]"),
    ("model: resnet50", "write extends: resnet50"), ("backbone: ResNet", "write extends: NAME, one that `archspec list` shows")])
def test_a_section_for_the_whole_network_is_the_one_problem(section: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"input: 32x32x3\nclasses: 10\n{section}\n# head:")
    assert (problem.message, problem.hint) == (f"a spec has no section '{section.partition(':')[0]}'", hint)
