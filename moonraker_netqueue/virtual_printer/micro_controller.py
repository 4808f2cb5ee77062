"""A pretend Klipper micro-controller: bytes in, bytes out, no I/O of its own."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from . import dictionary
from .buttons import Buttons
from .dictionary import CLOCK_HZ, COMMAND_MESSAGES, RESPONSE_MESSAGES, Message
from .faults import Fault
from .heater import Heater
from .stepper import Stepper
from .wire import FIRST_SEQUENCE, BlockReader, decode_int, make_block, next_sequence

SENSOR_RANGE = 500.0  # C at the sensors' full scale: see templates/printer.cfg
FIRST_HEATER_PIN = 40  # pin P40+x warms sensor ADCx
FILAMENT_PIN = 60
_ENDSTOP_TICKS = CLOCK_HZ // 4  # from the start of homing until the endstop triggers
_STATS_TICKS = 5 * CLOCK_HZ
_OUTPUT_MAX = 65536  # bytes nobody reads

# Nothing a virtual printer shows depends on these.
_WITHOUT_EFFECT = frozenset(
    {
        "allocate_oids",
        "set_digital_out",
        "config_pwm_out",
        "queue_pwm_out",
        "trsync_set_timeout",
    }
)
_ALLOWED_IN_SHUTDOWN = frozenset(
    {
        "identify",
        "get_uptime",
        "get_clock",
        "get_config",
        "emergency_stop",
        "clear_shutdown",
        "reset",
    }
)


@dataclass
class _DigitalOut:
    pin: int
    cycle_ticks: int = 1


@dataclass
class _Sensor:
    heater_pin: int
    sample_count: int = 0
    rest_ticks: int = 0
    allowed: range = range(0)
    checks: int = 0
    bad: int = 0


@dataclass
class _Trigger:
    """Stops steppers together (Klipper's trsync)."""

    armed: bool = False
    reason: int = 0
    steppers: list[Stepper] = field(default_factory=list)


@dataclass
class _Endstop:
    homing: bool = False
    homings: int = 0
    next_clock: int = 0
    rest_ticks: int = 0


class MicroController:
    """Times are seconds of `now`; clocks are ticks since this object was made."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.output = bytearray()
        self._now = now
        self._started = now()
        self._identity = dictionary.compressed()
        self._commands = {message.number: message for message in COMMAND_MESSAGES}
        self._responses = {message.name: message for message in RESPONSE_MESSAGES}
        self._handlers: dict[str, Callable[..., None]] = {
            message.name: getattr(self, f"_on_{message.name}")
            for message in COMMAND_MESSAGES
            if message.name not in _WITHOUT_EFFECT
        }
        self._reader = BlockReader()
        self._sequence = FIRST_SEQUENCE
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self._heaters: dict[int, Heater] = {}
        self._heaters_well = True
        self._high_pins = frozenset({FILAMENT_PIN})
        self._forget_configuration()

    def _forget_configuration(self) -> None:
        self._config_crc: int | None = None
        self._shutdown_reason: int | None = None
        self._digital_outs: dict[int, _DigitalOut] = {}
        self._sensors: dict[int, _Sensor] = {}
        self._steppers: dict[int, Stepper] = {}
        self._triggers: dict[int, _Trigger] = {}
        self._endstops: dict[int, _Endstop] = {}
        self._buttons: dict[int, Buttons] = {}
        self._timers.clear()
        self._heaters_off()

    # What the server calls

    def receive(self, data: bytes) -> None:
        """Take bytes from the host; answers are appended to `output`."""
        for block in self._reader.feed(data):
            if block is None or block[0] != self._sequence:
                self._send_block()  # names the sequence that is wanted instead
                continue
            self._sequence = next_sequence(self._sequence)
            self._dispatch(block[1])
            self._send_block()

    def seconds_until_due(self) -> float | None:
        """How long until `run_due` has work; None: nothing is scheduled."""
        if not self._timers:
            return None
        return max(0.0, (self._timers[0][0] - self._clock()) / CLOCK_HZ)

    def run_due(self) -> None:
        """Do what was scheduled for up to now."""
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def fault(self, fault: Fault) -> None:
        """Let something go wrong, or be well again."""
        if fault is Fault.FIRMWARE_SHUTDOWN:
            self._shut_down("Simulated fault")
        elif fault in (Fault.HEATERS_COLD, Fault.HEATERS_WELL):
            self._heaters_well = fault is Fault.HEATERS_WELL
            if not self._heaters_well:
                self._heaters_off()
        elif fault is Fault.FILAMENT_OUT:
            self._high_pins -= {FILAMENT_PIN}
        elif fault is Fault.FILAMENT_IN:
            self._high_pins |= {FILAMENT_PIN}

    # Time

    def _clock(self) -> int:
        return int((self._now() - self._started) * CLOCK_HZ)

    def _widen(self, clock32: int) -> int:
        """The 64-bit clock nearest to now that has these low 32 bits."""
        now = self._clock()
        ahead = (clock32 - now) & 0xFFFFFFFF
        return now + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)

    def _schedule(self, clock: int, callback: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (clock, next(self._timer_numbers), callback))

    # Messages

    def _send_block(self, payload: bytes = b"") -> None:
        if len(self.output) > _OUTPUT_MAX:
            self.output.clear()
        self.output += make_block(self._sequence, payload)

    def _send(self, name: str, *values: int | bytes) -> None:
        self._send_block(self._responses[name].encode(*values))

    def _dispatch(self, payload: bytes) -> None:
        position = 0
        while position < len(payload):
            number, position = decode_int(payload, position)
            message: Message | None = self._commands.get(number)
            if message is None:
                return  # of unknown length: the rest of the block is lost with it
            values, position = message.decode(payload, position)
            if self._shutdown_reason is None or message.name in _ALLOWED_IN_SHUTDOWN:
                handler = self._handlers.get(message.name)
                if handler is not None:
                    handler(*values)
            else:
                self._send("is_shutdown", self._shutdown_reason)

    # Commands about the whole

    def _on_identify(self, offset: int, count: int) -> None:
        part = self._identity[offset : offset + count]
        self._send("identify_response", offset, part)

    def _on_get_uptime(self) -> None:
        clock = self._clock()
        self._send("uptime", clock >> 32, clock)

    def _on_get_clock(self) -> None:
        self._send("clock", self._clock())

    def _on_get_config(self) -> None:
        configured = self._config_crc is not None
        is_shutdown = self._shutdown_reason is not None
        self._send("config", configured, self._config_crc or 0, is_shutdown, 1024)

    def _on_finalize_config(self, crc: int) -> None:
        self._config_crc = crc
        self._schedule(self._clock() + _STATS_TICKS, self._send_stats)

    def _send_stats(self) -> None:
        self._send("stats", 100, 1000, 100)
        self._schedule(self._clock() + _STATS_TICKS, self._send_stats)

    def _on_emergency_stop(self) -> None:
        self._shut_down("Command request")

    def _on_clear_shutdown(self) -> None:
        self._shutdown_reason = None

    def _on_reset(self) -> None:
        self._forget_configuration()

    def _shut_down(self, reason: str) -> None:
        if self._shutdown_reason is None:
            self._shutdown_reason = dictionary.SHUTDOWN_REASONS[reason]
            self._heaters_off()
            self._send("shutdown", self._clock(), self._shutdown_reason)

    # Heaters and sensors

    def _heater(self, pin: int) -> Heater:
        return self._heaters.setdefault(pin, Heater(self._now()))

    def _heaters_off(self) -> None:
        for heater in self._heaters.values():
            heater.set_power(0.0, self._now())

    def _on_config_digital_out(
        self, oid: int, pin: int, value: int, default: int, max_duration: int
    ) -> None:
        self._digital_outs[oid] = _DigitalOut(pin)

    def _on_set_digital_out_pwm_cycle(self, oid: int, cycle_ticks: int) -> None:
        self._digital_outs[oid].cycle_ticks = cycle_ticks

    def _on_queue_digital_out(self, oid: int, clock: int, on_ticks: int) -> None:
        duty = on_ticks / self._digital_outs[oid].cycle_ticks
        self._set_power(oid, min(1.0, duty))

    def _on_update_digital_out(self, oid: int, value: int) -> None:
        self._set_power(oid, float(bool(value)))

    def _set_power(self, oid: int, power: float) -> None:
        if self._heaters_well:
            heater = self._heater(self._digital_outs[oid].pin)
            heater.set_power(power, self._now())

    def _on_config_analog_in(self, oid: int, pin: int) -> None:
        heater_pin = FIRST_HEATER_PIN + pin - dictionary.PIN_COUNT
        self._sensors[oid] = _Sensor(heater_pin)

    def _on_query_analog_in(
        self,
        oid: int,
        clock: int,
        sample_ticks: int,
        sample_count: int,
        rest_ticks: int,
        low: int,
        high: int,
        checks: int,
    ) -> None:
        sensor = self._sensors[oid]
        sensor.sample_count, sensor.rest_ticks = sample_count, rest_ticks
        sensor.allowed, sensor.checks, sensor.bad = range(low, high + 1), checks, 0
        self._schedule(self._widen(clock), lambda: self._read_sensor(oid))

    def _read_sensor(self, oid: int) -> None:
        sensor = self._sensors[oid]
        temperature = self._heater(sensor.heater_pin).temperature(self._now())
        share = max(0.0, min(1.0, temperature / SENSOR_RANGE))
        value = int(share * dictionary.ADC_MAX * sensor.sample_count)
        next_clock = self._clock() + sensor.rest_ticks
        self._schedule(next_clock, lambda: self._read_sensor(oid))
        if self._shutdown_reason is not None:
            return
        self._send("analog_in_state", oid, next_clock & 0xFFFFFFFF, value)
        sensor.bad = 0 if value in sensor.allowed else sensor.bad + 1
        if sensor.checks and sensor.bad >= sensor.checks:
            self._shut_down("ADC out of range")

    # Steppers, and what stops them

    def _on_config_stepper(
        self, oid: int, step_pin: int, dir_pin: int, invert: int, pulse_ticks: int
    ) -> None:
        self._steppers[oid] = Stepper()

    def _on_set_next_step_dir(self, oid: int, forward: int) -> None:
        self._steppers[oid].set_direction(bool(forward))

    def _on_queue_step(self, oid: int, interval: int, count: int, add: int) -> None:
        self._steppers[oid].queue(interval, count & 0xFFFF, add)

    def _on_reset_step_clock(self, oid: int, clock: int) -> None:
        self._steppers[oid].reset_clock(self._widen(clock))

    def _on_stepper_get_position(self, oid: int) -> None:
        self._send("stepper_position", oid, self._steppers[oid].position)

    def _on_stepper_stop_on_trigger(self, oid: int, trigger_oid: int) -> None:
        self._triggers[trigger_oid].steppers.append(self._steppers[oid])

    def _on_config_trsync(self, oid: int) -> None:
        self._triggers[oid] = _Trigger()

    def _on_trsync_start(
        self, oid: int, report_clock: int, report_ticks: int, expire_reason: int
    ) -> None:
        self._triggers[oid] = _Trigger(armed=True)

    def _on_trsync_trigger(self, oid: int, reason: int) -> None:
        self._pull(oid, reason)
        self._send_trigger(oid)

    def _pull(self, oid: int, reason: int) -> bool:
        trigger = self._triggers[oid]
        if not trigger.armed:
            return False
        for stepper in trigger.steppers:
            stepper.stop(self._clock())
        self._triggers[oid] = _Trigger(reason=reason)
        return True

    def _send_trigger(self, oid: int) -> None:
        trigger = self._triggers[oid]
        self._send("trsync_state", oid, trigger.armed, trigger.reason, self._clock())

    def _on_config_endstop(self, oid: int, pin: int, pull_up: int) -> None:
        self._endstops[oid] = _Endstop()

    def _on_endstop_home(
        self,
        oid: int,
        clock: int,
        sample_ticks: int,
        sample_count: int,
        rest_ticks: int,
        pin_value: int,
        trigger_oid: int,
        reason: int,
    ) -> None:
        endstop = self._endstops[oid]
        endstop.homings += 1
        endstop.homing = bool(sample_count)
        endstop.rest_ticks = rest_ticks
        if not endstop.homing:
            return
        number = endstop.homings

        def hit() -> None:
            if endstop.homings == number:
                self._hit_endstop(endstop, trigger_oid, reason)

        self._schedule(self._widen(clock) + _ENDSTOP_TICKS, hit)

    def _hit_endstop(self, endstop: _Endstop, trigger_oid: int, reason: int) -> None:
        endstop.homing = False
        endstop.next_clock = (self._clock() + endstop.rest_ticks) & 0xFFFFFFFF
        if self._pull(trigger_oid, reason):
            self._send_trigger(trigger_oid)

    def _on_endstop_query_state(self, oid: int) -> None:
        endstop = self._endstops[oid]
        self._send("endstop_state", oid, endstop.homing, endstop.next_clock, 0)

    # Switches

    def _on_config_buttons(self, oid: int, button_count: int) -> None:
        self._buttons[oid] = Buttons()

    def _on_buttons_add(self, oid: int, position: int, pin: int, pull_up: int) -> None:
        self._buttons[oid].add(position, pin)

    def _on_buttons_query(
        self, oid: int, clock: int, rest_ticks: int, retransmit_count: int, invert: int
    ) -> None:
        self._buttons[oid].query(rest_ticks, invert)
        self._schedule(self._widen(clock), lambda: self._sample_buttons(oid))

    def _on_buttons_ack(self, oid: int, count: int) -> None:
        self._buttons[oid].acknowledge(count)

    def _sample_buttons(self, oid: int) -> None:
        buttons = self._buttons[oid]
        if not buttons.rest_ticks:
            return
        next_clock = self._clock() + buttons.rest_ticks
        self._schedule(next_clock, lambda: self._sample_buttons(oid))
        reports = buttons.sample(self._high_pins)
        if reports and self._shutdown_reason is None:
            self._send("buttons_state", oid, buttons.acknowledged, reports)
