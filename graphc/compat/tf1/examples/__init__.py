"""Example data as TensorFlow 1 came with it."""
