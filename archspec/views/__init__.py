"""Walks over the graph that give a result object first, text or JSON from it afterwards. No framework is loaded."""
