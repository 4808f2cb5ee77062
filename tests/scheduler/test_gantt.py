"""The Gantt picture: well-formed, complete, and harmless whatever names say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.forecast import Forecast, forecast
from moonraker_netqueue.scheduler.gantt import gantt_svg
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from tests.scheduler.problems import problems

_SVG = "{http://www.w3.org/2000/svg}"
_FRIDAY = 1_767_949_200  # 2026-01-09 09:00 UTC
_DAYTIME = OperatorPeriod(days=(0, 1, 2, 3, 4), start=8 * 60, duration=600)
_PROBLEM = Problem(
    _FRIDAY,
    (
        Printer("Voron", loaded=("PLA",), materials=("PETG",)),
        Printer("Ender", state="printing", busy_minutes=90, loaded=("PLA",)),
        Printer("Off", switched_off=True),
    ),
    (
        JobClass("gear", copies=3, materials=("PLA",), durations=(("", 300),)),
        JobClass("lid", materials=("PETG",), durations=(("", 30),), keep_together=True),
    ),
    operator=(_DAYTIME,),
)


def _draw(problem: Problem, width: int = 960, utc_offset: int = 0) -> ET.Element:
    text = gantt_svg(problem, forecast(problem), width=width, utc_offset=utc_offset)
    return _read(text)


def _read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  our own text


def _titles(root: ET.Element) -> list[str]:
    return [title.text or "" for title in root.iter(f"{_SVG}title")]


def test_each_print_is_a_bar_that_says_what_when_and_where() -> None:
    """In the clock of whoever looks; a change is marked and said."""
    titles = _titles(_draw(_PROBLEM, utc_offset=60))
    assert "gear on Ender: Fri 11:35 to Fri 16:35" in titles
    assert "printing on Ender: until Fri 11:30" in titles
    assert any(t.startswith("lid on Voron") and "changed first" in t for t in titles)
    assert any(t.startswith("nobody is there until Mon 09:00") for t in titles)
    root = _draw(_PROBLEM)
    kinds = [rect.get("class") for rect in root.iter(f"{_SVG}rect")]
    assert kinds.count("nq-change") == 2 + 1  # and one in the legend
    assert "paused by a person" in [text.text for text in root.iter(f"{_SVG}text")]


def test_what_prints_now_is_named_where_that_is_known() -> None:
    """By its job, not as `printing`."""
    text = gantt_svg(_PROBLEM, forecast(_PROBLEM), running={"Ender": "vase"})
    assert "vase on Ender: until" in text


def test_height_grows_with_the_printers_and_width_is_as_asked() -> None:
    """One row each; a phone asks for a narrow one."""
    many = tuple(Printer(f"p{n}") for n in range(100))
    small, large = _draw(_PROBLEM, 400), _draw(replace(_PROBLEM, printers=many), 400)
    assert small.get("width") == large.get("width") == "400"
    assert float(large.get("height", 0)) - float(small.get("height", 0)) > 97 * 20


@pytest.mark.parametrize(
    "name", ['<script>alert("x")</script>', "a & b", "\x1b\0\ud800"]
)
def test_names_are_only_shown(name: str) -> None:
    """No name becomes a tag, and none breaks the picture."""
    problem = replace(
        _PROBLEM,
        printers=(Printer(name),),
        jobs=(JobClass(name, durations=(("", 60),)),),
    )
    root = _draw(problem)
    assert not list(root.iter(f"{_SVG}script"))
    assert len(_titles(root)) > 1


def test_an_empty_plan_is_a_picture_too() -> None:
    """No printer, no job."""
    empty = Problem(_FRIDAY)
    text = gantt_svg(empty, Forecast((), (), complete=True))
    assert _read(text).tag == f"{_SVG}svg"


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([320, 960]), st.integers(-720, 840))
def test_every_bar_lies_in_the_picture(
    problem: Problem, width: int, utc_offset: int
) -> None:
    """And there is one for each planned print, with its own title."""
    found = forecast(problem)
    root = _read(gantt_svg(problem, found, width=width, utc_offset=utc_offset))
    height = float(root.get("height", 0))
    for rect in root.iter(f"{_SVG}rect"):
        x, y = float(rect.get("x", 0)), float(rect.get("y", 0))
        assert x >= 0
        assert y >= 0
        assert x + float(rect.get("width", 0)) <= width + 1
        assert y + float(rect.get("height", 0)) <= height
    bars = [t for t in _titles(root) if " to " in t]
    assert len(bars) == len(found.prints)
