"""Hypothesis profiles: `dev` while writing, `ci` before a change lands, `nightly` to look further.

`HYPOTHESIS_PROFILE` chooses one, `dev` otherwise. None has a deadline: a busy machine is slow, not wrong.
"""

import os

from hypothesis import HealthCheck, settings


def load_profile() -> None:
    """Register the profiles and load the one that the environment names.

    Raises:
        hypothesis.errors.InvalidArgument: there is no profile of that name.
    """
    settings.register_profile("dev", deadline=None, max_examples=50)
    # The same examples every time: a change must not fail for what was there before it.
    settings.register_profile(
        "ci",
        deadline=None,
        max_examples=200,
        derandomize=True,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile(
        "nightly",
        deadline=None,
        max_examples=5_000,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
