"""A picture of a digit of one's own becomes a digit as MNIST has them: read, found, normalised."""

from .read import read_digit

__all__ = ["read_digit"]
