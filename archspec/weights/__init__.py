"""Weights from elsewhere: files of tensors, the mappings that name them, and what a model takes from them."""
