"""Matrix factorizations and what is solved with them: over the last two axes, for any number of leading ones."""
