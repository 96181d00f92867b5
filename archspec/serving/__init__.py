"""Whether a SavedModel folder can be served by TensorFlow Serving, whoever made it."""
