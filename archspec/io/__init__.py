"""Files written whole or not at all, locks, the quiet of a library, where things lie. Standard library only."""
