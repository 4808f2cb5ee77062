"""Arguments of a request: what is wrong is named, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as caught:
        read()
    assert caught.value.status == 400
    return str(caught.value)


@pytest.mark.parametrize("value", [9, "9", 9.0])
def test_a_whole_number_comes_from_json_or_a_query(value: Any) -> None:
    """HTTP query strings carry texts, JSON-RPC carries numbers."""
    assert Arguments({"count": value}).integer("count") == 9


@pytest.mark.parametrize("value", [True, 1.5, "x", [1], {}])
def test_no_whole_number_is_refused_by_name(value: Any) -> None:
    """A wrong type names the argument and shows the value."""
    text = refusal(lambda: Arguments({"count": value}).integer("count"))
    assert "'count'" in text
    assert "whole number" in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "nan", True, "later"])
def test_a_number_is_finite(value: Any) -> None:
    """NaN would poison every comparison that follows."""
    assert "'due'" in refusal(lambda: Arguments({"due": value}).optional_number("due"))


def test_null_clears_and_absence_keeps() -> None:
    """An edit that leaves `due` out keeps it; one that says null removes it."""
    assert Arguments({"due": None}).optional_number("due", 5.0) is None
    assert Arguments({}).optional_number("due", 5.0) == 5.0
    assert Arguments({"s": None}).optional_integer("s", 5) is None
    assert Arguments({}).optional_integer("s", 5) == 5


@pytest.mark.parametrize(("value", "meaning"), [("no", False), ("True", True)])
def test_a_truth_value_may_be_a_word(value: str, meaning: bool) -> None:
    """A query string has no truth values."""
    assert Arguments({"hold": value}).boolean("hold") is meaning


def test_no_truth_value_is_refused() -> None:
    """Not every text is one."""
    assert "'hold'" in refusal(lambda: Arguments({"hold": "maybe"}).boolean("hold"))


def test_words_are_a_list_or_a_text_with_commas() -> None:
    """Both ways of writing materials mean the same."""
    listed = Arguments({"materials": ["PLA:black", "PETG"]}).words("materials")
    assert Arguments({"materials": "PLA:black, PETG"}).words("materials") == listed
    assert "'tags'" in refusal(lambda: Arguments({"tags": [1]}).words("tags"))


def test_what_is_missing_is_named() -> None:
    """An argument without a default has to be given."""
    assert "'job_id' is missing" in refusal(lambda: Arguments({}).text("job_id"))


def test_an_unknown_argument_is_named_beside_the_known() -> None:
    """A misspelt argument is no silent default."""
    arguments = Arguments({"filname": "a.gcode"})
    arguments.optional_text("filename")
    text = refusal(arguments.finish)
    assert "'filname'" in text
    assert "filename" in text


def test_an_item_says_which_one_is_wrong() -> None:
    """The path of an argument inside a list is shown."""
    rows = Arguments({"items": [{"count": 1}, {"count": "x"}]}).objects("items")
    assert "'items[1].count'" in refusal(lambda: rows[1].integer("count"))
    assert "'items'" in refusal(lambda: Arguments({"items": [1]}).objects("items"))
    assert "'items'" in refusal(lambda: Arguments({"items": "]"}).objects("items"))


@pytest.mark.parametrize("by", ["", " ", "a\nb", "x" * 256])
def test_who_says_it_is_a_short_text_on_one_line(by: str) -> None:
    """It is written to logs and into the printer's record, which takes no long text."""
    assert "'by'" in refusal(Arguments({"by": by}).who)
    assert Arguments({"by": "x" * 255}).who() == "x" * 255


def test_a_refusal_fits_into_a_status_line() -> None:
    """Moonraker puts it there: clients take 64 KiB, web servers in front less."""
    assert len(refusal(Arguments({"x" * 100_000: 1}).finish)) == 2000
