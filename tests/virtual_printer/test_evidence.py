"""The check believes Klipper's log and Moonraker's history, and says what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from moonraker_netqueue.virtual_printer.evidence import Evidence, problems, table

WANTED = {"a": 3, "b": 1}
TITLES = {"a": "plate.gcode", "b": "left/part.gcode"}
GOOD = (
    Evidence("p1", Counter(a=2), Counter(a=2), Counter(completed=2)),
    Evidence(
        "p2", Counter(a=1, b=1), Counter(a=1, b=1), Counter(completed=1, interrupted=1)
    ),
)


def found(*evidence: Evidence) -> list[str]:
    return list(problems(evidence, WANTED, TITLES, "p2"))


def test_what_is_right_has_no_problem() -> None:
    """Each copy once, on both; the killed printer's one print is interrupted."""
    assert found(*GOOD) == []


def test_a_copy_too_many_is_found() -> None:
    """A print that began and did not end counts as begun."""
    more = replace(GOOD[0], begun=Counter(a=3))
    assert found(more, GOOD[1]) == ["plate.gcode was begun 4 times, not 3"]


def test_a_missing_copy_is_found() -> None:
    """Neither begun nor ended, and the history is compared as well."""
    less = replace(GOOD[0], begun=Counter(a=1), ended=Counter(a=1))
    assert found(less, GOOD[1]) == [
        "plate.gcode was begun 2 times, not 3",
        "plate.gcode was ended 2 times, not 3",
        "p1's history has {'completed': 2}, but Klipper ended 1 prints",
    ]


def test_the_wrong_bytes_are_found() -> None:
    """Right number of prints, but another file's content."""
    wrong = replace(GOOD[0], begun=Counter(a=1, b=1), ended=Counter(a=1, b=1))
    assert "left/part.gcode was ended 2 times, not 1" in found(wrong, GOOD[1])


def test_a_printer_without_work_is_found() -> None:
    """The copies have to be spread over all printers."""
    idle = Evidence("p3", Counter(), Counter(), Counter())
    assert found(*GOOD, idle) == ["p3 printed nothing"]


def test_an_interrupted_print_is_accepted_of_the_killed_printer_only() -> None:
    """Elsewhere nobody killed a Moonraker."""
    odd = replace(GOOD[0], history=Counter(completed=1, interrupted=1))
    assert found(odd, GOOD[1]) == ["p1's history has 1 interrupted prints"]


def test_a_failed_print_in_the_history_is_found() -> None:
    """A print that failed and was repeated leaves a trace."""
    odd = replace(GOOD[0], history=Counter(completed=2, cancelled=1))
    assert len(found(odd, GOOD[1])) == 1


def test_the_table_has_a_row_per_file_and_a_column_per_printer() -> None:
    """Numbers stand below their printer's name."""
    assert table(GOOD, WANTED, TITLES) == [
        "file            p1 p2    total   wanted",
        "plate.gcode      2  1        3        3",
        "left/part.gcode  0  1        1        1",
    ]
