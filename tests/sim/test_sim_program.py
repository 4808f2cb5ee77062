"""`python3 -m moonraker_netqueue.sim`, as it is typed."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moonraker_netqueue.sim import __main__ as program
from moonraker_netqueue.sim.ledger import PromiseBroken
from moonraker_netqueue.sim.pace import Pace
from moonraker_netqueue.sim.scenario_run import ScenarioRun

_SHORT = """
queues:
  - namespace: bench
    members: [anton, berta]
    jobs: [{name: part, items: [{name: half, count: 2, minutes: 2}]}]
printers: {anton: {selfClearing: true}, berta: {selfClearing: true}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(_SHORT)
    return path


def test_lines_and_a_summary(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal: what happens, line by line, and how it ended."""
    assert program.main([str(file)]) == program.DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Mon 08:00:06  anton leads queue bench"
    end = lines.index("")
    assert "2 of 2 made" in lines[end - 1]
    assert lines[end + 1].startswith("all is done after ")
    assert lines[end + 2].startswith("2 of 2 copies done, 0 spoiled")
    assert "anton       1" in "\n".join(lines[end:])


def test_a_scenario_that_is_not_done_says_what_is_left(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the exit status tells it, too."""
    assert program.main([str(file), "--until", "0.02"]) == program.LEFT
    out = capsys.readouterr().out
    assert "not done after 1 min" in out
    assert "part x 2" in out
    assert "printing on anton; printing on berta" in out


def test_json_is_all_that_is_printed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For programs: jobs, printers, what is left."""
    assert program.main([str(file), "--json", "--seed", "5"]) == program.DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["scenario"] == "short.yaml"
    assert (answer["seed"], answer["done"], answer["left"]) == (5, True, [])
    assert answer["jobs"] == [
        {
            "queue": "bench",
            "job": "part",
            "item": "half",
            "wanted": 2,
            "done": 2,
            "made": 2,
            "spoiled": 0,
        }
    ]
    assert [one["made"] for one in answer["printers"]] == [1, 1]
    assert program.main([str(file), "--json", "--until", "0.02"]) == program.LEFT
    (left,) = json.loads(capsys.readouterr().out)["left"]
    assert left["queue"] == "bench"
    assert left["item"] == "part"
    assert left["why"].startswith("printing on anton")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("queues: 3", "queues: is 3; give a list"),
        ("[", "is not YAML"),
        (None, "cannot be read (No such file or directory)"),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_a_bad_file_is_told_in_one_line(
    text: str | bytes | None,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On standard error, with an exit status of its own."""
    path = tmp_path / "bad.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert program.main([str(path)]) == program.BAD_INPUT
    streams = capsys.readouterr()
    assert streams.out == ""
    assert told in streams.err
    assert streams.err.startswith("error: ")
    assert streams.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--speed", "--until"])
@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "fast"])
def test_speeds_and_hours_are_positive(
    option: str, value: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Argparse says which one is not."""
    with pytest.raises(SystemExit):
        program.main([str(file), option, value])
    assert f"argument {option}" in capsys.readouterr().err


def test_a_broken_promise_names_the_seed(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that it can be played again."""

    async def broken(_run: ScenarioRun, _hours: float) -> None:
        raise PromiseBroken("printed twice")

    monkeypatch.setattr(ScenarioRun, "run", broken)
    assert program.main([str(file), "--seed", "9"]) == program.BROKEN
    assert "with seed 9: printed twice" in capsys.readouterr().err


def test_in_a_terminal_a_page_is_drawn_in_its_place(file: Path) -> None:
    """Printers, bars and the story; at the end the summary stays."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "moonraker_netqueue.sim", str(file), "--speed", "300"],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm"},
    )
    os.close(its)
    shown = b""
    deadline = time.monotonic() + 50
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait(10) == program.DONE
    text = shown.decode()
    assert "short.yaml, seed 1: Mon 08:0" in text
    assert "█" in text
    assert "\x1b[1A" in text  # drawn again in its place
    assert "anton leads queue bench" in text
    assert text.rstrip().splitlines()[-1].startswith("berta")


def test_the_pace_is_held_and_lost_time_is_not_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """100 simulated seconds a second; a long computation delays all that follows."""
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    drawn: list[float] = []
    pace = Pace(100.0, drawn.append)
    pace.advance(1000.0)
    pace.advance(1200.0)
    assert now[0] == pytest.approx(52.0)
    assert len(drawn) >= 18
    now[0] += 10
    pace.advance(1201.0)
    pace.advance(1301.0)
    assert now[0] == pytest.approx(63.0)
    assert drawn[-1] > 0
