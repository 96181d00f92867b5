"""How good a network is: evaluators, each a function over (logits, labels, weights), that yield (name, value)."""
