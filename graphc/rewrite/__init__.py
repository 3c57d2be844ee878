"""Rewriting of programs: patterns as data, rules with their own tests, and a driver to a fixpoint."""
