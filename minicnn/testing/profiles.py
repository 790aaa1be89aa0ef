"""How long to search for counterexamples: seconds, minutes or an hour."""

from hypothesis import HealthCheck, settings

EXAMPLES = {"dev": 50, "ci": 300, "nightly": 2500}  # of every property
LEAST_A_NIGHT = 2000  # of costly properties too


def register() -> None:
    """Register the profiles with hypothesis, and load "dev".

    In "dev" and "ci" the examples follow from the test's source alone: a run that failed fails
    again, on every machine. "nightly" looks elsewhere every night, and prints what it needs to
    repeat a failure. No test has a deadline: how long it takes says more of the machine.
    """
    for name, examples in EXAMPLES.items():
        settings.register_profile(
            name,
            max_examples=examples,
            derandomize=name != "nightly",
            print_blob=name == "nightly",
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
    settings.load_profile("dev")


def fewer(times: int) -> settings:
    """Return settings with so many times fewer examples than the profile's, for costly properties.

    But no night has fewer than 2,000.

    Example:
        >>> fewer(times=settings().max_examples).max_examples
        1
    """
    least = LEAST_A_NIGHT if settings.get_current_profile_name() == "nightly" else 1
    return settings(max_examples=max(settings().max_examples // times, least))
