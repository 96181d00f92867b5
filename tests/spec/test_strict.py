"""Nothing that the user wrote is lost in silence: an error where it certainly does nothing, a warning where it may be meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from zoo_graphs import shipped

import archspec
from archspec.cli import archspec as command
from archspec.errors import Problem, SpecError
from archspec.spec.files import spec_names
from archspec.spec.reading import names_read, words
from archspec.spec.source import parse

Write = Callable[..., Path]
Fails = Callable[..., tuple[Problem, ...]]
GIVEN = "let: {a: 3}\nstem: [conv: 1x1 $a]"


@pytest.mark.parametrize(("text", "warning"), [
    ("let: {alpha: 8, alhpa: 4}\nstem: [conv: $alpha]", "nothing reads the name 'alhpa'"),
    ("let: {a: 8, b: $a}", "nothing reads the name 'a'"),
    ("blocks: {mine: {body: [act]}}", "nothing calls the block 'mine'"),
    ("defaults: {dropout: 0.3}", "the network has no operation 'dropout'"),
    ("let: {se: 8}\nstages: {block: basic, width: 8}", "nothing reads the name 'se'"),
    ("input: 3x32x32", "the input is 3 pixels high and has 32 channels"),
    ("input: 1x28x28", "the input is 1 pixels high and has 28 channels"),
    ("stem: [keep: early]", "nothing takes the value that is kept as 'early'"),
    ("stem: [keep: {value: early}, keep: late, join: late]", "nothing takes the value that is kept as 'early'"),
    ("blocks: {mine: {body: [keep: a]}}\nstem: [keep: a, mine, join: a]", "nothing takes the value that is kept as 'a'"),
    ("stages: {block: basic, width: 8}\nauxiliary: {stage1: [keep: a, global_avg_pool, dense: 10]}\nstem: [keep: a, join: a]",
     "nothing takes the value that is kept as 'a'"),
    ("blocks: {one: {body: [act, keep: a]}, two: {like: one, edit: {act: {before: [keep: b]}}}}\nstem: [one, two]",
     "nothing takes the value that is kept as 'b'"),
    ("stem: [conv: 8]", "a convolution without a kernel is 1x1"), ("stem: [conv: {filters: '$(max(8, 4))'}]", "a convolution without a kernel is 1x1"),
    ("let: {list: [conv: 8]}\nstem: [$list]", "a convolution without a kernel is 1x1"),
    ("blocks: {mine: {like: basic, edit: {conv1: {replace: [conv: $width]}}}}\nstages: {block: mine, width: 8}", "a convolution without a kernel is 1x1"),
    ("defaults: {padding: symmetric}\nstem: [conv: 4x4 8 /4]", "symmetric padding shifts the patches of 4x4 by 1"),
    ("defaults: {conv: {padding: symmetric}}\nlet: {list: [conv: {kernel: 3, stride: [3, 3], filters: 8}]}\nstem: [$list]",
     "symmetric padding shifts the patches of 3x3 by 1"),
    ("stem: [conv: 4x8 8 /4x8 symmetric]", "symmetric padding shifts the patches of 4x8 by 1 and 3"),
    ("train: {preprocess: {mean: [1, 2]}}", "train.preprocess.mean has 2 numbers, but the input has 8 channel(s)"),
    ("train: {augment: [pca_lighting]}", "pca_lighting is for images of 3 channels, and the input has 8"),
    ("train: {augment: [random_scale_crop: [16, 64]]}", "random_scale_crop: the shorter side has 16 pixels at least, and the input has 32")])
def test_a_warning(text: str, warning: str, write: Write) -> None:
    text = text if "input" not in text else f"{text}\nclasses: 10"
    assert warning in [doubt.message for doubt in archspec.load(str(write(text))).warnings]


@pytest.mark.parametrize("text", [
    GIVEN, "train: {recipe: resnet_cifar_2015}", "train: {preprocess: {mean: 1, std: [1, 2, 3, 4, 5, 6, 7, 8]}}", "let: {a: 8, b: $a}\nstem: [conv: 1x1 $b if=false]", "let: {a: 8}\nparameters: {se: $a}\nstages: {block: basic, width: 8}",
    "let: {kind: mine}\nblocks: {mine: {parameters: {width: 3}, body: [conv: 1x1 $width]}}\nstages: {block: $kind}",
    "blocks: {se: {parameters: {ratio: 3}, body: [conv: 1x1 $ratio]}}\nstages: {block: basic, width: 8}",
    "blocks: {one: {parameters: {width: 3}, body: [conv: 1x1 $width]}, two: {like: one}}\nstages: {block: two}",
    "defaults: {conv: {bias: true}}\nstem: [residual: {body: [max_pool: 1x1 /1]}]", "defaults: {norm: layer_norm}",
    "let: {a: 0.3}\nstem: [conv: 1x1 8 act=\"leaky_relu slope=$a\"]", "stem: [keep: a, join: a]",
    "stem: [keep: a, max_pool: 2x2 /2, upsample: {to: a}]", "stem: [keep: a, act, join: {with: [a, images]}]",
    "let: {list: [join: a]}\nstem: [keep: a, $list]", "defaults: {upsample: {to: a}}\nstem: [keep: a, upsample]",
    "blocks: {mine: {parameters: {list: required}, body: [$list]}}\nstem: [keep: a, mine: {list: [join: a]}]",
    "blocks: {one: {body: [act, keep: a]}, two: {like: one, edit: {act: {after: [keep: b]}, keep: {after: [join: a, join: b]}}}}\nstem: [one, two]",
    "stages: {block: basic, width: 8}\nauxiliary: {stage1: [join: a, global_avg_pool, dense: 10]}\nstem: [keep: a]",
    "stem: [conv: kernel=3 8, conv: {kernel: 3, filters: 8}, conv: '8 5x5']", "defaults: {conv: {kernel: 3}}\nstem: [conv: 8]",
    "blocks: {mine: {parameters: {conv: 3}, body: [norm: {epsilon: $conv}]}}\nstem: [mine: {conv: 1}]",
    "stem: [conv: 4x4 8 /4]", "defaults: {padding: symmetric}\nstem: [conv: 4x4 8 /4 valid, conv: 2x2 8 /2, conv: 3x3 8 /2, conv: 3x3 8 /3 padding=1]",
    "let: {k: 4}\ndefaults: {padding: symmetric}\nstem: [conv: kernel=$k 8 /$k]",
    "input: 1x32x16\nclasses: 10", "input: 32x3x32\nclasses: 10"])
def test_no_warning(text: str, write: Write) -> None:
    assert archspec.load(str(write(text))).warnings == ()


def test_what_a_file_that_is_extended_says_is_not_held_against_the_one_that_extends_it(write: Write) -> None:
    base = write("let: {a: 3}\nblocks: {mine: {body: [act]}}", "base")
    assert len(archspec.load(str(base)).warnings) == 2
    assert archspec.load(str(write("extends: base\nstem: [conv: 1x1 $a, mine]"))).warnings == ()
    assert archspec.load(str(write("extends: base"))).warnings == ()


@pytest.mark.parametrize("override", ["let.alhpa=3", "defaults.dropout=0.3", "input=3x32x32", "blocks.mine={body: [act]}"])
def test_set_is_for_one_call_so_that_it_is_an_error_there(override: str) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load("mobilenet_v2", [override])
    assert caught.value.problems[0].where.file == "--set"


def test_no_shipped_spec_has_a_warning() -> None:
    assert [name for name in spec_names() if shipped(name)[0].warnings] == []


def test_check_prints_warnings_and_with_strict_refuses_them(write: Write) -> None:
    path = str(write("let: {a: 3}"))
    lenient, strict = (CliRunner().invoke(command, ["check", path, *more], standalone_mode=False) for more in ([], ["--strict"]))
    assert lenient.output.startswith(f"warning: {path}:3:7: nothing reads the name 'a'\n")
    assert lenient.output.endswith(f"{path}: no problems\n")
    assert (lenient.return_value, strict.return_value) == (0, 2)


def test_check_tells_where_a_kept_name_and_a_convolution_stand(write: Write) -> None:
    path = str(write("stem: [conv: 16, keep: erly, keep: early, join: early]"))
    text = "    3 | stem: [conv: 16, keep: erly, keep: early, join: early]\n"
    said = CliRunner().invoke(command, ["check", path], standalone_mode=False).output
    assert said == (f"warning: {path}:3:14: a convolution without a kernel is 1x1\n{text}      |{' ' * 14}^\n"
                    "  hint: say which it is: conv: 3x3 16, or 1x1\n"
                    f"warning: {path}:3:24: nothing takes the value that is kept as 'erly'\n{text}      |{' ' * 24}^\n"
                    f"  hint: did you mean 'early'?\n{path}: no problems\n")


@pytest.mark.parametrize(("head", "refused"), [
    ("dense: $classes act=relu", True), ("dense: $classes act=sigmoid", True), ("dense: $classes, norm, act: gelu", True),
    ("dense: $classes, dropout: 0.5", True), ("dense: $classes, act: softmax, scale: 1", True),
    ("dense: $classes, residual: {body: [dense: 10]}", True), ("dense: $classes, residual: {body: [dense: 10], act: none}", False),
    ("dropout: 0.5", True), ("act", True), ("scale: 2", False), ("dense: $classes, scale: 0.5", False), ("dense: 20 act=relu, dropout: 0.5, dense: $classes", False)])
def test_nothing_that_spoils_logits_stands_behind_the_last_dense_layer(head: str, refused: bool, write: Write) -> None:
    path = str(write(f"stem: [conv: 10]\nhead: [global_avg_pool, {head}]"))
    if not refused:
        assert archspec.load(path)
        return
    with pytest.raises(SpecError) as caught:
        archspec.load(path)
    assert [problem.code for problem in caught.value.problems] == ["logits"]


def test_a_convolution_with_activation_may_end_in_a_mean() -> None:
    """SqueezeNet's head: there is no dense layer behind which something stands."""
    assert archspec.load("squeezenet_v1_0" if "squeezenet_v1_0" in spec_names() else next(n for n in spec_names() if "squeeze" in n))


