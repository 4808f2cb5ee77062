"""A pretend Klipper micro-controller: bytes in, bytes out, no I/O of its own."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from . import dictionary
from .board import Handlers
from .dictionary import CLOCK_HZ, COMMAND_MESSAGES, RESPONSE_MESSAGES
from .faults import Fault
from .motion import Motion
from .switches import Switches
from .thermal import Thermal
from .wire import FIRST_SEQUENCE, BlockReader, decode_int, make_block, next_sequence

_STATS_TICKS = 5 * CLOCK_HZ
_MOVE_COUNT = 1024  # moves that Klipper may queue here
_OUTPUT_MAX = 65536  # bytes nobody reads

# Nothing a virtual printer shows depends on these.
WITHOUT_EFFECT = frozenset(
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


class MicroController:
    """The board (see `board.Board`); the caller moves the bytes."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.output = bytearray()
        self.seconds = seconds
        self._started = seconds()
        self._reader = BlockReader()
        self._sequence = FIRST_SEQUENCE
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self._config_crc: int | None = None
        self._shutdown_reason: int | None = None
        self._thermal = Thermal(self)
        self._motion = Motion(self)
        self._switches = Switches(self)
        self._identity = dictionary.compressed()
        self._commands = {message.number: message for message in COMMAND_MESSAGES}
        self._responses = {message.name: message for message in RESPONSE_MESSAGES}
        self.handlers: Handlers = {
            "identify": self._on_identify,
            "get_uptime": self._on_get_uptime,
            "get_clock": self._on_get_clock,
            "get_config": self._on_get_config,
            "finalize_config": self._on_finalize_config,
            "emergency_stop": self._on_emergency_stop,
            "clear_shutdown": self._on_clear_shutdown,
            "reset": self._on_reset,
            **self._thermal.handlers,
            **self._motion.handlers,
            **self._switches.handlers,
        }

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
        return max(0.0, (self._timers[0][0] - self.clock()) / CLOCK_HZ)

    def run_due(self) -> None:
        """Do what was scheduled for up to now."""
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def fault(self, fault: Fault) -> None:
        """Let something go wrong, or be well again."""
        if fault is Fault.FIRMWARE_SHUTDOWN:
            self.shut_down("Simulated fault")
        elif fault in (Fault.HEATERS_COLD, Fault.HEATERS_WELL):
            self._thermal.set_well(fault is Fault.HEATERS_WELL)
        elif fault in (Fault.FILAMENT_OUT, Fault.FILAMENT_IN):
            self._switches.set_filament(fault is Fault.FILAMENT_IN)

    # What its parts use: board.Board

    def clock(self) -> int:
        return int((self.seconds() - self._started) * CLOCK_HZ)

    def widen(self, clock32: int) -> int:
        now = self.clock()
        ahead = (clock32 - now) & 0xFFFFFFFF
        return now + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)

    def schedule(self, clock: int, callback: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (clock, next(self._timer_numbers), callback))

    def send(self, name: str, *values: int | bytes) -> None:
        self._send_block(self._responses[name].encode(*values))

    def shut_down(self, reason: str) -> None:
        if self._shutdown_reason is None:
            self._shutdown_reason = dictionary.SHUTDOWN_REASONS[reason]
            self._thermal.off()
            self.send("shutdown", self.clock(), self._shutdown_reason)

    @property
    def is_shut_down(self) -> bool:
        return self._shutdown_reason is not None

    # Messages

    def _send_block(self, payload: bytes = b"") -> None:
        if len(self.output) > _OUTPUT_MAX:
            self.output.clear()
        self.output += make_block(self._sequence, payload)

    def _dispatch(self, payload: bytes) -> None:
        position = 0
        while position < len(payload):
            number, position = decode_int(payload, position)
            message = self._commands.get(number)
            if message is None:
                return  # of unknown length: the rest of the block is lost with it
            values, position = message.decode(payload, position)
            if message.name in WITHOUT_EFFECT:
                continue
            if self._shutdown_reason is None or message.name in _ALLOWED_IN_SHUTDOWN:
                self.handlers[message.name](*values)
            else:
                self.send("is_shutdown", self._shutdown_reason)

    # Commands about the whole board

    def _on_identify(self, offset: int, count: int) -> None:
        part = self._identity[offset : offset + count]
        self.send("identify_response", offset, part)

    def _on_get_uptime(self) -> None:
        clock = self.clock()
        self.send("uptime", clock >> 32, clock)

    def _on_get_clock(self) -> None:
        self.send("clock", self.clock())

    def _on_get_config(self) -> None:
        is_configured = self._config_crc is not None
        crc = self._config_crc or 0
        self.send("config", is_configured, crc, self.is_shut_down, _MOVE_COUNT)

    def _on_finalize_config(self, crc: int) -> None:
        self._config_crc = crc
        self.schedule(self.clock() + _STATS_TICKS, self._send_stats)

    def _send_stats(self) -> None:
        self.send("stats", 100, 1000, 100)
        self.schedule(self.clock() + _STATS_TICKS, self._send_stats)

    def _on_emergency_stop(self) -> None:
        self.shut_down("Command request")

    def _on_clear_shutdown(self) -> None:
        self._shutdown_reason = None

    def _on_reset(self) -> None:
        self._config_crc = None
        self._shutdown_reason = None
        self._timers.clear()
        for part in (self._thermal, self._motion, self._switches):
            part.reset()
