"""Convolution and its transpose, in three files, to be read in this order:

functions   the mathematics: three functions, each one's backward made of the other two
products    how they are computed: matrix products, and the memory layout that makes them fast
arguments   conv2d and conv_transpose2d as users call them: checks and geometry
"""

from minicnn.functional.conv.arguments import conv2d, conv_transpose2d

__all__ = ["conv2d", "conv_transpose2d"]
