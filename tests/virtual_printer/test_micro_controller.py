"""The pretend micro-controller, byte for byte, on a clock of the test's own."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.dictionary import (
    ADC_MAX,
    CLOCK_HZ,
    COMMAND_MESSAGES,
    PIN_COUNT,
    RESPONSE_MESSAGES,
    SHUTDOWN_REASONS,
)
from moonraker_netqueue.virtual_printer.faults import Fault
from moonraker_netqueue.virtual_printer.micro_controller import (
    WITHOUT_EFFECT,
    MicroController,
)
from moonraker_netqueue.virtual_printer.switches import FILAMENT_PIN
from moonraker_netqueue.virtual_printer.wire import (
    FIRST_SEQUENCE,
    BlockReader,
    decode_int,
    make_block,
    next_sequence,
)

_COMMANDS = {message.name: message for message in COMMAND_MESSAGES}
_RESPONSES = {message.number: message for message in RESPONSE_MESSAGES}


class Host:
    """The Klipper side of the wire, and time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.controller = MicroController(lambda: self.now)
        self._sequence = FIRST_SEQUENCE
        self._reader = BlockReader()

    def tell(self, name: str, *values: int) -> list[tuple[str, list[Any]]]:
        """Send a command; the responses to it."""
        self.controller.receive(
            make_block(self._sequence, _COMMANDS[name].encode(*values))
        )
        self._sequence = next_sequence(self._sequence)
        return self.heard()

    def heard(self) -> list[tuple[str, list[Any]]]:
        """Responses that came since the last look."""
        data, self.controller.output = bytes(self.controller.output), bytearray()
        found = []
        for block in self._reader.feed(data):
            assert block is not None
            if block[1]:
                number, position = decode_int(block[1], 0)
                values, _ = _RESPONSES[number].decode(block[1], position)
                found.append((_RESPONSES[number].name, values))
        return found

    def wait(self, seconds: float) -> list[tuple[str, list[Any]]]:
        """Let time pass, timer by timer; the responses meanwhile."""
        end = self.now + seconds
        while (due := self.controller.seconds_until_due()) is not None:
            if self.now + due > end:
                break
            self.now += due + 1 / CLOCK_HZ
            self.controller.run_due()
        self.now = max(self.now, end)
        return self.heard()


@pytest.fixture
def host() -> Host:
    return Host()


def test_every_command_of_the_dictionary_is_handled_or_without_effect(
    host: Host,
) -> None:
    """A command that is offered to Klipper must be known here."""
    assert set(_COMMANDS) == set(host.controller.handlers) | WITHOUT_EFFECT


def test_the_dictionary_is_handed_out_in_parts(host: Host) -> None:
    """`identify` with growing offsets yields the whole compressed dictionary."""
    data = b""
    while part := host.tell("identify", len(data), 40)[0][1][1]:
        data += part
    dictionary = json.loads(zlib.decompress(data))
    assert dictionary["commands"]["identify offset=%u count=%c"] == 1
    assert dictionary["responses"]["identify_response offset=%u data=%.*s"] == 0
    numbers = [*dictionary["commands"].values(), *dictionary["responses"].values()]
    assert len(set(numbers)) == len(numbers)


def test_a_repeated_block_is_not_done_twice(host: Host) -> None:
    """After a lost acknowledgement Klipper repeats; the board only answers."""
    block = make_block(FIRST_SEQUENCE, _COMMANDS["get_clock"].encode())
    host.controller.receive(block)
    assert [name for name, _ in host.heard()] == ["clock"]
    host.controller.receive(block)
    assert bytes(host.controller.output) == make_block(0x11)


def test_the_clock_is_50_mhz(host: Host) -> None:
    """Two seconds are a hundred million ticks; `uptime` has the high half too."""
    host.now = 200.0
    assert host.tell("get_clock") == [("clock", [200 * CLOCK_HZ & 0xFFFFFFFF])]
    ticks = 200 * CLOCK_HZ
    assert host.tell("get_uptime") == [("uptime", [ticks >> 32, ticks & 0xFFFFFFFF])]


