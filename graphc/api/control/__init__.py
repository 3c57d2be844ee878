"""Branches and loops of the user's graph."""
