"""The studio: a network seen while its spec is written, in a browser on this machine. No framework is imported."""
