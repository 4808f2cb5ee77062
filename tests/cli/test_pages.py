"""What a terminal is shown, whatever others have called their jobs."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from moonraker_netqueue.cli.farm_pages import members_page, print_page
from moonraker_netqueue.cli.page import Column, Line, Page, Table
from moonraker_netqueue.cli.recover import risks_page
from moonraker_netqueue.cli.screen import Screen, drawn, plain
from moonraker_netqueue.cli.text import clean, duration, moment, size

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\x08\r\n\t\x9b\u202e\u2066\u200b\u2028[]/"),
    ),
    max_size=40,
)
COLUMNS = (
    Column("#", lead=True, numeric=True),
    Column("job", lead=True),
    Column("why"),
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def table(*names: str) -> Table:
    return Table.of(COLUMNS, [(n, name, name) for n, name in enumerate(names)])


def on_terminal(page: Page, width: int) -> str:
    """What is written to a terminal of that width."""
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, width=width, color_system="truecolor"
    )
    console.print(drawn(page, width))
    return file.getvalue()


@given(HOSTILE)
def test_a_text_only_shows_itself(text: str) -> None:
    """No cursor moves, no bells, no letters that run backwards."""
    shown = clean(text)
    assert shown.isprintable()
    assert clean(shown) == shown
    assert (text == shown) == text.isprintable()


@given(st.lists(HOSTILE, max_size=4), st.integers(20, 120))
def test_names_reach_a_terminal_as_letters(names: list[str], width: int) -> None:
    """Only our own colours are escape sequences, and no line is too wide."""
    written = _COLOURS.sub("", on_terminal([table(*names), Line("x")], width))
    assert "\x1b" not in written
    for line in written.splitlines():
        assert line.isprintable()
    assert "\x1b" not in "".join(plain([table(*names)]))


@pytest.mark.parametrize(
    "name", ["[bold]x[/bold]", "[/]", "[link=file:///]x", ":boom:"]
)
def test_markup_is_no_markup(name: str) -> None:
    """Rich's own tags in a job's name are letters."""
    assert name in on_terminal([table(name)], 100)
    assert name in on_terminal([table(name)], 40)
    assert any(name in line for line in plain([table(name)]))


def test_a_phone_gets_blocks() -> None:
    """At 40 columns a row is a line with what is known below it, indented."""
    long_why = "waiting: the bed of printer B is not clear, says its agent"
    page: Page = [Table.of(COLUMNS, [(1, "bracket", long_why)])]
    lines = _COLOURS.sub("", on_terminal(page, 40)).splitlines()
    assert lines[0].rstrip() == "1  bracket"
    assert lines[1].startswith("  why: waiting")
    assert all(line.startswith("  ") and len(line) <= 40 for line in lines[1:])


def test_without_a_terminal_lines_are_whole() -> None:
    """Other programs get no colours, no breaks and no spaces at the end."""
    file = io.StringIO()
    Screen(file).show([table("x" * 300, "short"), Line("done", "red")])
    lines = file.getvalue().splitlines()
    assert len(lines) == 4
    assert "x" * 300 in lines[1]
    assert lines == [line.rstrip() for line in lines]
    assert "\x1b" not in file.getvalue()


def test_wide_letters_keep_columns_apart() -> None:
    """A Chinese letter takes two columns of a terminal."""
    lines = list(plain([table("\u4ef6\u4ef6", "abcd")]))
    assert lines[1].index("\u4ef6", 6) + 2 == lines[2].index("abcd", 6)


def test_columns_without_texts_are_left_out() -> None:
    """There is little room."""
    shown = Table.of(COLUMNS, [(1, "a", ""), (2, "b", None)])
    assert [column.title for column in shown.columns] == ["#", "job"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3_700, "1 h 1 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """Two units at most."""
    assert duration(seconds) == words


def test_numbers_of_a_mad_clock_are_shown_as_they_are() -> None:
    """They come from the clocks of others."""
    assert moment(1e300) == "1e+300"
    assert moment(None) == ""
    assert size(999) == "999 B"
    assert size(1_234_567) == "1.2 MB"


def test_what_going_on_risks_is_told_before() -> None:
    """Who is missing, what they may do meanwhile, and each copy that they hold."""
    held = {
        "print_id": "0123456789abcdef",
        "printer": "voron",
        "printer_id": "a" * 64,
        "job": "hooks",
        "state": "printing",
        "choices": {"retry": "it may be made twice"},
    }
    shown = {
        "needed": True,
        "missing": [{"host_id": "a" * 64, "name": "voron"}],
        "following": [{"host_id": "b" * 64, "name": "ender"}],
        "unseen": "",
        "twice": [{"job": "clips", "job_id": "job-0001", "copies": 7}],
        "twice_if": "if voron is on and goes on, too",
        "held": [held],
    }
    text = "\n".join(plain(risks_page(shown)))
    for words in (
        "missing: voron",
        "ender",
        "nothing is lost",
        "hooks",
        "goes on, too",
    ):
        assert words in text
    assert re.search(r"clips +7", text)
    unseen = {"unseen": "what they accepted is not here", "twice": []}
    text = "\n".join(plain(risks_page(shown | unseen)))
    assert "what they accepted is not here" in text
    assert "goes on, too" not in text


def test_a_lost_print_says_what_can_be_decided_and_what_that_risks() -> None:
    """With the command to type."""
    one = {
        "print_id": "0123456789abcdef",
        "printer": "voron",
        "printer_id": "a" * 64,
        "job": "hooks",
        "job_id": "job-0001",
        "file": "hook.gcode",
        "state": "lost",
        "reason": "",
        "started": None,
        "ended": None,
        "decided_by": "",
    }
    assert "decide" not in "\n".join(plain(print_page({"print": one})))
    choices = {"wait": "nothing is risked", "retry": "it may be made twice"}
    text = "\n".join(plain(print_page({"print": one | {"choices": choices}})))
    assert "wait: nothing is risked" in text
    assert "netqueue print 01234567 retry: it may be made twice" in text


def test_who_alone_has_something_is_named_among_the_members() -> None:
    """In one line; a host of version 0.1.0 does not say."""
    host = {
        "host_id": "a" * 64,
        "name": "anna",
        "printer": "anna",
        "role": "leader",
        "here": True,
        "connected": True,
        "address": None,
        "silent_s": None,
        "version": "0.1.0",
    }
    sole = {**host, "host_id": "b" * 64, "printer": "", "name": "bert"}
    sole["losses"] = ["no other host has file 'a.gcode'", "nor 3 more"]
    answer = {"quorum": True, "missing": [], "members": [host, sole], "requests": []}
    (_table, line) = members_page(answer)
    assert isinstance(line, Line)
    assert line.text == (
        "if bert left for good: no other host has file 'a.gcode' (and 1 more)"
    )
