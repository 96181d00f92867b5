"""Files written whole or not at all, locks, what the machine refuses, the quiet of a library, where things lie.

Imports nothing beyond the standard library but filelock, and that only when something is locked.
"""
