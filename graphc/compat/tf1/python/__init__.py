"""Modules that scripts import from inside of TensorFlow."""
