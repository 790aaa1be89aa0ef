"""Convolution and its transpose, to be read in this order:

functions   the mathematics: three functions, each one's backward made of the other two
rows        how they are computed: matrix products, and the memory layout that makes them fast
blocks      the same where rows is slow: few and large channels, or many groups
depthwise   the same where every channel has a kernel of its own
products    which of these three formulations is chosen, and when
geometry    where the windows lie
arguments   conv2d and conv_transpose2d as users call them: checks and geometry
"""

from minicnn.functional.conv.arguments import conv2d, conv_transpose2d

__all__ = ["conv2d", "conv_transpose2d"]
