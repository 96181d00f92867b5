"""A picture for a person: what a network is trained on, beside what evaluation sees of the same images."""

COUNT = 24
"""Images in the picture of a run."""
