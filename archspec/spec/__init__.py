"""The language: YAML text to a spec whose every part knows its place."""
