"""All faults, by what is at fault; to import them is to put them on the list."""

from . import damaged, digits, disk, numbers, refused, stopped, terminal

__all__ = ["damaged", "digits", "disk", "numbers", "refused", "stopped", "terminal"]
