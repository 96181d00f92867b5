"""From a recipe and a graph to a trained model in a run folder. `loop.py` tells the story."""
