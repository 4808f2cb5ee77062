"""Settings of a queue: changed in parts, checked as a whole."""

from __future__ import annotations

import re
from typing import Any

import pytest

from moonraker_netqueue.model.command import Command, CommandId, QueueSet
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.hours import Period
from moonraker_netqueue.model.settings import QueueSettings
from tests.model.talk import ANNA, BERT, Talk, restored

OFFICE = Period((0, 1, 2, 3, 4), "08:00", 600, "Europe/Berlin", 20)


def test_a_queue_starts_with_neutral_settings() -> None:
    """Its own name, the default strategy, somebody always there."""
    assert Talk().state.settings == QueueSettings("", "assignment", {}, (), {}, 0)


def test_changes_of_two_people_add_up() -> None:
    """What a command leaves out stays, each weight and share by itself."""
    talk = Talk()
    first = QueueSet(title="Workshop", weights={"age": 0.5, "clear": 5.0})
    assert talk.say(ANNA, first) == (Event(Topic.QUEUE, "settings"),)
    talk.say(BERT, QueueSet(weights={"slow": 2.0}, shares={"eva": 2, "tom": 1}))
    talk.say(BERT, QueueSet(strategy="greedy", operator=(OFFICE,), start_spacing_s=60))
    talk.say(ANNA, QueueSet(weights={"clear": None, "dead": None}, shares={"tom": 3}))
    assert talk.state.settings == QueueSettings(
        title="Workshop",
        strategy="greedy",
        weights={"age": 0.5, "slow": 2.0},
        operator=(OFFICE,),
        shares={"eva": 2, "tom": 3},
        start_spacing_s=60,
    )
    assert restored(talk.state).settings == talk.state.settings
    talk.say(ANNA, QueueSet(title="", operator=()))
    assert (talk.state.settings.title, talk.state.settings.operator) == ("", ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (QueueSet(title="two\nlines"), "title must have 1 to 64"),
        (QueueSet(title="x" * 65), "title must have 1 to 64"),
        (QueueSet(strategy="Greedy!"), "'Greedy!' is no name"),
        (QueueSet(strategy=""), "is no name"),
        (QueueSet(weights={"age": -1.0}), "weights.age -1 is not in 0"),
        (QueueSet(weights={"A": 1.0}), "'A' is no weight"),
        (QueueSet(weights={f"w{n}": 1.0 for n in range(33)}), "weights: at most 32"),
        (QueueSet(operator=(OFFICE,) * 33), "operator: at most 32"),
        (QueueSet(operator=(OFFICE, Period((), "00:00", 1))), r"operator\[1\].days"),
        (QueueSet(operator=(Period((7,), "00:00", 1),)), "days: 0 .Monday. to 6"),
        (QueueSet(operator=(Period((1, 1), "00:00", 1),)), "each at most once"),
        (QueueSet(operator=(Period((0,), "24:00", 1),)), "start must be HH:MM"),
        (QueueSet(operator=(Period((0,), "00:00", 0),)), "duration in minutes 0"),
        (QueueSet(operator=(Period((0,), "00:00", 1, "no zone"),)), "is no time zone"),
        (
            QueueSet(operator=(Period((0,), "00:00", 1, "UTC", -1),)),
            "max_manual_events -1",
        ),
        (QueueSet(shares={"eva": 0}), "that of 'eva' 0 is not in 1"),
        (QueueSet(shares={" ": 1}), "an owner must have"),
        (QueueSet(shares={f"o{n}": 1 for n in range(65)}), "shares: at most 64"),
        (QueueSet(start_spacing_s=3601), "start_spacing_s 3601"),
        (QueueSet(start_spacing_s=-1), "start_spacing_s -1"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    change: QueueSet, reason: str
) -> None:
    """Also what is right in the same command."""
    talk = Talk()
    whole = QueueSet(**({"title": "Workshop"} | _given(change)))
    text = talk.refused(ANNA, whole, Rule.INVALID)
    assert re.search(reason, text), text


def test_a_strategy_of_a_later_version_is_kept() -> None:
    """Whether a host knows it is the host's matter: all must agree on the state."""
    talk = Talk()
    talk.say(ANNA, QueueSet(strategy="genetic", weights={"moonlight": 3.0}))
    assert talk.state.settings.strategy == "genetic"
    assert talk.state.settings.weights == {"moonlight": 3.0}


def test_the_state_of_a_copy_stays() -> None:
    """A board is built from a copy while the queue goes on."""
    talk = Talk()
    copy = talk.state.copied()
    talk.state.apply(Command(CommandId(ANNA, 1, 1), 1.0, QueueSet(title="b")), 1)
    assert (copy.settings.title, talk.state.settings.title) == ("", "b")


def _given(change: QueueSet) -> dict[str, Any]:
    return {name: value for name, value in vars(change).items() if value is not None}
