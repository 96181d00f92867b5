"""What network.py is made of: items where they stand, the operations, those that hold lists, and calls of blocks."""
