"""archspec: a network as a file. Importing it loads neither TensorFlow nor Keras."""

from archspec.errors import Problem, SpecError, Where
from archspec.lower import load, lower

__all__ = ["Problem", "SpecError", "Where", "load", "lower"]
