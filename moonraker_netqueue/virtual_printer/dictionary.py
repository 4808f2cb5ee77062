"""The data dictionary: which messages the pretend micro-controller understands."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .wire import decode_int, encode_int

CLOCK_HZ = 50_000_000
ADC_MAX = 4095
PIN_COUNT = 80  # P0..P79, digital
ADC_COUNT = 10  # ADC0..ADC9, numbered after the digital pins

# The protocol fixes these two numbers; the rest are ours to choose.
_IDENTIFY_RESPONSE_NUMBER = 0
_IDENTIFY_NUMBER = 1

COMMANDS = (
    "identify offset=%u count=%c",
    "get_uptime",
    "get_clock",
    "get_config",
    "finalize_config crc=%u",
    "allocate_oids count=%c",
    "emergency_stop",
    "clear_shutdown",
    "reset",
    "config_digital_out oid=%c pin=%u value=%c default_value=%c max_duration=%u",
    "set_digital_out_pwm_cycle oid=%c cycle_ticks=%u",
    "queue_digital_out oid=%c clock=%u on_ticks=%u",
    "update_digital_out oid=%c value=%c",
    "set_digital_out pin=%u value=%c",
    (
        "config_pwm_out oid=%c pin=%u cycle_ticks=%u value=%hu default_value=%hu"
        " max_duration=%u"
    ),
    "queue_pwm_out oid=%c clock=%u value=%hu",
    "config_analog_in oid=%c pin=%u",
    (
        "query_analog_in oid=%c clock=%u sample_ticks=%u sample_count=%c"
        " rest_ticks=%u min_value=%hu max_value=%hu range_check_count=%c"
    ),
    "config_stepper oid=%c step_pin=%c dir_pin=%c invert_step=%c step_pulse_ticks=%u",
    "queue_step oid=%c interval=%u count=%hu add=%hi",
    "set_next_step_dir oid=%c dir=%c",
    "reset_step_clock oid=%c clock=%u",
    "stepper_get_position oid=%c",
    "stepper_stop_on_trigger oid=%c trsync_oid=%c",
    "config_endstop oid=%c pin=%c pull_up=%c",
    (
        "endstop_home oid=%c clock=%u sample_ticks=%u sample_count=%c"
        " rest_ticks=%u pin_value=%c trsync_oid=%c trigger_reason=%c"
    ),
    "endstop_query_state oid=%c",
    "config_trsync oid=%c",
    "trsync_start oid=%c report_clock=%u report_ticks=%u expire_reason=%c",
    "trsync_set_timeout oid=%c clock=%u",
    "trsync_trigger oid=%c reason=%c",
    "config_buttons oid=%c button_count=%c",
    "buttons_add oid=%c pos=%c pin=%u pull_up=%c",
    "buttons_query oid=%c clock=%u rest_ticks=%u retransmit_count=%c invert=%c",
    "buttons_ack oid=%c count=%c",
)
RESPONSES = (
    "identify_response offset=%u data=%.*s",
    "uptime high=%u clock=%u",
    "clock clock=%u",
    "config is_config=%c crc=%u is_shutdown=%c move_count=%hu",
    "shutdown clock=%u static_string_id=%hu",
    "is_shutdown static_string_id=%hu",
    "stats count=%u sum=%u sumsq=%u",
    "analog_in_state oid=%c next_clock=%u value=%hu",
    "stepper_position oid=%c pos=%i",
    "endstop_state oid=%c homing=%c next_clock=%u pin_value=%c",
    "trsync_state oid=%c can_trigger=%c trigger_reason=%c clock=%u",
    "buttons_state oid=%c ack_count=%c state=%*s",
)
SHUTDOWN_REASONS = {"Command request": 2, "ADC out of range": 3, "Simulated fault": 4}


@dataclass(frozen=True)
class Message:
    """One message of the dictionary."""

    number: int
    format: str
    name: str
    kinds: tuple[str, ...]

    def encode(self, *values: int | bytes) -> bytes:
        """The message with these arguments, as it goes into a block."""
        out = bytearray(encode_int(self.number))
        for kind, value in zip(self.kinds, values, strict=True):
            if isinstance(value, bytes):
                out.append(len(value))
                out += value
            else:
                out += encode_int(value & 0xFFFFFFFF if kind == "%u" else value)
        return bytes(out)

    def decode(self, data: bytes, position: int) -> tuple[list[Any], int]:
        """(arguments, position after them); the number was read already."""
        values: list[Any] = []
        for kind in self.kinds:
            if kind.endswith("s"):
                start = position + 1
                position = start + data[position]
                values.append(data[start:position])
            else:
                value, position = decode_int(data, position)
                values.append(value & 0xFFFFFFFF if kind == "%u" else value)
        return values, position


def _message(number: int, text: str) -> Message:
    name, *fields = text.split()
    return Message(number, text, name, tuple(field.split("=")[1] for field in fields))


def _numbered(first: int, formats: Sequence[str], start: int) -> tuple[Message, ...]:
    numbers = (first, *range(start, start + len(formats) - 1))
    return tuple(_message(n, text) for n, text in zip(numbers, formats, strict=True))


COMMAND_MESSAGES = _numbered(_IDENTIFY_NUMBER, COMMANDS, 2)
RESPONSE_MESSAGES = _numbered(
    _IDENTIFY_RESPONSE_NUMBER, RESPONSES, COMMAND_MESSAGES[-1].number + 1
)


def compressed() -> bytes:
    """The dictionary as the `identify` command hands it out."""
    dictionary = {
        "app": "moonraker_netqueue",
        "version": "virtual-printer",
        "build_versions": "python",
        "license": "GPLv3",
        "commands": {message.format: message.number for message in COMMAND_MESSAGES},
        "responses": {message.format: message.number for message in RESPONSE_MESSAGES},
        "output": {},
        "enumerations": {
            "pin": {"P0": [0, PIN_COUNT], "ADC0": [PIN_COUNT, ADC_COUNT]},
            "static_string_id": SHUTDOWN_REASONS,
        },
        "config": {
            "CLOCK_FREQ": CLOCK_HZ,
            "ADC_MAX": ADC_MAX,
            "MCU": "virtual",
            "STATS_SUMSQ_BASE": 256,
            "PWM_MAX": 32768,
            "RECEIVE_WINDOW": 4096,
        },
    }
    return zlib.compress(json.dumps(dictionary).encode(), 9)
