"""Hypothesis profiles: how long to search for counterexamples, from seconds to an hour."""

from hypothesis import HealthCheck, settings

EXAMPLES = {"dev": 50, "ci": 300, "nightly": 2500}  # per property
LEAST_A_NIGHT = 2000  # also for expensive properties


def register() -> None:
    """Register the profiles with hypothesis, and load "dev".

    In "dev" and "ci" the examples depend only on the source of the test, so a failure is
    reproducible on every machine. "nightly" draws new examples every night, and prints what is
    needed to reproduce a failure. Tests have no deadline, since their time depends on the machine.
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
    """Return settings with ``times`` fewer examples than the profile, for expensive properties.

    "nightly" has at least 2,000.

    Example:
        >>> fewer(times=settings().max_examples).max_examples
        1
    """
    least = LEAST_A_NIGHT if settings.get_current_profile_name() == "nightly" else 1
    return settings(max_examples=max(settings().max_examples // times, least))
