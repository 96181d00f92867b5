"""What helps who writes a spec: its JSON Schema, specs to start from, a page for each problem, completions."""
