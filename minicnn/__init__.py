"""minicnn: convolutional networks from scratch, in functional PyTorch, small enough to read."""
