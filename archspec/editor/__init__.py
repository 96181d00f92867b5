"""What an editor asks about a spec while it is written: problems, completions, meanings, places. Without a protocol."""
