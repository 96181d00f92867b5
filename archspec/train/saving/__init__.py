"""What is kept of a training: checkpoints, the best epochs, and the way back to them."""