@pytest.mark.parametrize(("body", "acts"), [
    ("conv: 8 /$stride", True), ("conv: 8 /$(stride if stride > 2 else 1)", False), ("conv: 8 /$stride, upsample: 2", False),
    ("conv: 8 /$stride, max_pool: 2x2 /2", True)])
def test_the_stride_of_a_stage_divides_the_size(body: str, acts: bool, write: Write) -> None:
    path = str(write(f"blocks: {{mine: {{parameters: {{stride: 1}}, body: [{body}]}}}}\nstages: {{block: mine, stride: 2}}"))
    if acts:
        assert archspec.load(path)
        return
    with pytest.raises(SpecError) as caught:
        archspec.load(path)
    assert [problem.code for problem in caught.value.problems] == ["stride"]


@pytest.mark.parametrize(("text", "found"), [
    ("conv: 3x3 $a /$(b if c == 'd' else e) groups=$g", {"a", "b", "c", "if", "else", "e", "g"}), ("[$x, 3, {k: $y}]", {"x", "y"}),
    ("a: \"$(f(')') + g)\"", {"f", "g"}), ("a$", set()), ("act='leaky_relu slope=$s'", {"s"}), ("name", set())])
def test_names_that_are_read(text: str, found: set[str]) -> None:
    assert names_read(parse(text, "x")) == found


