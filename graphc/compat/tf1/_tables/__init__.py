"""The tables: one line per name, in the form that `graphc.compat.tf1._binding` reads."""
