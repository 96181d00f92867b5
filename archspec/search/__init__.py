"""Networks near a given one: fitted to a budget, and many variants side by side."""
