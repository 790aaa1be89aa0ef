"""All faults, by their cause; importing this package registers them."""

from . import damaged, digits, disk, numbers, refused, stopped, terminal

__all__ = ["damaged", "digits", "disk", "numbers", "refused", "stopped", "terminal"]