def test_configuration_is_remembered_until_reset(host: Host) -> None:
    """Klipper compares the checksum it stored with its own."""
    assert host.tell("get_config")[0][1][:3] == [0, 0, 0]
    host.tell("finalize_config", 12345)
    assert host.tell("get_config")[0][1][:3] == [1, 12345, 0]
    host.tell("reset")
    assert host.tell("get_config")[0][1][:3] == [0, 0, 0]


def test_after_a_shutdown_commands_are_refused_until_reset(host: Host) -> None:
    """The reason is named each time; reading the configuration goes on."""
    host.tell("config_trsync", 1)
    host.controller.fault(Fault.FIRMWARE_SHUTDOWN)
    reason = SHUTDOWN_REASONS["Simulated fault"]
    assert host.heard() == [("shutdown", [0, reason])]
    assert host.tell("config_trsync", 1) == [("is_shutdown", [reason])]
    assert host.tell("get_config")[0][1][2] == 1
    host.tell("reset")
    assert host.tell("config_trsync", 1) == []


def sensor_values(heard: list[tuple[str, list[Any]]]) -> list[float]:
    """Temperatures in C of the reports among what was heard."""
    return [
        values[2] / ADC_MAX * 500.0
        for name, values in heard
        if name == "analog_in_state"
    ]


