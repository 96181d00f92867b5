"""How libraries are loaded and run: without what they write to standard error, unless something fails; or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from archspec.errors import InputError


@contextmanager
def quiet(told: type[Exception] | None = None) -> Iterator[None]:
    """Swallows standard error at the level of the file descriptor, where C++ writes; shows it if the body raises.

    Not if that is `told`, an error which says all there is to be said.

    TF_CPP_MIN_LOG_LEVEL is not enough: TensorFlow 2.21 logs before it reads it, and the TFLite converter does not.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except Exception as error:
            sys.stderr.flush()
            if told is None or not isinstance(error, told):
                _copy(hidden.fileno(), kept)
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def _copy(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    while block := os.read(source, 65536):
        os.write(target, block)


def quiet_pillow() -> None:
    """Keeps Pillow's warnings from the user: they name no file; what matters of an image is an error of ours, with its name."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def forbid(*modules: str) -> None:
    """Lets every import of these modules fail in this process from now on: what needs them then shows that it does."""
    loaded: dict[str, Any] = sys.modules
    loaded.update(dict.fromkeys(modules))


_LEFT_OUT: list[str] = []


def leave_out(*modules: str) -> None:
    """Lets Keras be loaded without these, which it loads where they are installed, for wrappers and pictures of its own.

    For a process in which nobody asks Keras for those; with no module named it is loaded as ever.
    """
    _LEFT_OUT[:] = modules


@contextmanager
def _leaving_out() -> Iterator[None]:
    """Lets imports of what is left out fail meanwhile; whoever imports it later gets it."""
    absent = [each for each in _LEFT_OUT if each not in sys.modules]
    forbid(*absent)
    try:
        yield
    finally:
        for each in absent:
            del sys.modules[each]


def settle() -> None:
    """Sets what TensorFlow and Keras read of the environment when they are loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    os.environ["KERAS_BACKEND"] = "tensorflow"


def import_tensorflow(*, devices: bool = True) -> None:
    """Loads TensorFlow and Keras without their greetings, and keeps Pillow's warnings from the user. Takes some seconds.

    Not the `devices` of a worker among several, which have to be used together from the first time on.
    """
    from archspec.io.memory import collect_seldom, keep_freed  # whose ctypes the light commands do without
    first = "tensorflow" not in sys.modules
    settle()
    keep_freed()
    quiet_pillow()
    with quiet(), _leaving_out():
        try:
            import keras  # noqa: F401
        except (ValueError, TypeError, AssertionError) as error:  # over a setting of the user's
            raise InputError(f"Keras does not start: {error}\n  hint: mend or remove ~/.keras/keras.json") from error
        import tensorflow as tf
        tf.get_logger().setLevel("ERROR")
        # the first use of a device logs, too
        (tf.config.list_logical_devices if devices else tf.config.list_physical_devices)()
    if first:
        collect_seldom()
