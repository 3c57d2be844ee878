"""The Keras-like interface: layers, models, losses, metrics and optimizers by the names that Keras users know."""
