"""The mutants of the general run that no test notices, and why none can, or need."""

SURVIVORS: dict[str, str] = {}
