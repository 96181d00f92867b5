"""A trained network as a value, and the folder that holds it. To read one takes no TensorFlow."""
