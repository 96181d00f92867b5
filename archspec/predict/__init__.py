"""What a trained network says of images, wherever it lies: a run, an exported file, a server. The same words and numbers."""
