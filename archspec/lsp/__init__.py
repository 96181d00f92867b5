"""The language server: what archspec.editor knows, over the Language Server Protocol."""
