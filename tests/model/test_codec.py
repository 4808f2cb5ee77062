"""Commands and snapshots as text: what comes back is what went, or CommandInvalid."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.model.command import (
    SIZE_MAX,
    Command,
    CommandId,
    JobAdd,
    decode,
    encode,
    schema_of,
)
from moonraker_netqueue.model.errors import CommandInvalid, CommandTooNew
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import SCHEMA
from tests.model.commands import any_commands
from tests.model.talk import ANNA, Talk, busy, file, restored, spec

ADD = JobAdd("job-0001", Wishes("a", due=1.5), (spec(2),))


def command(body: Any = ADD, **changes: Any) -> Command:
    values = {"id": CommandId(ANNA, 1, 1), "at": 5.0, "body": body, **changes}
    return Command(**values)


@settings(deadline=None)
@given(any_commands)
def test_commands_come_back(one: Command) -> None:
    """The text is canonical: ASCII, and the same for what came back."""
    text = encode(one)
    assert text.isascii()
    assert decode(text) == one
    assert encode(decode(text)) == text


def plain_of(body: Any = ADD) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(encode(command(body)))
    return plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "1e999",
        "[" * 40_000,
        '{"a":' * 9_000,
        "x" * (SIZE_MAX + 1),
        '"\u00e9"',
        "NaN",
        "9" * 5_000,
    ],
)
def test_other_text_is_no_command(text: str) -> None:
    """Neither nesting nor size nor digits raise anything else."""
    with pytest.raises(CommandInvalid):
        decode(text)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kind", "explode"),
        ("kind", ["job_add"]),
        ("schema", 0),
        ("schema", True),
        ("at", float("nan")),
        ("at", float("inf")),
        ("at", 10**400),
        ("at", "5"),
        ("id.sequence", 0),
        ("id.sequence", 1 << 63),
        ("id.sequence", 1.0),
        ("id.incarnation", -1),
        ("id.author", ""),
        ("id.author", "a" * 65),
        ("client_id", "short"),
        ("client_id", "x" * 65),
        ("body", None),
        ("body.extra", 1),
        ("body.front", 1),
        ("body.wishes.name", "\ud800"),
        ("body.wishes.name", "x" * 4097),
        ("body.wishes.priority", 1.5),
        ("body.items", {}),
        ("body.items", [[]]),
    ],
)
def test_a_wrong_value_is_refused(path: str, value: Any) -> None:
    """Types and ranges are checked everywhere, with a message of bounded length."""
    plain = plain_of()
    *parents, name = path.split(".")
    inner = plain
    for parent in parents:
        inner = inner[parent]
    inner[name] = value
    with pytest.raises(CommandInvalid) as caught:
        decode(json.dumps(plain))
    assert len(str(caught.value)) < 400


def test_a_missing_key_is_named() -> None:
    """With the path to where it is missing."""
    plain = plain_of()
    del plain["body"]["items"][0]["files"][0]["sha256"]
    with pytest.raises(CommandInvalid, match=r"items\[0\].files\[0\].*'sha256'"):
        decode(json.dumps(plain))


def test_a_later_schema_says_update() -> None:
    """R23: whatever else it holds."""
    with pytest.raises(CommandTooNew, match="update moonraker_netqueue"):
        decode(json.dumps({"schema": SCHEMA + 1, "what": "ever"}))


@pytest.mark.parametrize(
    "wrong",
    [
        command(at=float("nan")),
        command(client_id="short"),
        command(id=CommandId(ANNA, 1, 0)),
        command(JobAdd("job-0001", Wishes("a", note="x" * 5000), (spec(),))),
        command(JobAdd("job-0001", Wishes("a", owner="\udc80"), (spec(),))),
        command(JobAdd("job-0001", Wishes("a"), (ItemSpec("p", 1, (file(),) * 400),))),
    ],
)
def test_what_replicas_cannot_read_is_refused_to_its_author(wrong: Command) -> None:
    """It must not become an entry that applies as nothing."""
    with pytest.raises(CommandInvalid):
        encode(wrong)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value inside a JSON value."""
    children: list[tuple[Any, Any]] = []
    if isinstance(plain, dict):
        children = list(plain.items())
    elif isinstance(plain, list):
        children = list(enumerate(plain))
    found = [path] if path else []
    for key, child in children:
        found += places(child, (*path, key))
    return found


def put(plain: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        plain = plain[key]
    plain[path[-1]] = value


@settings(deadline=None, max_examples=300)
@given(any_commands, st.data())
def test_mutated_commands_are_read_or_invalid(
    one: Command, data: st.DataObject
) -> None:
    """Nothing else is ever raised; what is read can be written and applied."""
    plain = json.loads(encode(one))
    put(plain, data.draw(st.sampled_from(places(plain))), data.draw(values))
    try:
        decoded = decode(json.dumps(plain))
    except CommandInvalid:
        return
    assert decode(encode(decoded)) == replace(decoded, schema=schema_of(decoded.body))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_mutated_snapshots_are_read_or_invalid(data: st.DataObject) -> None:
    """A damaged snapshot is refused whole: the state stays as it was."""
    plain = busy().state.to_json()
    put(plain, data.draw(st.sampled_from(places(plain))), data.draw(values))
    state = QueueState()
    before = state.canonical()
    try:
        state.load_json(plain)
    except CommandInvalid:
        assert state.canonical() == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("jobs", "job-0001", "rank"), "A"),
        (("jobs", "job-0001", "rank"), ""),
        (("jobs", "job-0001", "items"), []),
        (("jobs", "job-0001", "job_id"), "job-0002"),
        (("jobs", "job-0001", "items", 0, "tallies"), {"x": {}}),
        (("jobs",), {}),
        (("prints", "print-02", "item"), -1),
        (("prints", "print-02", "item"), 1),
        (("prints", "print-02", "state"), "done"),
        (("outcomes", "client_ids"), []),
        (("outcomes", "authors", ANNA, 0, "recent"), {"x": {}}),
    ],
)
def test_snapshots_that_would_break_a_rule_later_are_refused(
    path: tuple[Any, ...], value: Any
) -> None:
    """Types alone do not make a state."""
    plain = busy().state.to_json()
    put(plain, path, value)
    with pytest.raises(CommandInvalid, match="snapshot"):
        QueueState.from_json(plain)


def test_state_does_not_grow_with_counts() -> None:
    """10,000 copies take the bytes of one, but for the digits of the count."""
    sizes = []
    for count in (1, 10_000):
        talk = Talk.with_printers()
        talk.add("job-0001", spec(count))
        sizes.append(len(talk.state.canonical()))
    assert sizes[1] - sizes[0] == len("10000") - len("1")
    assert restored(busy().state).canonical() == busy().state.canonical()
