"""Images with labels: where they come from, and the one path they take to train, evaluate and serve."""
