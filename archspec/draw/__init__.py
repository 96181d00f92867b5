"""Pictures of networks: SVG straight from the graph, laid out by rules and the same bytes each time."""
