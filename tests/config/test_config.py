"""Options of moonraker.conf: what each good value becomes, how each bad one is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.admission_mode import AdmissionMode, AdmissionSettings
from moonraker_netqueue.config import (
    ConfigInvalid,
    Settings,
    parse,
)
from moonraker_netqueue.model.printer import ClearBed, Profile, Volume


def read(options: dict[str, str], **sections: dict[str, str]) -> Settings:
    return parse(options, sections, "mk3")


def test_an_empty_section_is_enough() -> None:
    """Every option has a default; the name is the machine's."""
    settings = read({})
    assert (settings.name, settings.queues) == ("mk3", ("default",))
    assert settings.network.discovery
    assert (settings.network.port, settings.network.bind) == (None, "")
    assert settings.printer.clear_bed is ClearBed.MANUAL


def test_one_queue_stands_behind_moonrakers_own() -> None:
    """The first, another one that is served, or none."""
    assert read({}).job_queue == "default"
    assert read({"queues": "b, a"}).job_queue == "b"
    assert read({"queues": "b, a", "job_queue": "a"}).job_queue == "a"
    assert read({"job_queue": "c"}, c={}).job_queue == "c"
    assert read({"job_queue": "local"}).job_queue is None


def test_the_budget_of_files_is_given_in_mebibytes() -> None:
    assert read({}).disk_budget == 4 << 30
    assert read({"disk_budget": "64"}).disk_budget == 64 << 20


def test_hot_folders_are_on_unless_switched_off() -> None:
    """Nobody's files are touched but those that are put there."""
    assert read({}).hot_folder
    assert not read({"hot_folder": "off"}).hot_folder


@pytest.mark.parametrize(
    ("host_name", "name"), [(" ", "printer"), ("x" * 99, "x" * 64)]
)
def test_a_strange_host_name_still_gives_a_name(host_name: str, name: str) -> None:
    """The default must never be the mistake."""
    assert parse({}, {}, host_name).name == name


@pytest.mark.parametrize(
    ("part", "option", "text", "value"),
    [
        ("", "name", " By the window ", "By the window"),
        ("", "queues", "a, b-2,\na", ("a", "b-2")),
        ("network", "bind", "127.0.0.1", "127.0.0.1"),
        ("network", "bind", "::1", "::1"),
        ("network", "bind", "", ""),
        ("network", "port", "6700", 6700),
        ("network", "peers", "pi, pi.lan:80", (("pi", 6700), ("pi.lan", 80))),
        ("network", "peers", "[::1]:67\nfe80::1", (("::1", 67), ("fe80::1", 6700))),
        ("network", "peers", "[fe80::1]", (("fe80::1", 6700),)),
        ("network", "peers", "", ()),
        ("network", "discovery", "no", False),
        ("network", "discovery", "TRUE", True),
        ("network", "discovery_interface", "10.0.0.7", "10.0.0.7"),
        ("network", "discovery_interface", "", None),
        ("network", "seat_ttl", "30", 30),
        ("network", "seat_ttl", "604800", 604_800),
        ("printer", "model", "mk3", "mk3"),
        ("printer", "nozzle", "0.4", 0.4),
        ("printer", "materials", "PLA:black,, PETG", ("PLA:black", "PETG")),
        ("printer", "materials_ready", "PLA", ("PLA",)),
        ("printer", "volume", "250x210.5 X 200", Volume(250, 210.5, 200)),
        ("printer", "tags", "pei, fast", ("pei", "fast")),
        ("printer", "clear_bed", "Macro", ClearBed.MACRO),
        ("printer", "clear_macro", "EJECT_2", "EJECT_2"),
        ("printer", "clear_timeout", "1", 1),
        ("printer", "clear_timeout", "86400", 86_400),
        ("printer", "manual_effort_cost", "0", 0),
    ],
)
def test_good_values(part: str, option: str, text: str, value: Any) -> None:
    """Each option, as people write it."""
    settings = read({option: text})
    assert getattr(getattr(settings, part) if part else settings, option) == value


