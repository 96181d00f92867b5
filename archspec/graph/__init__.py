"""The network as a small immutable graph of primitive operations. Knows no framework and no file format."""
