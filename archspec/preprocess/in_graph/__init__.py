"""What `decoding`, `header` and `window` do in Python, once more in TensorFlow's operations, for a graph that is served."""
