"""Each operation's numbers against NumPy, and against what PyTorch 2.13 gave where frameworks disagree."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from graphs import Chain, Net
from numpy.lib.stride_tricks import sliding_window_view

from archspec.graph import axes, learned, ops
from archspec.graph.ir import Graph
from archspec.graph.types import VALID, Padding, Pads, Pair
from archspec.model.custom import PaddedMaxPooling2D
from archspec.model.emit import build
from archspec.model.layers import EMITTERS

ONES: Pads = (1, 1, 1, 1)
TWOS: Pads = (2, 2, 2, 2)


def run(graph: Graph, x: np.ndarray, *weights: np.ndarray, training: bool = False) -> np.ndarray:
    """The model's output, with these weights in its last layer."""
    model = build(graph)
    if weights:
        model.get_layer(graph.output.name).set_weights(list(weights))
    return model(x, training=training).numpy()


def same(x: np.ndarray, reach: Pair, stride: Pair) -> Pads:
    """TensorFlow's padding `same`."""
    total = [max(0, (-(-x.shape[i + 1] // stride[i]) - 1) * stride[i] + reach[i] - x.shape[i + 1]) for i in (0, 1)]
    return total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2


def windows(x: np.ndarray, op: ops.Conv | ops.Depthwise | ops.Pool, fill: float = 0.0,
            extra: tuple[int, int] = (0, 0)) -> np.ndarray:
    """(batch, rows, columns, channels, kernel height, kernel width), `extra` rows and columns below and beside."""
    down, across = getattr(op, "dilation", (1, 1))
    reach = (down * (op.kernel[0] - 1) + 1, across * (op.kernel[1] - 1) + 1)
    top, bottom, left, right = same(x, reach, op.stride) if op.padding == "same" else op.padding
    padded = np.pad(x, [(0, 0), (top, bottom + extra[0]), (left, right + extra[1]), (0, 0)], constant_values=fill)
    view = sliding_window_view(padded, reach, axis=(1, 2))
    return view[:, ::op.stride[0], ::op.stride[1], :, ::down, ::across]


def convolved(x: np.ndarray, op: ops.Conv, kernel: np.ndarray) -> np.ndarray:
    """Grouped convolution, group by group."""
    parts = zip(np.split(windows(x, op), op.groups, axis=3), np.split(kernel, op.groups, axis=-1), strict=True)
    return np.concatenate([np.einsum("nhwcij,ijcf->nhwf", part, weights) for part, weights in parts], axis=-1)


def pooled(x: np.ndarray, op: ops.Pool) -> np.ndarray:
    """Pooling; a mean divides by the pixels, or pixels and padding, that its window holds."""
    extra = (op.stride[0] - 1, op.stride[1] - 1) if op.ceil else (0, 0)
    if op.mode == "max":
        return windows(x, op, -np.inf, extra).max((-2, -1))
    seen = np.ones_like(x)
    if op.count_padding:
        top, bottom, left, right = same(x, op.kernel, op.stride) if op.padding == "same" else op.padding
        seen = np.pad(seen, [(0, 0), (top, bottom), (left, right), (0, 0)], constant_values=1)
        return windows(x, op, 0, extra).sum((-2, -1)) / windows(
            seen, replace(op, padding=VALID), 0, extra).sum((-2, -1))
    return windows(x, op, 0, extra).sum((-2, -1)) / windows(seen, op, 0, extra).sum((-2, -1))


def test_every_operation_has_an_emitter() -> None:
    known = {op for module in (ops, axes, learned) for op in vars(module).values() if isinstance(op, type) and issubclass(op, ops.Op)}
    assert set(EMITTERS) == known - {ops.Op}


@pytest.mark.parametrize("op", [
    ops.Conv(8, (3, 3)),
    ops.Conv(8, (3, 5), (2, 1)),
    ops.Conv(8, (3, 3), (2, 2), ONES),
    ops.Conv(8, (3, 3), (1, 1), ONES),
    ops.Conv(8, (2, 2), (1, 1), (0, 1, 0, 1)),
    ops.Conv(8, (3, 3), (2, 2), (0, 1, 2, 0)),
    ops.Conv(8, (1, 1), (2, 2), VALID),
    ops.Conv(8, (3, 3), (1, 1), TWOS, (2, 2)),
    ops.Conv(8, (3, 3), groups=2),
    ops.Conv(8, (3, 3), (2, 2), TWOS, (2, 2), groups=2),
    ops.Conv(8, (3, 3), (2, 1), "same", (2, 2)),
    ops.Conv(8, (3, 3), (3, 2), "same", (1, 2)),
    ops.Conv(8, (3, 3), (2, 2), "same", (2, 2)),
], ids=str)
@pytest.mark.parametrize("size", [(7, 9), (None, None)], ids=["7x9", "open"])
def test_convolution(op: ops.Conv, size: tuple[int | None, int | None], chain: Chain, images: np.ndarray) -> None:
    kernel = np.random.default_rng(1).normal(size=(*op.kernel, 6 // op.groups, 8)).astype("float32")
    result = run(chain(op, shape=(*size, 6)), images, kernel)
    np.testing.assert_allclose(result, convolved(images, op, kernel), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("op", [
    ops.Depthwise(),
    ops.Depthwise(2, (3, 3), (2, 2), ONES),
    ops.Depthwise(2, (5, 3), (2, 1), "same"),
    ops.Depthwise(1, (3, 3), (1, 2), ONES),
    ops.Depthwise(1, (3, 3), (2, 2), "same", (2, 2)),
    ops.Depthwise(1, (3, 3), (2, 1), "same", (2, 1)),
], ids=str)
@pytest.mark.parametrize("size", [(7, 9), (None, None)], ids=["7x9", "open"])
def test_depthwise(op: ops.Depthwise, size: tuple[int | None, int | None], chain: Chain, images: np.ndarray) -> None:
    kernel = np.random.default_rng(1).normal(size=(*op.kernel, 6, op.multiplier)).astype("float32")
    expected = np.einsum("nhwcij,ijcm->nhwcm", windows(images, op), kernel)
    result = run(chain(op, shape=(*size, 6)), images, kernel)
    np.testing.assert_allclose(result, expected.reshape(result.shape), rtol=1e-5, atol=1e-5)


def test_biases_are_added(chain: Chain, images: np.ndarray) -> None:
    for op, kernel in ((ops.Conv(6, (3, 3), (2, 2), ONES, (2, 2), bias=True), (3, 3, 6, 6)),
                       (ops.Depthwise(1, (3, 3), (2, 1), bias=True), (3, 3, 6, 1))):
        result = run(chain(op), images, np.zeros(kernel), np.arange(6))
        np.testing.assert_array_equal(result, np.broadcast_to(np.arange(6.0), result.shape))


POOLS = [(2, 2, VALID), (3, 2, VALID), (3, 2, ONES), (3, 1, ONES), (5, 2, TWOS), (2, 1, ONES),
         (1, 2, VALID), (3, 2, "same"), (3, 1, "same"), (4, 3, (0, 3, 2, 0))]


def sizes(op: ops.Pool) -> list[tuple[int | None, int | None, int]]:
    """7x9, and open ones where `ceil` can do without them."""
    depends = op.ceil and op.padding != "same" and op.stride[0] + max(op.padding[1::2]) > op.kernel[0]
    return [(7, 9, 6)] if depends else [(7, 9, 6), (None, None, 6)]


@pytest.mark.parametrize("non_negative", [False, True], ids=["signed", "after_relu"])
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_max_pool(kernel: int, stride: int, padding: Padding, ceil: bool, non_negative: bool, chain: Chain,
                  images: np.ndarray) -> None:
    op = ops.Pool("max", (kernel, kernel), (stride, stride), padding, ceil and padding != "same")
    before = (ops.Activation("relu"),) * non_negative
    expected = pooled(np.maximum(images, 0) if non_negative else images - 9, op)
    for shape in sizes(op):
        graph = chain(*before, op, shape=shape)
        result = run(graph, images if non_negative else images - 9)
        np.testing.assert_array_equal(result, expected[:, :result.shape[1], :result.shape[2]])
        assert graph.output.type.shape[1] in (None, result.shape[2])


@pytest.mark.parametrize("count_padding", [False, True], ids=["left_out", "counted"])
@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_avg_pool(kernel: int, stride: int, padding: Padding, ceil: bool, count_padding: bool, chain: Chain,
                  images: np.ndarray) -> None:
    op = ops.Pool("avg", (kernel, kernel), (stride, stride), padding, ceil and padding != "same", count_padding)
    with np.errstate(invalid="ignore"):  # windows beyond the image, which the model does not have
        expected = pooled(images, op)
    for shape in sizes(op):
        result = run(chain(op, shape=shape), images)
        np.testing.assert_allclose(result, expected[:, :result.shape[1], :result.shape[2]], rtol=1e-5, atol=1e-6)


def test_pools_as_pytorch_does_them(chain: Chain) -> None:
    """1 2 3 4, window 3, stride 2, padding 1, ceil: PyTorch's numbers. What ceil adds is never counted."""
    row = np.arange(1.0, 5.0, dtype="float32").reshape(1, 1, 4, 1)
    one_row = {"kernel": (1, 3), "stride": (1, 2), "padding": (0, 0, 1, 1), "ceil": True}
    expected = {("max", False): (2, 4, 4), ("avg", False): (1.5, 3, 4), ("avg", True): (1, 3, 2)}
    for (mode, count_padding), numbers in expected.items():
        op = ops.Pool(mode, count_padding=count_padding, **one_row)
        np.testing.assert_allclose(run(chain(op, shape=(1, 4, 1)), row).ravel(), numbers)


def test_after_a_relu_a_padded_max_pool_is_plain_keras(net: Net) -> None:
    image = net.put(ops.Input((8, 8, 3)))
    positive = net.put(ops.Dropout(0.1), net.put(ops.Activation("relu"), image))
    pool = ops.Pool("max", (3, 3), (2, 2), ONES)
    both = net.put(ops.Concat(), net.put(pool, positive), net.put(pool, image))
    model = build(net.done(both))
    assert type(model.get_layer("pool3")) is keras.layers.MaxPooling2D
    assert type(model.get_layer("pool3_pad")) is keras.layers.ZeroPadding2D
    assert type(model.get_layer("pool4")) is PaddedMaxPooling2D


@pytest.mark.parametrize("padding", [ONES, "same"])
def test_unstrided_symmetric_padding_needs_no_layer(padding: Padding, chain: Chain) -> None:
    model = build(chain(ops.Conv(8, (3, 3), padding=padding), ops.Pool("max", (3, 3), (1, 1), padding)))
    assert [layer.name for layer in model.layers] == ["images", "conv1", "pool2"]


def test_rows_of_ceil_that_no_window_reaches_are_left_out(chain: Chain) -> None:
    """An average pool of ResNet-D on an even map is a plain one."""
    model = build(chain(ops.Pool("avg", (2, 2), (2, 2), VALID, ceil=True), shape=(8, 8, 3)))
    assert type(model.get_layer("pool1")) is keras.layers.AveragePooling2D


@pytest.mark.parametrize(("mode", "keepdims"), [("max", False), ("max", True), ("avg", False), ("avg", True)])
def test_global_pool(mode: str, keepdims: bool, chain: Chain, images: np.ndarray) -> None:
    reduce = {"max": np.max, "avg": np.mean}[mode]
    result = run(chain(ops.GlobalPool(mode, keepdims)), images)
    np.testing.assert_allclose(result, reduce(images, axis=(1, 2), keepdims=keepdims), rtol=1e-5, atol=1e-6)


def test_dense(chain: Chain, images: np.ndarray) -> None:
    kernel, bias = np.random.default_rng(1).normal(size=(6, 3)).astype("float32"), np.arange(3.0)
    result = run(chain(ops.GlobalPool("avg"), ops.Dense(3)), images, kernel, bias)
    np.testing.assert_allclose(result, images.mean((1, 2)) @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_batch_norm_has_pytorchs_epsilon_and_momentum(chain: Chain) -> None:
    column = 0.01 * np.arange(1.0, 5.0, dtype="float32").reshape(4, 1, 1, 1)
    graph = chain(ops.BatchNorm(), shape=(1, 1, 1))
    model = build(graph)
    result = model(column, training=True).numpy()
    np.testing.assert_allclose(result.ravel(), (-1.2909946, -0.4303316, 0.4303314, 1.2909943), rtol=1e-5)
    mean, variance = model.get_layer("batch_norm1").get_weights()[2:]
    np.testing.assert_allclose(mean, 0.1 * column.mean(), rtol=1e-6)
    # PyTorch's running variance is the unbiased one, which inference never notices.
    np.testing.assert_allclose(variance, 0.9 + 0.1 * column.var(), rtol=1e-6)


def test_norms_without_scale_and_center_have_no_such_weights(chain: Chain, images: np.ndarray) -> None:
    plain = {"scale": False, "center": False}
    model = build(chain(ops.BatchNorm(**plain), ops.LayerNorm(**plain), ops.GroupNorm(3, **plain)))
    assert [len(layer.weights) for layer in model.layers] == [0, 2, 0, 0]


def test_layer_norm_has_the_epsilon_of_vision_models(chain: Chain) -> None:
    small = 1e-3 * np.arange(1.0, 7.0, dtype="float32").reshape(1, 1, 1, 6)
    expected = (-1.2632279, -0.7579368, -0.2526456, 0.2526456, 0.7579369, 1.2632279)
    np.testing.assert_allclose(run(chain(ops.LayerNorm(), shape=(1, 1, 6)), small).ravel(), expected, rtol=1e-4)


def test_group_norm_has_pytorchs_epsilon(chain: Chain) -> None:
    small = 1e-3 * np.arange(1.0, 7.0, dtype="float32").reshape(1, 1, 1, 6)
    expected = (-0.3061862, 0, 0.3061862, -0.3061863, 0, 0.3061861)
    result = run(chain(ops.GroupNorm(2), shape=(1, 1, 6)), small)
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-4, atol=1e-6)


def test_lrn_divides_alpha_by_its_size(chain: Chain) -> None:
    tens = np.arange(10.0, 70.0, 10.0, dtype="float32").reshape(1, 1, 1, 6)
    graph = chain(ops.LocalResponseNorm(), shape=(1, 1, 6))
    expected = (9.7950163, 19.1447906, 27.7414417, 35.3303947, 44.3888931, 53.8885956)
    np.testing.assert_allclose(run(graph, tens).ravel(), expected, rtol=1e-5)
    other = chain(ops.LocalResponseNorm(3, 0.5, 0.5, 2.0), shape=(1, 1, 6))
    expected = (1.0825318, 1.3037318, 1.3617619, 1.3839809, 1.3946400, 1.8799019)
    np.testing.assert_allclose(run(other, tens).ravel(), expected, rtol=1e-4)


# PyTorch's values at -4, -1, -0.5, 0, 1, 7.
ACTIVATIONS = {
    "relu": (0, 0, 0, 0, 1, 7),
    "relu6": (0, 0, 0, 0, 1, 6),
    "leaky_relu": (-0.04, -0.01, -0.005, 0, 1, 7),
    "prelu": (-1, -0.25, -0.125, 0, 1, 7),
    "elu": (-0.9816844, -0.6321205, -0.3934693, 0, 1, 7),
    "selu": (-1.725899, -1.111331, -0.6917582, 0, 1.050701, 7.354907),
    "gelu": (-0.0001264811, -0.1586553, -0.1542688, 0, 0.8413447, 7),
    "silu": (-0.07194484, -0.2689414, -0.1887703, 0, 0.7310586, 6.993623),
    "mish": (-0.07259175, -0.3034014, -0.2207438, 0, 0.8650984, 6.999989),
    "softplus": (0.01814993, 0.3132617, 0.474077, 0.6931472, 1.313262, 7.000912),
    "hard_swish": (0, -0.3333333, -0.2083333, 0, 0.6666667, 7),
    "hard_sigmoid": (0, 0.3333333, 0.4166667, 0.5, 0.6666667, 1),
    "sigmoid": (0.01798621, 0.2689414, 0.3775407, 0.5, 0.7310586, 0.999089),
    "tanh": (-0.9993293, -0.7615942, -0.4621172, 0, 0.7615942, 0.9999983),
    "softmax": (1.663026e-05, 0.0003340277, 0.0005507186, 0.0009079814, 0.002468149, 0.9957225),
}
POINTS = np.array([-4, -1, -0.5, 0, 1, 7], "float32").reshape(1, 1, 1, 6)


@pytest.mark.parametrize("function", ops.ACTIVATIONS)
def test_activation(function: str, chain: Chain) -> None:
    result = run(chain(ops.Activation(function), shape=(1, 1, 6)), POINTS)
    np.testing.assert_allclose(result.ravel(), ACTIVATIONS[function], rtol=1e-5, atol=3e-7)


def test_settings_of_activations(chain: Chain) -> None:
    for op, at_minus_one in ((ops.Activation("leaky_relu", slope=0.3), -0.3),
                             (ops.Activation("elu", alpha=2.0), -1.264241),
                             (ops.Activation("gelu", approximate=True), -0.158808)):
        result = run(chain(op, shape=(1, 1, 6)), POINTS)
        np.testing.assert_allclose(result.ravel()[1], at_minus_one, rtol=1e-5)


def test_prelu_has_one_slope_a_channel(chain: Chain, images: np.ndarray) -> None:
    slopes = np.arange(6.0).reshape(1, 1, 6)
    result = run(chain(ops.Activation("prelu"), shape=(None, None, 6)), images, slopes)
    np.testing.assert_allclose(result, np.where(images > 0, images, images * slopes), rtol=1e-6)
    on_vector = build(chain(ops.GlobalPool("avg"), ops.Activation("prelu")))
    assert on_vector.get_layer("act2").alpha.shape == (6,)


def test_dropout_drops_elements_and_drop_path_images(chain: Chain) -> None:
    keras.utils.set_random_seed(1)
    ones = np.ones((64, 4, 4, 3), "float32")
    elements = run(chain(ops.Dropout(0.5), shape=(4, 4, 3)), ones, training=True)
    whole = run(chain(ops.DropPath(0.5), shape=(4, 4, 3)), ones, training=True)
    assert set(np.unique(elements)) == {0, 2}
    assert len(np.unique(elements[0])) == 2
    assert {len(np.unique(image)) for image in whole} == {1}
    assert set(np.unique(whole)) == {0, 2}


def test_drop_path_of_a_vector_and_in_inference(chain: Chain, images: np.ndarray) -> None:
    graph = chain(ops.GlobalPool("avg"), ops.DropPath(0.5))
    dropped = run(graph, images, training=True)
    assert all((row == 0).all() or (row != 0).all() for row in dropped)
    np.testing.assert_allclose(run(graph, images), images.mean((1, 2)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [(7, 9), (None, None)], ids=["7x9", "open"])
def test_operations_that_move_or_scale_channels(size: tuple[int | None, int | None], chain: Chain,
                                                images: np.ndarray) -> None:
    expected = {
        ops.Scale(0.17): images * 0.17,
        ops.LayerScale(0.1): images * 0.1,
        ops.Pad((1, 2, 0, 3)): np.pad(images, [(0, 0), (1, 2), (0, 3), (0, 0)]),
        ops.PadChannels(8): np.pad(images, [(0, 0)] * 3 + [(0, 2)]),
        ops.SliceChannels(2, 3): images[..., 2:5],
        ops.Shuffle(3): images[..., [0, 2, 4, 1, 3, 5]],
        ops.Upsample(2): images.repeat(2, axis=1).repeat(2, axis=2),
    }
    for op, result in expected.items():
        np.testing.assert_allclose(run(chain(op, shape=(*size, 6)), images), result, rtol=1e-6, err_msg=str(op))


def test_channel_operations_on_a_vector(chain: Chain, images: np.ndarray) -> None:
    mean = images.mean((1, 2))
    result = run(chain(ops.GlobalPool("avg"), ops.PadChannels(8), ops.SliceChannels(1, 6)), images)
    np.testing.assert_allclose(result, np.pad(mean, [(0, 0), (0, 2)])[:, 1:7], rtol=1e-5, atol=1e-6)


def test_bilinear_upsampling_has_half_pixel_centres(chain: Chain) -> None:
    square = np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1)
    result = run(chain(ops.Upsample(2, "bilinear"), shape=(2, 2, 1)), square)
    np.testing.assert_allclose(result[0, 0, :, 0], (0, 0.25, 0.75, 1))
    np.testing.assert_allclose(result[0, :, 0, 0], (0, 0.5, 1.5, 2))


def test_flatten_goes_row_by_row_channels_last(chain: Chain, images: np.ndarray) -> None:
    np.testing.assert_array_equal(run(chain(ops.Flatten()), images), images.reshape(2, -1))


@pytest.mark.parametrize(("op", "expected"), [
    (ops.Concat(), lambda a, b: np.concatenate([a, b], -1)),
    (ops.Merge("add"), np.add),
    (ops.Merge("multiply"), np.multiply),
    (ops.Merge("max"), np.maximum),
    (ops.Merge("average"), lambda a, b: (a + b) / 2),
    (ops.Blend(), lambda a, b: b * a + (1 - b) * a),
])
def test_operations_on_several_inputs(op: ops.Op, expected: np.ufunc, net: Net, images: np.ndarray) -> None:
    image = net.put(ops.Input((None, None, 6)))
    double = net.put(ops.Scale(2.0), image)
    inputs = (double, image, image) if isinstance(op, ops.Blend) else (image, double)
    result = run(net.done(net.put(op, *inputs)), images)
    np.testing.assert_allclose(result, expected(images, 2 * images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("keepdims", [None, False, True], ids=["map", "vector", "1x1"])
@pytest.mark.parametrize("size", [(7, 9), (None, None)], ids=["7x9", "open"])
def test_gate(keepdims: bool | None, size: tuple[int | None, int | None], net: Net, images: np.ndarray) -> None:
    image = net.put(ops.Input((*size, 6)))
    gate = image if keepdims is None else net.put(ops.GlobalPool("avg", keepdims), image)
    factor = images if keepdims is None else images.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(run(net.done(net.put(ops.Gate(), image, gate)), images), images * factor,
                               rtol=1e-5, atol=1e-6)
