"""One declaration for every key of the language.

A key says its kind of value with bounds, its default, its unit and one line of documentation. Reading, messages, the
tables of the documentation and the tests that every key acts are walks over these declarations.
"""
