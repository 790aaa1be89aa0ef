"""What goes wrong with data files: two errors, since only absent data allows a fallback."""


class DataError(RuntimeError):
    """A data file is damaged or unreadable; the message names file, fault and remedy."""


class MissingDataError(DataError):
    """The data is absent and could not be had; ``load("auto")`` then takes the sample."""
