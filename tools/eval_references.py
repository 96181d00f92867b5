"""Photographs, and what TensorFlow's and Keras's libraries make of them for evaluation; for tools/compare_preprocess.py.

What Keras does, Keras does. TF-slim and TF Model Garden need not be installed: their steps are written out in TensorFlow
calls, after the functions that are named there.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_images

SAMPLES = load_sample_images()
IMAGENET = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
VGG = np.float32([123.68, 116.78, 103.94])


# -- photographs ---------------------------------------------------------------------------------------------------------

def photographs() -> dict[str, bytes]:
    """Encoded images by name: JPEG at quality 90 with colours at half the size, where nothing else is said."""
    china, flower = (Image.fromarray(SAMPLES.images[number]) for number in (0, 1))
    return {**{Path(name).name: Path(name).read_bytes() for name in SAMPLES.filenames},
            "large.jpg": encoded(china.resize((3001, 2003), Image.Resampling.LANCZOS)),
            "thin.jpg": encoded(china.crop((0, 150, 640, 213))),
            "small.jpg": encoded(flower.resize((131, 97), Image.Resampling.LANCZOS)),
            "odd.jpg": encoded(flower.crop((0, 0, 333, 419)), subsampling=0),
            "grey.jpg": encoded(china.convert("L")),
            "colour.png": encoded(flower.crop((10, 20, 511, 397)), "PNG"),
            "cmyk.jpg": encoded(china.convert("CMYK"))}


def encoded(image: Image.Image, form: str = "JPEG", **keys: Any) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, form, **({"quality": 90} if form == "JPEG" else {}), **keys)
    return file.getvalue()


# -- TensorFlow's libraries ----------------------------------------------------------------------------------------------

def slim_inception(data: bytes) -> np.ndarray:
    """preprocess_for_eval of research/slim/preprocessing/inception_preprocessing.py, with TensorFlow 1's resize_bilinear."""
    image = tf.image.convert_image_dtype(tf.io.decode_image(data, channels=3), tf.float32)
    image = tf.image.central_crop(image, 0.875)
    return (np.asarray(_corner(image, (224, 224))) - 0.5) * 2


def slim_vgg(data: bytes) -> np.ndarray:
    """preprocess_for_eval of research/slim/preprocessing/vgg_preprocessing.py."""
    image = tf.cast(tf.io.decode_image(data, channels=3), tf.float32)
    height, width = np.float32(image.shape[:2])
    scale = np.float32(256) / min(height, width)
    image = _corner(image, (int(np.rint(height * scale)), int(np.rint(width * scale))))
    top, left = ((side - 224) // 2 for side in image.shape[:2])
    return np.asarray(image[top:top + 224, left:left + 224]) - VGG


def _corner(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    return tf.raw_ops.ResizeBilinear(images=image[None], size=size, align_corners=False, half_pixel_centers=False)[0]


def tf_model_garden(data: bytes) -> np.ndarray:
    """_parse_eval_image of official/vision/dataloaders/classification_input.py: a JPEG's crop alone is decoded."""
    jpeg = data.startswith(b"\xff\xd8")
    shape = tf.image.extract_jpeg_shape(data) if jpeg else tf.shape(tf.io.decode_image(data, channels=3))
    size = 0.875 * tf.cast(tf.reduce_min(shape[:2]), tf.float32)
    offset = tf.cast((tf.cast(shape[:2], tf.float32) - size) / 2, tf.int32)
    window = tf.concat([offset, tf.cast([size, size], tf.int32)], 0)
    top, left, height, width = window.numpy()
    image = (tf.io.decode_and_crop_jpeg(data, window, channels=3) if jpeg else
             tf.io.decode_image(data, channels=3)[top:top + height, left:left + width])
    return (np.asarray(tf.image.resize(image, (224, 224))) - 255 * IMAGENET[0]) / (255 * IMAGENET[1])


def keras_folder(mode: str, **keys: Any) -> Callable[[bytes], np.ndarray]:
    """keras.utils.image_dataset_from_directory, and preprocess_input of keras.applications."""
    def run(data: bytes) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / ("image.jpg" if data.startswith(b"\xff\xd8") else "image.png")).write_bytes(data)
            images = keras.utils.image_dataset_from_directory(folder, labels=None, batch_size=None, image_size=(224, 224),
                                                              shuffle=False, verbose=False, **keys)
            return _for_keras(next(iter(images)).numpy(), mode)
    return run


def keras_file(mode: str) -> Callable[[bytes], np.ndarray]:
    """keras.utils.load_img with its own filter, img_to_array, and preprocess_input."""
    def run(data: bytes) -> np.ndarray:
        image = keras.utils.load_img(io.BytesIO(data), target_size=(224, 224))
        return _for_keras(keras.utils.img_to_array(image), mode)
    return run


def _for_keras(pixels: np.ndarray, mode: str) -> np.ndarray:
    networks = keras.applications
    module = {"tf": networks.mobilenet_v2, "torch": networks.densenet, "caffe": networks.resnet}[mode]
    return np.asarray(module.preprocess_input(np.array(pixels)), np.float32)