def start_heater(host: Host) -> None:
    """Heater pin P40 as oid 1, its sensor ADC0 as oid 2, one report per 0.1 s."""
    host.tell("config_digital_out", 1, 40, 0, 0, 0)
    host.tell("set_digital_out_pwm_cycle", 1, CLOCK_HZ // 10)
    host.tell("config_analog_in", 2, PIN_COUNT)
    host.tell("query_analog_in", 2, 0, 100, 1, CLOCK_HZ // 10, 0, 3000, 4)


def test_a_heater_warms_its_sensor_and_cools_again(host: Host) -> None:
    """Half power goes up, none goes down; nothing jumps."""
    start_heater(host)
    assert sensor_values(host.wait(0.05)) == [pytest.approx(22, abs=0.2)]
    host.tell("queue_digital_out", 1, 0, CLOCK_HZ // 20)
    warming = sensor_values(host.wait(3.0))
    assert warming == sorted(warming)
    assert warming[-1] > 100
    host.tell("update_digital_out", 1, 0)
    cooling = sensor_values(host.wait(3.0))
    assert cooling == sorted(cooling, reverse=True)


def test_cold_heaters_do_not_warm_until_they_are_well(host: Host) -> None:
    """The fault ends heating at once and is undone by its opposite."""
    start_heater(host)
    host.controller.fault(Fault.HEATERS_COLD)
    host.tell("update_digital_out", 1, 1)
    assert max(sensor_values(host.wait(2.0))) < 23
    host.controller.fault(Fault.HEATERS_WELL)
    host.tell("update_digital_out", 1, 1)
    assert max(sensor_values(host.wait(2.0))) > 100


def test_a_sensor_out_of_range_shuts_down_after_the_last_check(host: Host) -> None:
    """Four bad samples in a row, as asked for, not fewer."""
    host.tell("config_analog_in", 2, PIN_COUNT)
    host.tell("query_analog_in", 2, 0, 100, 1, CLOCK_HZ, 1000, 3000, 4)
    names = [name for name, _ in host.wait(10.0)]
    assert names == ["analog_in_state"] * 4 + ["shutdown"]


def low(clock: int) -> int:
    """What of a clock goes over the wire."""
    return clock & 0xFFFFFFFF


@pytest.mark.parametrize("age", [0.0, 50.0, 90.0, 140.0, 900.0])
def test_homing_stops_the_stepper_where_it_was_when_the_endstop_triggered(
    host: Host, age: float
) -> None:
    """Steps queued for later are not taken, and later ones are dropped.

    Klipper sets the step clock to 0 and makes the first interval the whole low half
    of the clock, which wraps every 86 s: half of the time 0 was next, not last.
    """
    host.now = age
    start = int(age * CLOCK_HZ)
    host.tell("config_stepper", 1, 0, 1, 0, 0)
    host.tell("config_trsync", 2)
    host.tell("config_endstop", 3, 3, 0)
    host.tell("trsync_start", 2, 0, 0, 2)
    host.tell("stepper_stop_on_trigger", 1, 2)
    host.tell("endstop_home", 3, low(start), 100, 4, 1000, 1, 2, 1)
    host.tell("reset_step_clock", 1, 0)
    host.tell("set_next_step_dir", 1, 1)
    host.tell("queue_step", 1, low(start + CLOCK_HZ // 100), 1, 0)
    host.tell("queue_step", 1, CLOCK_HZ // 100, 99, 0)  # 100 steps in 1 s
    heard = host.wait(0.5)
    assert [(name, values[:3]) for name, values in heard] == [
        ("trsync_state", [2, 0, 1])
    ]
    trigger_clock = heard[0][1][3]
    assert host.tell("stepper_get_position", 1) == [("stepper_position", [1, 25])]
    state = host.tell("endstop_query_state", 3)
    assert state == [("endstop_state", [3, 0, trigger_clock + 1000, 0])]
    host.tell("queue_step", 1, CLOCK_HZ // 100, 10, 0)
    assert host.tell("stepper_get_position", 1) == [("stepper_position", [1, 25])]


def test_a_stepper_that_rested_for_long_is_stopped_like_any(host: Host) -> None:
    """The interval since its last step lacks the wraps of the clock in between."""
    host.tell("config_stepper", 1, 0, 1, 0, 0)
    host.tell("config_trsync", 2)
    host.tell("set_next_step_dir", 1, 1)
    host.tell("queue_step", 1, CLOCK_HZ, 1, 0)
    host.wait(300.0)
    host.tell("trsync_start", 2, 0, 0, 2)
    host.tell("stepper_stop_on_trigger", 1, 2)
    since_last = (300 - 1) * CLOCK_HZ + CLOCK_HZ // 100
    host.tell("queue_step", 1, low(since_last), 1, 0)
    host.tell("queue_step", 1, CLOCK_HZ // 100, 99, 0)
    host.wait(0.25)
    host.tell("trsync_trigger", 2, 1)
    assert host.tell("stepper_get_position", 1) == [("stepper_position", [1, 1 + 25])]


def test_a_homing_that_was_given_up_triggers_nothing(host: Host) -> None:
    """Klipper ends homing with sample count 0."""
    host.tell("config_trsync", 2)
    host.tell("config_endstop", 3, 3, 0)
    host.tell("trsync_start", 2, 0, 0, 2)
    host.tell("endstop_home", 3, 0, 100, 4, 1000, 1, 2, 1)
    host.tell("endstop_home", 3, 0, 0, 0, 0, 0, 0, 0)
    assert host.wait(1.0) == []


def test_the_filament_switch_is_reported_until_acknowledged(host: Host) -> None:
    """Present at start, gone after the fault; a lost report is repeated."""
    host.tell("config_buttons", 4, 1)
    host.tell("buttons_add", 4, 0, FILAMENT_PIN, 0)
    host.tell("buttons_query", 4, 0, CLOCK_HZ // 500, 50, 0)
    reports = [values for name, values in host.wait(0.05) if name == "buttons_state"]
    assert reports == [[4, 0, b"\x01"]]
    repeated = [values for name, values in host.wait(0.2) if name == "buttons_state"]
    assert repeated
    assert all(values == [4, 0, b"\x01"] for values in repeated)
    host.tell("buttons_ack", 4, 1)
    assert host.wait(0.5) == []
    host.controller.fault(Fault.FILAMENT_OUT)
    reports = [values for _, values in host.wait(0.05)]
    assert reports == [[4, 1, b"\x00"]]


def test_a_reset_ends_all_that_was_scheduled(host: Host) -> None:
    """Reports of the old configuration must not reach the new one."""
    start_heater(host)
    host.tell("reset")
    assert host.wait(1.0) == []


def test_output_that_nobody_reads_is_bounded(host: Host) -> None:
    """Without a Klipper at the other end memory must not grow."""
    start_heater(host)
    for _ in range(60):
        host.controller.run_due()
        host.now += 100.0
        for _ in range(100):
            host.controller.send("clock", 1)
    assert len(host.controller.output) < 70_000
