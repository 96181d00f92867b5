"""Slips that a newcomer makes, each with the hint that mends it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archspec
from archspec.errors import Problem, SpecError

Fails = Callable[..., tuple[Problem, ...]]
Lower = Callable[..., object]


@pytest.mark.parametrize(("arguments", "message", "hint"), [
    ("3x3x16", "conv does not know the word '3x3x16'", "write 3x3 16"), ("16@3x3", "conv does not know the word '16@3x3'", "write 3x3 16"),
    ("3x3/2 16", "conv does not know the word '3x3/2'", "write 3x3 /2"), ("3x3 16 s2", "conv does not know the word 's2'", "write /2"),
    ("k3 16", "conv does not know the word 'k3'", "write 3x3"), ("3x3 16 p1", "conv does not know the word 'p1'", "write padding=1"),
    ("3x3 16 stride 2", "conv: stride and its value are one word", "write stride=2"),
    ("3x3 16 kernel_size 5", "conv: kernel_size and its value are one word", "write kernel=5"),
    ("3x3 16.0", "conv: filters needs a whole number, this is 16.0", "write it without a point; in an expression divide with // or round with int(...)"),
    ("3x3 16 act=ReLu", "act needs one of relu relu6 leaky_relu prelu elu selu gelu silu mish softplus hard_swish hard_sigmoid sigmoid tanh softmax none, this is 'ReLu'", "did you mean 'relu'?"),
    ("3x3 16 norm=InstanceNorm2d", "norm needs one of batch_norm layer_norm group_norm global_response none, this is 'InstanceNorm2d'", "group_norm with as many groups as channels is that"),
    ("3x3", "conv needs filters", "as in conv: 3x3 64; it takes filters kernel stride padding dilation groups bias norm act standardize")])
def test_arguments_of_a_convolution(arguments: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stem: [conv: {arguments}]")
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(("item", "hint"), [
    ("conv: $k 64", "a kernel with a name: kernel=$k; with two, in the long form: {kernel: [$a, $b]}"), ("conv: $k 3", "a kernel is 3x3"),
    ("conv: 3x3 8 depthwise", "depthwise is an operation, and stands in an entry of its own"),
    ("depthwise: 7", "a kernel is 7x7"), ("depthwise: 7 /2", "a kernel is 7x7"), ("depthwise: 7x7 8", "there are as many filters as channels come in: leave 8 out"),
    ("depthwise: $k /2", "a kernel with a name: kernel=$k; with two, in the long form: {kernel: [$a, $b]}"),
    ("conv: 3x3 8, /2", "a comma parts two operations: write the arguments of one behind it, conv: 3x3 64"),
    ("conv: 3x3 8, valid", "a comma parts two operations: write the arguments of one behind it, conv: 3x3 64"),
    ("conv: 3x3 8, stride=2", "a comma parts two operations: write the arguments of one behind it, conv: 3x3 64"),
    ("'conv: 3x3 8'", "write `conv: 3x3 8`"), ("'conv: 3x3 8 if=$(k[0])'", 'write `conv: "3x3 8 if=$(k[0])"`')])
def test_words_of_a_convolution(item: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"let: {{k: 3}}\nstem: [{item}]")
    assert problem.hint == hint


@pytest.mark.parametrize(("item", "message", "column"), [
    ("branches: {split: [8, 0], paths: [[], []]}", "branches: split needs a whole number from 1 to 10000000, this is 0", 30),
    ("conv: {kernel: [3, x], filters: 8}", "conv: kernel needs a whole number, this is 'x'", 27),
    ("pad: [0, 1, 1.5, 2]", "pad: size needs a whole number, this is 1.5", 20),
    ("branches: {split: {a: 8}, paths: [[], []]}", "branches: split needs true, false or the sizes of the parts, this is a mapping", 26)])
def test_an_entry_of_a_list_is_told_where_it_stands(item: str, message: str, column: int, fails: Fails) -> None:
    problem, = fails(f"stem: [{item}]")
    assert (problem.message, problem.where.column) == (message, column)


def test_a_flag_before_a_number_is_no_slip(lower: Lower) -> None:
    assert lower("stem: [conv: 3x3 bias 16, conv: 3x3 same 16]")


@pytest.mark.parametrize(("item", "message", "hint"), [
    ("avg_pool", "avg_pool needs kernel and stride", "as in avg_pool: 2x2 /2; it takes kernel stride padding ceil count_padding"),
    ("max_pool: 2", "max_pool needs stride", "as in max_pool: 3x3 /2; it takes kernel stride padding ceil"),
    ("dense = 10", "there is no operation or block 'dense = 10'", "write `dense: 10`")])
def test_items(item: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stem: [{item}]")
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(("stages", "message", "hint"), [
    ("[basic: 16]", "a stage says no block", "write {block: basic, …}"),
    ("{stage1: {block: basic, width: 16}, stage2: {block: basic, width: 16}}", "a stage says no block", "stages is a list: - {name: stage1, block: …}"),
    ("{block: basic, widths: 16, 32}", "32 stands here without a key", "a list has brackets: widths: […, 32]"),
    ("{block: basic, width: 8, se 4}", "'se 4' has no colon", "a key has a colon and its value behind it: se: 4"),
    ("{block: basic, widths: 16 32}", "conv: filters needs a whole number, this is '16 32'", "a list has brackets and commas: [16, 32]"),
    ("{block: basic, widths: [8, 16], strides: [1 2]}", "'strides' has one entry, the text '1 2'", "a list has brackets and commas: [1, 2]"),
    ("{block: basic, width: 8, repeats: '3,4'}", "repeats needs a whole number, this is '3,4'", "a list has brackets and commas: [3, 4]"),
    ("{block: basic, widths: [8, 16], after: [[act], []]}", "'after' is one list for all stages, here stand 2",
     "an item has a condition, if=$(stage == 1) for the second stage, or a stage a list of its own: stage2: {after: […]}"),
    ("{block: resnet18, width: 16}", "there is no block 'resnet18'", "'resnet18' is a whole network: extends: resnet18")])
def test_stages(stages: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"stages: {stages}")
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("stages: [{width: 64}]", "a stage says no block", "the stages that are extended are columns, and rows replace columns whole: write a column with what changes, stages: {width: […]}"),
    ("stages: {stage5: {se: 16}}", "the block basic takes no 'stage5'", "did you mean 'stage4'? it takes width stride dilation shortcut se residual_scale drop_path"),
    ("stages: {stage4: 16}", "the block basic takes no 'stage4'", "what differs in one stage is a mapping beside the columns: stage4: {width: …}"),
    ("stages.se: 16", "a spec has no section 'stages.se'", "write stages: {se: …}; --set has paths with dots"),
    ("parameters: {se: None}", "'//' works on numbers, and ratio is 'None'", "write none")])
def test_what_extends_a_network(text: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"extends: resnet18\n{text}")
    assert (problem.message, problem.hint) == (message, hint)


BY_STAGE = "what only lists around the blocks read is a list in let, with an entry a stage, and there $(down[stage])"


@pytest.mark.parametrize("parameters", ["width: 8", "width: 8, down: false"])
def test_what_only_lists_around_the_blocks_read(parameters: str, fails: Fails, lower: Lower) -> None:
    blocks = "blocks: {mine: {parameters: {PARAMETERS}, body: [conv: 3x3 $width]}}\n"
    problem, *_ = fails(blocks.replace("PARAMETERS", parameters)
                        + "stages: {block: mine, width: [8, 8], down: [false, true], between: [max_pool: 2x2 /2 if=$down]}")
    assert problem.hint == BY_STAGE
    assert lower("let: {down: [false, true]}\n" + blocks.replace("PARAMETERS", "width: 8")
                 + "stages:\n  block: mine\n  width: [8, 8]\n  between:\n    - max_pool: 2x2 /2 if=$(down[stage])")


def test_a_block_that_is_called_as_an_operation_is_one_problem(fails: Fails) -> None:
    problem, = fails("blocks: {dense: {parameters: {width: 8}, body: [conv: 3x3 $width]}}\nstages: {block: dense}")
    assert problem.hint == "call it dense_block"


def test_a_list_of_specs_to_extend(fails: Fails) -> None:
    problem, = fails("extends: [resnet18]")
    assert (problem.message, problem.hint) == ("extends is the name of a spec, this is a list", "a spec extends one other: extends: resnet50")


def test_operations_without_dashes(fails: Fails) -> None:
    problem, = fails("head:\n  global_avg_pool\n  dense: 10")
    assert problem.hint == "operations stand in a list: stem: [conv: 3x3 16], or each behind a dash in a line of its own"


@pytest.mark.parametrize(("override", "message", "hint"), [
    ("se=16", "a spec has no section 'se'", "write it in stages: {se: …}"), ("widths=16", "a spec has no section 'widths'", "write it in stages: {widths: …}"),
    ("repeats=1", "a spec has no section 'repeats'", "write it in stages: {repeats: …}"),
    ("input:64x64x3", "'input:64x64x3' is not an override", "write input=64x64x3"), ("input = 64x64x3", "there are no spaces around =", "write input=64x64x3"),
    ("stages[0].width=8", "stages is a mapping, and no list", "set it whole: stages=…"),
    ("stages.width[4]=8", "stages.width has 4 entries, counted from 0", "the last is stages.width[3]"),
    ("stages.stage1=8", "the block basic takes no 'stage1'", "what differs in one stage is a mapping beside the columns: stage1: {width: …}"),
    ("stages.widths=[64 128 256 512]", "'widths' has one entry, the text '64 128 256 512'", "a list has brackets and commas: [64, 128, 256, 512]"),
    ("classes=10.0", "classes needs a whole number, this is the number 10.0", "write 10")])
def test_set(override: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load("resnet18", [override])
    problem, = caught.value.problems
    assert (problem.message, problem.hint, problem.where.file) == (message, hint, "--set")


@pytest.mark.parametrize(("text", "hint"), [
    ("stages: {block: dense_layer, growth: 12, widths: [12, 12]}", "it takes growth bottleneck dropout"),
    ("stem: [upsample: 2 bicubic]", "it knows nearest bilinear; a name is written $bicubic"),
    ("stem: [{branches: [{conv: 1x1 16}, [act]]}]", "a list of one: [conv: …]"),
    ("stem: [conv: 3x3 channels]", "write filters=…, and a name as $channels"),
    ("stem: [conv: 3x3 filters]", "write filters=…"),
    ("stem: [permute: [h, c, w]]", "write hcw"),
    ("stem: [reshape: [1, -1, 16]]", "what follows from the others is written '?'"),
    ("stem: [reshape: [1, '?', '?']]", "one ? follows from the others, two do not"),
    ("stem: [{reshape: '(1, -1, 16)'}]", "in brackets, with ? for what follows from the others: [1, '?', 16]"),
    ("stem: [act: squared_relu]", "act: relu, and behind it `branches: {merge: multiply, paths: [[], []]}`, squares it"),
    ("stem: [mlp: 64]", "it is two convolutions: `conv: 1x1 $(4 * channels) norm=none act=gelu`, then `conv: 1x1 … bare`"),
    ("stages: {block: vit, heads: 2, dims: 64}", "it takes heads expansion layer_scale dropout drop_path"),
    ("stages: {block: basic, dims: [16, 32]}", "did you mean 'width'? it takes width stride dilation shortcut se residual_scale drop_path"),
])
def test_what_newcomers_wrote(text: str, hint: str, fails: Callable[..., tuple[Problem, ...]]) -> None:
    assert hint in [problem.hint for problem in fails(text)]


def test_a_comma_between_an_operation_and_its_arguments(fails: Callable[..., tuple[Problem, ...]]) -> None:
    assert [problem.hint for problem in fails("stem: [conv: 3x3, 64]")][-1] == (
        "a comma parts two operations: write the arguments of one behind it, conv: 3x3 64")
