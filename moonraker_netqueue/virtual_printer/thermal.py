"""Heaters: a first-order model, and the sensors beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .board import Board, Handlers
from .dictionary import ADC_MAX, PIN_COUNT

SENSOR_RANGE = 500.0  # C at the sensors' full scale: see templates/printer.cfg
FIRST_HEATER_PIN = 40  # pin P40+x warms sensor ADCx
AMBIENT = 22.0  # C
FULL_POWER = 420.0  # C, reached after a long time
TIME_CONSTANT = 4.0  # s: 22 to 200 C takes about 2.4 s, so that tests need not wait


class Heater:
    """One heater: temperature as a function of the power since the last change."""

    def __init__(self, now: float) -> None:
        self._temperature = AMBIENT
        self._settled = now
        self._power = 0.0

    def set_power(self, power: float, now: float) -> None:
        """`power` from 0 to 1, from `now` (seconds) on."""
        self._temperature = self.temperature(now)
        self._settled = now
        self._power = power

    def temperature(self, now: float) -> float:
        """Degrees Celsius at `now` (seconds)."""
        goal = AMBIENT + self._power * (FULL_POWER - AMBIENT)
        decay = math.exp((self._settled - now) / TIME_CONSTANT)
        return goal + (self._temperature - goal) * decay


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


class Thermal:
    """The board's heaters and temperature sensors. Heat outlives a reset."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._heaters: dict[int, Heater] = {}
        self._well = True
        self._outs: dict[int, _DigitalOut] = {}
        self._sensors: dict[int, _Sensor] = {}
        self.handlers: Handlers = {
            "config_digital_out": self._on_config_digital_out,
            "set_digital_out_pwm_cycle": self._on_set_cycle,
            "queue_digital_out": self._on_queue_digital_out,
            "update_digital_out": self._on_update_digital_out,
            "config_analog_in": self._on_config_analog_in,
            "query_analog_in": self._on_query_analog_in,
        }

    def reset(self) -> None:
        """Forget the configuration."""
        self.off()
        self._outs.clear()
        self._sensors.clear()

    def off(self) -> None:
        """Switch all heaters off."""
        for heater in self._heaters.values():
            heater.set_power(0.0, self._board.seconds())

    def set_well(self, well: bool) -> None:
        """Whether heaters heat when they are switched on."""
        self._well = well
        if not well:
            self.off()

    def _heater(self, pin: int) -> Heater:
        return self._heaters.setdefault(pin, Heater(self._board.seconds()))

    def _on_config_digital_out(
        self, oid: int, pin: int, value: int, default: int, max_duration: int
    ) -> None:
        self._outs[oid] = _DigitalOut(pin)

    def _on_set_cycle(self, oid: int, cycle_ticks: int) -> None:
        self._outs[oid].cycle_ticks = cycle_ticks

    def _on_queue_digital_out(self, oid: int, clock: int, on_ticks: int) -> None:
        self._set_power(oid, min(1.0, on_ticks / self._outs[oid].cycle_ticks))

    def _on_update_digital_out(self, oid: int, value: int) -> None:
        self._set_power(oid, float(bool(value)))

    def _set_power(self, oid: int, power: float) -> None:
        if self._well:
            heater = self._heater(self._outs[oid].pin)
            heater.set_power(power, self._board.seconds())

    def _on_config_analog_in(self, oid: int, pin: int) -> None:
        self._sensors[oid] = _Sensor(FIRST_HEATER_PIN + pin - PIN_COUNT)

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
        self._board.schedule(self._board.widen(clock), lambda: self._read(oid))

    def _read(self, oid: int) -> None:
        sensor = self._sensors[oid]
        heater = self._heater(sensor.heater_pin)
        share = heater.temperature(self._board.seconds()) / SENSOR_RANGE
        value = int(max(0.0, min(1.0, share)) * ADC_MAX * sensor.sample_count)
        next_clock = self._board.clock() + sensor.rest_ticks
        self._board.schedule(next_clock, lambda: self._read(oid))
        if self._board.is_shut_down:
            return
        self._board.send("analog_in_state", oid, next_clock, value)
        sensor.bad = 0 if value in sensor.allowed else sensor.bad + 1
        if sensor.checks and sensor.bad >= sensor.checks:
            self._board.shut_down("ADC out of range")
