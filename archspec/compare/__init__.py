"""Two networks, or two runs, held against each other: what is the same, what one lacks, what is otherwise."""
