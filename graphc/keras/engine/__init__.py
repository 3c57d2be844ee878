"""The machinery of layers and models: recording, replaying, training; the layers themselves are in `keras.layers`."""
