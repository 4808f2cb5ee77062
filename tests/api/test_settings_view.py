"""Settings of a queue as arguments, and how they come back."""

from __future__ import annotations

from typing import Any

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.settings import read_change, settings_view
from moonraker_netqueue.model.command import QueueSet
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.settings import QueueSettings
from moonraker_netqueue.printer.manner import (
    manner_of,
    notice_of,
    operator_periods,
)
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.problem import Weights
from moonraker_netqueue.scheduler.weights import SETTABLE

JULY, JANUARY = 1_751_328_000, 1_735_689_600  # Unix seconds, in 2025


def test_what_is_left_out_is_left_alone() -> None:
    """Each argument by itself; a weight of null is the planner's own again."""
    assert read_change(Arguments({"title": ""})) == QueueSet(title="")
    weights = {"age": 0.1, "clear": None}
    change = read_change(Arguments({"weights": weights, "shares": {"eva": 2}}))
    assert change == QueueSet(weights=weights, shares={"eva": 2})
    hours = {"days": [0, 4], "start": "08:30", "duration": 90, "tz": "Europe/Berlin"}
    change = read_change(Arguments({"operator": [hours], "start_spacing_s": "30"}))
    period = Period((0, 4), "08:30", 90, "Europe/Berlin", None)
    assert change == QueueSet(operator=(period,), start_spacing_s=30)


def test_a_query_string_carries_them_as_json() -> None:
    """As HTTP clients write it."""
    text = '[{"days": "0, 1", "start": "08:00", "duration": 60}]'
    change = read_change(Arguments({"weights": '{"age": 1}', "operator": text}))
    assert change == QueueSet(
        weights={"age": 1.0}, operator=(Period((0, 1), "08:00", 60),)
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"strategy": "fastest"}, "'strategy': one of assignment, fifo, greedy"),
        ({"weights": {"speed": 1}}, "no weight 'speed'; known: busy, change_minutes"),
        ({"weights": {"age": "old"}}, "'weights.age': expected a number"),
        ({"weights": {"age": 1e6}}, "argument weights.age: 1e+06 is not possible"),
        ({"weights": [1]}, "'weights': expected an object of numbers"),
        ({"weights": "{"}, "'weights': expected an object of numbers"),
        ({"shares": {"eva": 1.5}}, "that of 'eva' is no whole number"),
        ({"operator": [{"days": [0], "start": "8", "duration": 1}]}, "HH:MM"),
        ({"operator": [{"days": [0], "start": "24:00", "duration": 1}]}, "HH:MM"),
        ({"operator": [{"days": [9], "start": "08:00", "duration": 1}]}, "to 6"),
        ({"operator": [{"days": "mon", "start": "08:00"}]}, "operator[0].days"),
        ({"operator": [{"days": [0], "start": "08:00"}]}, "[0].duration' is missing"),
        (
            {
                "operator": [
                    {"days": [0], "start": "08:00", "duration": 1, "tz": "Mars"}
                ]
            },
            "operator[0].tz': 'Mars' is no time zone",
        ),
        (
            {"operator": [{"days": [0], "start": "08:00", "duration": 1, "note": ""}]},
            "unknown argument 'operator[0].note'",
        ),
        ({"start_spacing_s": "soon"}, "'start_spacing_s': expected a whole number"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], reason: str) -> None:
    """With what would be right."""
    with pytest.raises(ApiError) as caught:
        read_change(Arguments(arguments))
    assert caught.value.status == 400
    assert reason in str(caught.value)


def test_the_view_can_be_given_back() -> None:
    """Same names, same units: what GET shows, POST takes, and changes nothing."""
    settings = QueueSettings(
        title="Workshop",
        strategy="greedy",
        weights={"change_minutes": 20.0, "max_wait": 48.0, "age": 0.25},
        operator=(Period((5,), "08:05", 60, "Europe/Berlin", 3),),
        shares={"eva": 2},
        start_spacing_s=60,
    )
    view = settings_view(settings)
    assert set(view["weights"]) == set(SETTABLE)
    assert view["weights"]["max_wait"] == 48
    assert view["weights"]["priority"] == 60
    assert view["operator"][0]["start"] == "08:05"
    change = read_change(Arguments(view))
    given = QueueSettings(**{k: v for k, v in vars(change).items() if v is not None})
    assert settings_view(given) == view
    assert manner_of(given, JULY) == manner_of(settings, JULY)


def test_weights_are_the_planners_in_minutes() -> None:
    """Hundredths of a minute, whole minutes for a change and for the longest wait."""
    settings = QueueSettings(weights={"change_minutes": 20, "max_wait": 2, "age": 0.25})
    weights = manner_of(settings, JULY).weights
    assert weights == Weights(change_minutes=20, max_wait=120, age=25)
    assert manner_of(QueueSettings(), JULY).weights == Weights()


def test_summer_and_winter_time() -> None:
    """08:00 in Berlin is another minute of the day in UTC."""
    office = [Period((0,), "08:00", 60, "Europe/Berlin")]
    assert operator_periods(office, JULY) == (OperatorPeriod((0,), 480, 60, 120),)
    assert operator_periods(office, JANUARY) == (OperatorPeriod((0,), 480, 60, 60),)


def test_a_host_that_does_not_know_the_strategy_says_so() -> None:
    """It plans all the same."""
    settings = QueueSettings(strategy="genetic", weights={"moonlight": 3})
    assert manner_of(settings, JULY) == manner_of(QueueSettings(), JULY)
    assert "'genetic' and plans with 'assignment': update" in notice_of(settings)
    assert notice_of(QueueSettings()) == ""