BAD = [
    ("name", "", "1 to 64 characters"),
    ("name", "x" * 65, "1 to 64 characters"),
    ("queues", "My Queue", "'My Queue' cannot name a queue: use up to 32"),
    ("queues", "ok, -a", "'-a' cannot name a queue"),
    ("queues", "x" * 33, "up to 32"),
    ("job_queue", "other", "give default or 'local'"),
    ("job_queue", "", "give default or 'local'"),
    ("prompts", "maybe", "True or False"),
    ("entries", "", "card, sidebar, announcement"),
    ("entries", "card, bell", "card, sidebar, announcement"),
    ("disk_budget", "63", "whole MiB, 64 to 10000000"),
    ("disk_budget", "1.5", "whole MiB, 64 to 10000000"),
    ("disk_budget", "10000001", "whole MiB, 64 to 10000000"),
    ("hot_folder", "", "True or False"),
    ("hot_folder", "gcodes/in", "True or False"),
    ("bind", "eth0", "leave it out to listen on all"),
    ("bind", "1.2.3", "leave it out to listen on all"),
    ("port", "", "1 to 65535"),
    ("port", "0", "1 to 65535"),
    ("port", "65536", "1 to 65535"),
    ("port", "-1", "1 to 65535"),
    ("port", "9" * 5000, "1 to 65535"),
    ("port", "\u0663\u0663", "1 to 65535"),
    ("peers", "a b", "write host or host:port"),
    ("peers", "pi:", "1 to 65535"),
    ("peers", ":6700", "write host or host:port"),
    ("peers", "pi:port", "1 to 65535"),
    ("peers", "[pi]:67", "write host or host:port"),
    ("peers", "[]:67", "write host or host:port"),
    ("peers", "http://pi", "1 to 65535"),
    ("discovery", "maybe", "True or False"),
    ("discovery", "", "True or False"),
    ("discovery_interface", "wlan0", "address of one network interface"),
    ("model", "x" * 65, "at most 64 characters"),
    ("model", "a\nb", "at most 64 characters"),
    ("nozzle", "", "such as 0.4"),
    ("nozzle", "0,4", "such as 0.4"),
    ("nozzle", "nan", "such as 0.4"),
    ("nozzle", "inf", "such as 0.4"),
    ("nozzle", "0", "such as 0.4"),
    ("nozzle", "400", "such as 0.4"),
    ("materials", "x" * 65, "at most 64 words"),
    ("materials", "PLA\tblack", "at most 64 words"),
    ("materials_ready", ",".join(map(str, range(65))), "at most 64 words"),
    ("tags", "x" * 65, "at most 64 words"),
    ("volume", "220 x 220", "such as 220 x 220 x 250"),
    ("volume", "0 x 220 x 250", "width in mm 0 is not in 1 to"),
    ("volume", "220 x 220 x 250 mm", "such as 220 x 220 x 250"),
    ("clear_bed", "auto", "never, macro, manual"),
    ("clear_macro", "G28 X", "one G-code macro"),
    ("clear_macro", "", "one G-code macro"),
    ("clear_timeout", "0", "1 to 86400"),
    ("clear_timeout", "86401", "1 to 86400"),
    ("clear_timeout", "5 min", "1 to 86400"),
    ("clear_timeout", "", "1 to 86400"),
    ("seat_ttl", "29", "whole seconds"),
    ("seat_ttl", "604801", "whole seconds"),
    ("seat_ttl", "15m", "whole seconds"),
    ("manual_effort_cost", "-1", "whole minutes"),
    ("manual_effort_cost", "1.5", "whole minutes"),
    ("manual_effort_cost", "10001", "whole minutes"),
    ("admission", "everybody", "give 'approve' (a person"),
    ("token", "nq-abc", "copy it whole"),
    ("nozle", "0.4", "did you mean 'nozzle'?"),
    ("zzz", "1", "known: queues, admission, token, name"),
]


@pytest.mark.parametrize(("option", "value", "remedy"), BAD)
def test_a_mistake_names_option_value_and_remedy(
    option: str, value: str, remedy: str
) -> None:
    """One message that can be acted upon without reading anything else."""
    with pytest.raises(ConfigInvalid) as caught:
        read({option: value})
    assert caught.value.option == option
    assert f"[netqueue] option '{option}: {value}'" in str(caught.value)
    assert remedy in str(caught.value)


def test_every_option_has_a_bad_value_here() -> None:
    """A new option comes with its mistakes."""
    with pytest.raises(ConfigInvalid) as caught:
        read({"zzz": "1"})
    known = str(caught.value).rpartition("known: ")[2].split(", ")
    assert set(known) <= {option for option, _, _ in BAD}


def test_each_queue_may_admit_in_its_own_way() -> None:
    """A person is asked, unless [netqueue] or the queue's own section says more."""
    token = "nq-" + "a" * 52
    assert read({}).admits("x") == AdmissionSettings(AdmissionMode.APPROVE)
    settings = parse(
        {"queues": "a, b", "admission": "token", "token": token},
        {"b": {"admission": "Open"}, "c": {"token": ""}},
        "h",
    )
    assert settings.admits("a") == AdmissionSettings(AdmissionMode.TOKEN, token)
    assert settings.admits("b") == AdmissionSettings(AdmissionMode.OPEN, token)
    assert settings.admits("c") == AdmissionSettings(AdmissionMode.TOKEN)
    assert settings.admits("made later") == settings.admits("a")


def test_sections_add_queues() -> None:
    """[netqueue x] serves queue x besides the listed ones; not `default` too."""
    assert parse({"queues": "a"}, {"b": {}, "a": {}}, "h").queues == ("a", "b")
    assert parse({}, {"b": {}}, "h").queues == ("b",)


def test_a_section_with_a_bad_name_is_named() -> None:
    """The mistake is in the section, not in an option of another one."""
    with pytest.raises(ConfigInvalid, match=r"\[netqueue My Queue\] section: .*a-z"):
        parse({}, {"My Queue": {}}, "h")


def test_options_in_a_queue_section_are_told() -> None:
    """They are not ignored."""
    told = r"\[netqueue a\] option 'x: 1': there is no .*known: admission, token"
    with pytest.raises(ConfigInvalid, match=told):
        parse({}, {"a": {"x": "1"}}, "h")


@given(
    st.sampled_from(sorted({option for option, _, _ in BAD})),
    st.text(max_size=40) | st.text("0123456789.x:[], \n-", max_size=30),
)
def test_any_text_is_read_or_told(option: str, text: str) -> None:
    """Nothing but ConfigInvalid, and what is read the queue's rules accept."""
    try:
        settings = read({option: text})
    except ConfigInvalid:
        return
    printer = settings.printer
    Profile(
        name=settings.name,
        model=printer.model,
        nozzle=printer.nozzle,
        materials=printer.materials,
        materials_ready=printer.materials_ready,
        volume=printer.volume,
        tags=printer.tags,
        manual_effort_cost=printer.manual_effort_cost,
    ).check()


def test_the_page_has_every_option_and_each_is_tested_wrong() -> None:
    """The table of docs/configuration.md, against what the reader knows."""
    with pytest.raises(ConfigInvalid) as caught:
        read({"zzz": "1"})
    known = set(str(caught.value).rpartition("known: ")[2].split(", "))
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    rows = re.findall(r"^\| `(\w+)` \|", page.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == known
    assert known <= {option for option, _, _ in BAD}
