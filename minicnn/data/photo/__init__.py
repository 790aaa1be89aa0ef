"""A picture of a digit of one's own becomes a digit as MNIST has them: read, found, normalised."""

from minicnn.data.photo.read import read_digit

__all__ = ["read_digit"]
