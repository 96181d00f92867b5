"""What lower.py is made of: the context, the operations, those that hold lists, and calls of blocks."""
