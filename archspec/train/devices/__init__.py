"""On which devices a step runs: those of one machine, or of several workers."""
