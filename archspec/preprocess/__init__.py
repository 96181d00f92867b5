"""From an encoded image to the network's input: the rule as data (`rule`), and the one function that follows it (`pixels`)."""
