"""Files with one thing wrong: read, or refused in one line with its number."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.planner import plan

_FOLDER = Path(__file__).parents[2] / "testdata"
_TEXTS = [
    path.read_text(encoding="utf-8")
    for path in sorted(_FOLDER.glob("schedule*.yaml"))
    + sorted((_FOLDER / "instances").glob("*.yaml"))
]
_ODD = st.sampled_from(
    [
        "",
        "~",
        "[]",
        "{}",
        "[[1]]",
        "{a: {b: 1}}",
        "-1",
        "0",
        "1e400",
        "-.inf",
        ".nan",
        "0x" + "f" * 300,
        "9" * 900,
        "yes",
        "'",
        "&a [*a]",
        "*nobody",
        "!!binary x",
        "!!int x",
        "2026-02-30",
        "0001-01-01",
        "\x00",
        "\U0001f600",
        "=",
        "<<",
        "? ",
        "!!python/object:os.system {}",
    ]
)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    lines = draw(st.sampled_from(_TEXTS)).splitlines()
    number = draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    way = draw(st.sampled_from(["drop", "twice", "value", "word", "indent", "cut"]))
    if way == "drop":
        lines[number] = ""
    elif way == "twice":
        lines.insert(number, line)
    elif way == "value":
        lines[number] = line.partition(":")[0] + ": " + draw(_ODD)
    elif way == "word":
        words = re.findall(r"[\w.:'-]+", line) or ["x"]
        lines[number] = line.replace(draw(st.sampled_from(words)), draw(_ODD), 1)
    elif way == "indent":
        lines[number] = draw(st.sampled_from(["  ", "\t", "- "])) + line
    else:
        lines = [*lines[:number], line[: len(line) // 2]]
    return "\n".join(lines)


@settings(max_examples=250, deadline=None)
@given(_damaged())
def test_a_damaged_file_is_read_or_refused_with_its_line(text: str) -> None:
    """Never a traceback, never a page of text; what is read can be planned."""
    try:
        problem = read_instance(text, "f.yaml").problem
    except ProblemError as error:
        message = str(error)
        assert re.match(r"f\.yaml, line \d+: .+; .+", message), message
        assert "\n" not in message
        line = int(re.findall(r"line (\d+)", message)[0])
        assert 1 <= line <= text.count("\n") + 2
        return
    found = plan(problem)
    assert set(found.assignment) == {printer.name for printer in problem.printers}
