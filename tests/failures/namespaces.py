"""Network namespaces: machines of a test, whose wires a test can cut.

Each has one Ethernet port, a TAP device whose other end is a file descriptor here. All
of the kernel's networking is real; only the wires between the machines are the test's.
Needs root, as CI has it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_OWN = "/proc/thread-self/ns/net"
_PORT = "eth0"
_LIBC = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One machine's network: its loopback and one port."""

    def __init__(self, address: str) -> None:
        self.address = address
        before = os.open(_OWN, os.O_RDONLY)
        try:
            _checked(_LIBC.unshare(_CLONE_NEWNET))
            self._namespace = os.open(_OWN, os.O_RDONLY)
            self.wire = _tap()
            _ip("link", "set", "lo", "up")
            _ip("link", "set", _PORT, "up")
            self._add(address)
        finally:
            _checked(_LIBC.setns(before, _CLONE_NEWNET))
            os.close(before)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread is there, and so are the processes and sockets it makes."""
        before = os.open(_OWN, os.O_RDONLY)
        try:
            _checked(_LIBC.setns(self._namespace, _CLONE_NEWNET))
            yield
        finally:
            _checked(_LIBC.setns(before, _CLONE_NEWNET))
            os.close(before)

    def readdress(self, address: str) -> None:
        """Another address, as a router hands it out after a while."""
        with self.inside():
            _ip("addr", "flush", "dev", _PORT)
            self._add(address)
        self.address = address

    def close(self) -> None:
        """The network goes with its last process."""
        os.close(self.wire)
        os.close(self._namespace)

    def _add(self, address: str) -> None:
        _ip("addr", "add", f"{address}/24", "broadcast", "+", "dev", _PORT)
        _ip("route", "add", "default", "dev", _PORT)  # for multicast


def _tap() -> int:
    wire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", _PORT.encode(), _IFF_TAP | _IFF_NO_PI)
    fcntl.ioctl(wire, _TUNSETIFF, request)
    return wire


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"network namespace: {os.strerror(number)}")
