"""What people type: addresses, files with counts, dates, beginnings of ids."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

from moonraker_netqueue.cli import lookup
from moonraker_netqueue.cli.__main__ import main
from moonraker_netqueue.cli.address import demo_printer, parse
from moonraker_netqueue.cli.due import read_due
from moonraker_netqueue.cli.errors import CliError, WrongUsage
from moonraker_netqueue.cli.hours import read_hours
from moonraker_netqueue.cli.session import Session
from moonraker_netqueue.cli.uploads import Wanted, local_files, parse_wanted


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("printer1", "http://printer1:7125"),
        ("printer1.local:7126", "http://printer1.local:7126"),
        ("http://printer1", "http://printer1:80"),
        ("https://farm.example/one/", "https://farm.example:443/one"),
        ("http://[::1]:7125", "http://[::1]:7125"),
    ],
)
def test_addresses(typed: str, url: str) -> None:
    """A bare name means Moonraker's own port, a URL what it says."""
    assert parse(typed).url == url
    assert parse(typed).websocket == url.replace("http", "ws", 1) + "/websocket"


@pytest.mark.parametrize("typed", ["", "ftp://x", "http://", "x:99999", "http://a:b@c"])
def test_what_is_no_address_is_named(typed: str) -> None:
    """With an example of one."""
    with pytest.raises(WrongUsage, match=r"printer1\.local"):
        parse(typed)


def test_a_demo_in_this_folder_is_found(tmp_path: Path) -> None:
    """Its first printer that listens; a broken or old file is no demo."""
    facts = tmp_path / "demo.json"
    assert demo_printer(facts) is None
    facts.write_text("{")
    assert demo_printer(facts) is None
    with socket.socket() as listener, socket.socket() as free:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        free.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{s.getsockname()[1]}" for s in (free, listener)]
        printers = [{"name": f"p{n}", "url": url} for n, url in enumerate(urls)]
        facts.write_text(json.dumps({"printers": printers}))
        assert demo_printer(facts) == ("p1", urls[1])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("a.gcode", Wanted("a.gcode", None)),
        ("a.gcode:12", Wanted("a.gcode", 12)),
        ("odd:3", Wanted("odd:3", None)),
        ("odd:3:4", Wanted("odd:3", 4)),
        ("c:x", Wanted("c:x", None)),
    ],
)
def test_files_with_counts(typed: str, wanted: Wanted) -> None:
    """A file that is called so comes first."""
    assert parse_wanted(typed, lambda name: name == "odd:3") == wanted


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """They go into folders, as they are in here."""
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part.gcode").write_text(folder)
    names = [str(tmp_path / folder / "part.gcode") for folder in ("left", "right")]
    files = local_files(names)
    assert [file.target for file in files] == ["left/part.gcode", "right/part.gcode"]
    assert [f.target for f in local_files([names[0]] * 2)] == ["part.gcode"] * 2
    (tmp_path / "x" / "left").mkdir(parents=True)
    (tmp_path / "x" / "left" / "part.gcode").write_text("other")
    with pytest.raises(WrongUsage, match=r"left/part\.gcode"):
        local_files([names[0], str(tmp_path / "x" / "left" / "part.gcode")])


def due(text: str) -> Any:
    command = click.Command("x")
    return read_due(click.Context(command), click.Option(["--due"]), text)


def test_due_dates() -> None:
    """Local time, as people mean it."""
    assert due("none") == "none"
    assert due("1893456000") == 1893456000
    assert abs(due("+3d") - time.time() - 3 * 86_400) < 5
    assert time.localtime(due("2030-05-01 18:00"))[:5] == (2030, 5, 1, 18, 0)
    with pytest.raises(click.BadParameter, match=r"2026-05-01"):
        due("tomorrow")


class KnownJobs(Session):
    """A host that answers with these jobs."""

    def __init__(self, *jobs: tuple[str, str, str]) -> None:
        super().__init__()
        self.jobs = [
            dict(zip(("job_id", "name", "state"), j, strict=True)) for j in jobs
        ]

    def call(self, method: str, endpoint: str, **values: Any) -> Any:
        return {"jobs": self.jobs}


