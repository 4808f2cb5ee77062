"""Weights as people set them and as files write them."""

from __future__ import annotations

import dataclasses

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.problem import Weights
from moonraker_netqueue.scheduler.weights import (
    SETTABLE,
    WEIGHTS,
    as_people_set,
    weights_from,
)


def test_every_weight_is_in_the_table_once() -> None:
    """So no field can be forgotten in files."""
    fields = [field.name for field in dataclasses.fields(Weights)]
    assert [weight.name for weight in WEIGHTS] == fields
    assert len({weight.key for weight in WEIGHTS}) == len(fields)


def test_defaults_are_what_the_documentation_says() -> None:
    """In minutes, `max_wait` in hours."""
    assert as_people_set(Weights()) == {
        "busy": 1,
        "change_minutes": 15,
        "clear": 10,
        "slow": 1,
        "dead": 0.5,
        "late": 0.1,
        "age": 0.05,
        "printing": 0.1,
        "priority": 60,
        "max_wait": 72,
        "spread": 30,
        "share": 60,
    }
    assert {name: weight.default for name, weight in SETTABLE.items()} == as_people_set(
        Weights()
    )


def test_what_people_set_goes_over_the_defaults() -> None:
    """In hundredths of a minute, rounded; `max_wait` in minutes."""
    found = weights_from({"change_minutes": 20, "age": 0.129, "max_wait": 1.5})
    assert found == dataclasses.replace(
        Weights(), change_minutes=20, age=13, max_wait=90
    )
    assert weights_from(as_people_set(found)) == found
    assert weights_from({}) == Weights()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"idle": 1}, "weights: there is no weight 'idle'; give one of busy, change"),
        ({"swap" * 99: 1}, "there is no weight 'swapswap"),
        ({"clear": -1}, "weights.clear: -1 is not possible; give 0 to 10080 minutes"),
        ({"clear": float("nan")}, "weights.clear: nan is not possible"),
        (
            {"max_wait": 9000},
            "weights.max_wait: 9000 is not possible; give 0 to 8784 h",
        ),
    ],
)
def test_what_is_wrong_is_named(chosen: dict[str, float], message: str) -> None:
    """With what would be right."""
    with pytest.raises(ProblemError) as caught:
        weights_from(chosen)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 250