def test_words_of_a_tree() -> None:
    assert words(parse("{block: $kind, stem: [mine: 3x3, act]}", "x")) >= {"block", "kind", "stem", "mine", "act"}


@pytest.mark.parametrize(("head", "hint"), [
    ("global_avg_pool, dense: $classes act=relu", "the loss wants them as the dense layer gives them: leave its act out"),
    ("global_avg_pool, dense: $classes, dropout: 0.2", "the loss wants them as the dense layer gives them: leave it out"),
    ("global_avg_pool: keepdims, conv: 1x1 $classes, flatten", "the loss wants them as the convolution gives them: write it bare"),
    ("global_avg_pool: keepdims, conv: 1x1 $classes bare, dropout: 0.2, flatten", "the loss wants them as the convolution gives them: leave it out"),
    ("global_avg_pool: keepdims, conv: 1x1 $classes bare, norm: global_response, flatten", "the loss wants them as the convolution gives them: leave it out"),
    ("conv: 1x1 $classes, global_avg_pool, act", "the loss wants them as the pooling gives them: leave it out")])
def test_what_spoils_logits_can_be_left_out(head: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"head: [{head}]")
    assert (problem.code, problem.hint) == ("logits", hint)


@pytest.mark.parametrize("head", ["global_avg_pool: keepdims, conv: 1x1 $classes bare, flatten", "conv: 1x1 $classes, global_avg_pool",
                                  "flatten, branches: {merge: add, paths: [[dense: 10], [dense: 10]]}"])