def test_a_job_is_named_by_what_is_enough() -> None:
    """A name, or the beginning of an id; what is done stands back."""
    session = KnownJobs(
        ("aaaa11", "cube", "waiting"),
        ("aaaa22", "cube", "done"),
        ("bbbb33", "vase", "waiting"),
        ("bbbb44", "lid\x1b[2J", "held"),
        ("cccc55", "a", "held"),
        ("dddd66", "aaaa1", "held"),
    )
    assert lookup.job_id(session, "cube") == "aaaa11"
    assert lookup.job_id(session, "aaaa2") == "aaaa22"
    assert lookup.job_id(session, "vase") == "bbbb33"
    assert lookup.job_id(session, "a") == "cccc55"
    with pytest.raises(
        CliError, match=r"may be bbbb33 \(vase\), bbbb44 \(lid\\x1b"
    ) as error:
        lookup.job_id(session, "bbbb")
    assert error.value.status == 409
    with pytest.raises(CliError, match=r"aaaa11 \(cube\), dddd66 \(aaaa1\)"):
        lookup.job_id(session, "aaaa1")
    for text in ("", "bb", "zzzz", "Cube"):
        with pytest.raises(CliError, match="netqueue ls"):
            lookup.job_id(session, text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["ls", "--nosuch"],
        ["mv", "x", "before"],
        ["mv", "x", "front", "y"],
        ["add"],
        ["add", "x.gcode:0", "--on-host"],
        ["edit", "0" * 64],
        ["add", "x", "--due", "tomorrow"],
        ["print", "x", "destroy"],
        ["ls", "--url", "ftp://x"],
        ["ls", "--api-key", "a\nb"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said on standard error, as JSON if it was asked for."""
    assert main([*arguments, *(["--json"] if as_json else [])]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    if as_json:
        assert json.loads(err)["error"]["code"] is None
    else:
        assert err.startswith("error: ")
    assert "Traceback" not in err


def test_nobody_there_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    """The address and the remedy are named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert main(["status", "--url", url]) == 3
        assert main(["--url", "no.such.host.invalid", "ls", "--json"]) == 3
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith(f"error: no answer from Moonraker at {url}: ")
    assert "--url" in err[0]
    assert json.loads(err[1])["error"]["code"] is None


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_each_shell(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """click's own script, for this command."""
    assert main(["completion", shell]) == 0
    assert f"_NETQUEUE_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_without_click_the_remedy_is_named() -> None:
    """A printer need not have it; nothing of ours needs it but this command."""
    code = (
        "import sys, importlib.util as u;"
        "find = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'click' else find(name, *a);"
        "from moonraker_netqueue.cli.__main__ import main;"
        "import moonraker_netqueue.component;"
        "assert not {'click', 'rich'} & set(sys.modules);"
        "sys.exit(main(['ls']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs click; install it with: " in done.stderr
    assert "-m pip install click rich" in done.stderr


def hours(*typed: str) -> Any:
    """What `--hours` makes of it."""
    option = click.Option(["--hours"])
    return read_hours(click.Context(click.Command("printer")), option, typed)


def test_hours_of_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days alone, in a row, over the week's end; hours over midnight; the zone."""
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    usual = {"start": "08:00", "duration": 600, "tz": "Asia/Tokyo"}
    always = {**usual, "max_manual_events": None}
    assert hours() is None
    assert hours("none") == []
    assert hours("Mon-Wed 8:00-18:00", "sat,Sun-mon 08:00 - 18:00") == [
        {**always, "days": [0, 1, 2]},
        {**always, "days": [0, 5, 6]},
    ]
    (night,) = hours("Fri 22:00-06:30 UTC 2x")
    assert night == {
        "days": [4], "start": "22:00", "duration": 510, "tz": "UTC",
        "max_manual_events": 2,
    }  # fmt: skip
    assert hours("Sun 00:00-0:00")[0]["duration"] == 1440


@pytest.mark.parametrize(
    "typed", ["", "Mon", "Mo 8:00-9:00", "Mon 8-9", "Mon 24:00-9:00", "Mon- 8:00-9:00"]
)
def test_what_are_no_hours_is_named(typed: str) -> None:
    """With an example of some."""
    with pytest.raises(click.BadParameter, match="Mon-Fri"):
        hours(typed)


def test_without_a_variable_the_zone_is_this_machine_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Antarctica/Troll")
    monkeypatch.setattr("moonraker_netqueue.cli.hours._LINK", link)
    assert hours("Mon 8:00-9:00")[0]["tz"] == "Antarctica/Troll"
    monkeypatch.setattr("moonraker_netqueue.cli.hours._LINK", tmp_path / "none")
    assert hours("Mon 8:00-9:00")[0]["tz"] == "UTC"
