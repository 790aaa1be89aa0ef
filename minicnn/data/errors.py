"""Errors of data files: two classes, since only missing data can be replaced by the sample."""


class DataError(RuntimeError):
    """A data file is damaged or unreadable; the message names the file, the fault and a remedy.

    The message is one line, even if the name of the file holds newlines.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.replace("\n", "\\n"))


class MissingDataError(DataError):
    """The data is missing and could not be downloaded; ``load("auto")`` then uses the sample."""
