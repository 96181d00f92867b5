"""A picture for a person: what a network is trained on, beside what evaluation sees of the same images."""
