"""What is the same for all failures: a farm is whole again after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm


@pytest.fixture
def whole(farm: Farm) -> Iterator[Farm]:
    """A farm that is one group; after the test it is again, every copy printed once."""
    wait(farm.settled)
    yield farm
    farm.switch.heal()
    wait(farm.settled)
    wait(lambda: farm.printed(*farm.wanted), 120)
    farm.check()
