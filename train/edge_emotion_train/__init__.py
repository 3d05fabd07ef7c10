"""Training the two ResBlock networks on a desktop (the `train` extra; Keras 3)."""