def test_logits_of_a_convolution_or_of_several_paths(head: str, write: Write) -> None:
    assert archspec.load(str(write(f"head: [{head}]")))


@pytest.mark.parametrize(("text", "column", "line"), [
    ("let: {a: $b, b: 3}\nstem: [conv: $a]", 10, 3), ("blocks: {mine: {parameters: {a: $b, b: 3}, body: [conv: $a]}}\nstem: [mine]", 33, 3),
    ("blocks: {mine: {parameters: {a: $b}, let: {b: 3}, body: [conv: $a]}}\nstem: [mine]", 33, 3)])
def test_a_name_that_is_defined_later_is_not_known_yet(text: str, column: int, line: int, fails: Fails) -> None:
    problem, = fails(text)
    assert (problem.where.line, problem.where.column, problem.message) == (line, column, "the name 'b' is not known yet")
    place = f"{problem.where.file}:{line}:{problem.where.text.index('b: 3') + 4}"
    assert problem.hint == f"it is defined behind this, at {place}, and known from there on"


def test_a_name_that_reads_itself_is_not_defined(fails: Fails) -> None:
    assert fails("let: {a: $(a + 1)}\nstem: [conv: $a]")[0].message == "the name 'a' is not defined here"


@pytest.mark.parametrize(("spec", "name", "message", "hint"), [
    ("resnet50", "width", "the block bottleneck requires it of each stage or call", "write it in stages: {width: …}"),
    ("resnet50", "stride", "each stage gives its own", "write it in stages: {stride: …}"),
    ("inception_resnet_v2", "middle", "the block reduction_a requires it of each stage or call", "write it in the rows of stages: {block: reduction_a, middle: …}"),
    ("mobilenet_v3_large", "inner", "the block squeeze requires it of each stage or call", "write it where the block is called: squeeze: {inner: …}")])
def test_a_parameter_that_one_block_requires_cannot_be_given_for_all(spec: str, name: str, message: str, hint: str, fails: Fails) -> None:
    problem, = fails(f"extends: {spec}\nparameters: {{{name}: 8}}")
    assert (problem.message, problem.hint) == (f"parameters cannot give '{name}': {message}", hint)


def test_a_parameter_for_all_in_words_of_another_library(fails: Fails) -> None:
    problem, = fails("extends: resnet50\nparameters: {stochastic_depth: 0.2}")
    assert problem.hint.startswith("did you mean 'drop_path'? their parameters: ")
