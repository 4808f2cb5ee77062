"""The sample files of `demo --check`."""

from __future__ import annotations

from moonraker_netqueue.virtual_printer.check import samples


def test_two_files_share_a_name_but_no_content() -> None:
    """A mix-up by name would print the wrong bytes."""
    plate, left, right = samples()
    assert left.name == right.name != plate.name
    assert left.path != right.path
    assert left.gcode() != right.gcode()


def test_nine_copies_of_at_least_twenty_seconds() -> None:
    """As the issue asks for: the dwells alone take that long."""
    plate = samples()[0]
    assert plate.count == 9
    assert plate.gcode().count(b"G4 P1000\n") >= 20


def test_begin_and_end_are_recorded_around_everything() -> None:
    """And the last line ends with a newline: Klipper ignores one without."""
    for sample in samples():
        lines = sample.gcode().decode().split("\n")
        assert lines[0] == f"RECORD TEXT=begin-{sample.mark}"
        assert lines[-2:] == [f"RECORD TEXT=end-{sample.mark}", ""]


def test_each_check_has_contents_of_its_own() -> None:
    """Records of an earlier check in the same folder must not count."""
    assert not {s.mark for s in samples()} & {s.mark for s in samples()}
