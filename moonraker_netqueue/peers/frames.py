"""What travels over a link: msgpack maps, cut into chunks with a length in front."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack

from ..names import clean_name, is_host_id, is_queue_name, printable
from ..ports import Message
from .errors import FrameInvalid, FrameTooLarge
from .limits import LARGEST_CHUNK, LARGEST_FRAME, MOST_VALUES
from .record import LARGEST_CERTIFICATE, Record, unpack_record

VERSION = 1
HEADER = struct.Struct("!I")
_MORE = 1 << 31  # flag in the header: the frame goes on in the next chunk
_MOST_QUEUES = 64
_LONGEST_METHOD = 64
_MOST_RECORDS = 2048  # of one queue; more than it can have
_MOST_ASKERS = 16
_CODE = re.compile(r"[0-9]{6}")
_Values = TypeVar("_Values", list[Any], dict[str, Any])


@dataclass(frozen=True)
class Hello:
    """Who speaks, the queues it serves, and whether it admits the listener to each.

    First frame on both sides, and again whenever `queues` changes.
    """

    name: str
    nonce: bytes
    port: int
    queues: Mapping[str, bool]
    version: int = VERSION
    introduces: bool = False  # whether it understands the frames of introductions


@dataclass(frozen=True)
class Keepalive:
    """Says only that the sender lives."""


@dataclass(frozen=True)
class OneWay:
    """A message without an answer."""

    queue: str
    message: Message


@dataclass(frozen=True)
class Request:
    """A question; its answer carries the same number."""

    queue: str
    number: int
    method: str
    params: Message


@dataclass(frozen=True)
class Reply:
    """The answer to a request."""

    number: int
    result: Message


@dataclass(frozen=True)
class Refusal:
    """The error that answers a request."""

    number: int
    reason: str


@dataclass(frozen=True)
class Records:
    """What members said of who is one."""

    queue: str
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Asker:
    """A host that waits to be let in; its id follows from the certificate."""

    certificate: bytes
    name: str
    code: str


@dataclass(frozen=True)
class Asking:
    """All that asked the sender to be let in, and whom a person refused there."""

    queue: str
    askers: tuple[Asker, ...]
    refused: tuple[str, ...] = ()


Frame = Hello | Keepalive | OneWay | Request | Reply | Refusal | Records | Asking


def encode(frame: Frame) -> bytes:
    """The bytes of a frame; raises FrameTooLarge."""
    data: bytes = msgpack.packb(_to_map(frame))
    if len(data) > LARGEST_FRAME:
        raise FrameTooLarge(
            f"a message of {len(data)} bytes is above the {LARGEST_FRAME} that a link "
            "carries; send it in parts"
        )
    return data


def decode(data: bytes) -> Frame | None:
    """The frame that `data` is; None for a kind of a later version.

    Raises FrameInvalid.
    """
    fields = unpack_map(data)
    kind = fields.get("t")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    return reader(fields) if reader is not None else None


def unpack_map(data: bytes) -> dict[str, Any]:
    """A msgpack map with text keys from a stranger; raises FrameInvalid."""
    most = min(MOST_VALUES, len(data))  # lists are made as long as they say at once
    left = _Left(MOST_VALUES)
    try:
        fields = msgpack.unpackb(
            data,
            ext_hook=_refuse_extension,
            list_hook=left.count,
            object_hook=left.count_map,
            max_array_len=most,
            max_map_len=most,
        )
    except (ValueError, RecursionError, TypeError, MemoryError) as error:
        raise FrameInvalid(f"not msgpack: {type(error).__name__}") from error
    if not isinstance(fields, dict):
        raise FrameInvalid("not a map")
    return fields


def chunks(data: bytes) -> Iterator[bytes]:
    """Cut a frame for the wire."""
    last = max(len(data) - 1, 0) // LARGEST_CHUNK * LARGEST_CHUNK
    for start in range(0, last + 1, LARGEST_CHUNK):
        chunk = data[start : start + LARGEST_CHUNK]
        yield HEADER.pack(len(chunk) | (_MORE if start < last else 0)) + chunk


def parse_header(header: bytes) -> tuple[int, bool]:
    """(length of the chunk, whether the frame goes on); raises FrameInvalid."""
    (value,) = HEADER.unpack(header)
    length, more = value & ~_MORE, bool(value & _MORE)
    if not 0 < length <= LARGEST_CHUNK:
        raise FrameInvalid(f"a chunk of {length} bytes")
    return length, more


class _Left:
    """Counts the values of a frame while it is read, so that it is not read on."""

    def __init__(self, most: int) -> None:
        self._left = most

    def count(self, values: _Values) -> _Values:
        """Take a list or a map; raises ValueError."""
        self._left -= len(values)
        if self._left < 0:
            raise ValueError("too many values")
        return values

    def count_map(self, values: dict[str, Any]) -> dict[str, Any]:
        """Take a map whose keys are texts: others break what sorts or joins them."""
        if not all(type(key) is str for key in values):
            raise ValueError("a key that is no text")
        return self.count(values)


def _refuse_extension(code: int, _data: bytes) -> Any:
    raise ValueError(f"extension type {code}")


def _to_map(frame: Frame) -> dict[str, Any]:
    if isinstance(frame, Hello):
        return {
            "t": "hello",
            "v": frame.version,
            "name": frame.name,
            "nonce": frame.nonce,
            "port": frame.port,
            "queues": dict(frame.queues),
            "intro": frame.introduces,
        }
    if isinstance(frame, Records):
        records = [record.pack() for record in frame.records]
        return {"t": "records", "q": frame.queue, "r": records}
    if isinstance(frame, Asking):
        askers = [[a.certificate, a.name, a.code] for a in frame.askers]
        return {"t": "asking", "q": frame.queue, "a": askers, "no": list(frame.refused)}
    if isinstance(frame, OneWay):
        return {"t": "msg", "q": frame.queue, "m": frame.message}
    if isinstance(frame, Request):
        return {
            "t": "req",
            "q": frame.queue,
            "n": frame.number,
            "f": frame.method,
            "p": frame.params,
        }
    if isinstance(frame, Reply):
        return {"t": "ok", "n": frame.number, "r": frame.result}
    if isinstance(frame, Refusal):
        return {"t": "no", "n": frame.number, "e": frame.reason}
    return {"t": "alive"}


def _hello(fields: dict[str, Any]) -> Hello:
    queues = _map(fields, "queues")
    if len(queues) > _MOST_QUEUES:
        raise FrameInvalid("too many queues")
    if not all(is_queue_name(q) and isinstance(a, bool) for q, a in queues.items()):
        raise FrameInvalid("queues")
    nonce = fields.get("nonce")
    if not isinstance(nonce, bytes) or len(nonce) != 16:
        raise FrameInvalid("nonce")
    return Hello(
        name=clean_name(fields.get("name")),
        nonce=nonce,
        port=_integer(fields, "port", 1, 65535),
        queues=queues,
        version=_integer(fields, "v", 0, 1 << 31),
        introduces=fields.get("intro") is True,
    )


def _one_way(fields: dict[str, Any]) -> OneWay:
    return OneWay(_queue(fields), _map(fields, "m"))


def _request(fields: dict[str, Any]) -> Request:
    method = fields.get("f")
    if not isinstance(method, str) or not 0 < len(method) <= _LONGEST_METHOD:
        raise FrameInvalid("method")
    return Request(_queue(fields), _number(fields), method, _map(fields, "p"))


def _reply(fields: dict[str, Any]) -> Reply:
    return Reply(_number(fields), _map(fields, "r"))


def _refusal(fields: dict[str, Any]) -> Refusal:
    reason = fields.get("e")
    if not isinstance(reason, str):
        raise FrameInvalid("reason")
    # It is logged, and shown to people.
    return Refusal(_number(fields), printable(reason[:1000]))


def _read_records(fields: dict[str, Any]) -> Records:
    records = fields.get("r")
    if not isinstance(records, list) or len(records) > _MOST_RECORDS:
        raise FrameInvalid("records")
    return Records(_queue(fields), tuple(unpack_record(record) for record in records))


def _asking(fields: dict[str, Any]) -> Asking:
    askers, refused = fields.get("a"), fields.get("no")
    if not isinstance(askers, list) or len(askers) > _MOST_ASKERS:
        raise FrameInvalid("askers")
    if not isinstance(refused, list) or len(refused) > _MOST_ASKERS:
        raise FrameInvalid("refused")
    if not all(is_host_id(host) for host in refused):
        raise FrameInvalid("refused")
    return Asking(_queue(fields), tuple(map(_asker, askers)), tuple(refused))


def _asker(value: object) -> Asker:
    if not isinstance(value, list) or len(value) != 3:
        raise FrameInvalid("asker")
    certificate, name, code = value
    if not isinstance(certificate, bytes) or len(certificate) > LARGEST_CERTIFICATE:
        raise FrameInvalid("asker")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise FrameInvalid("code")
    return Asker(certificate, clean_name(name), code)


def _queue(fields: dict[str, Any]) -> str:
    queue = fields.get("q")
    if not isinstance(queue, str) or not is_queue_name(queue):
        raise FrameInvalid("queue")
    return queue


def _number(fields: dict[str, Any]) -> int:
    return _integer(fields, "n", 0, (1 << 63) - 1)


def _integer(fields: dict[str, Any], key: str, low: int, high: int) -> int:
    value = fields.get(key)
    if type(value) is not int or not low <= value <= high:  # a bool is an int, too
        raise FrameInvalid(key)
    return value


def _map(fields: dict[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key)
    if not isinstance(value, dict):
        raise FrameInvalid(key)
    return value


_READERS: dict[str, Callable[[dict[str, Any]], Frame]] = {
    "hello": _hello,
    "alive": lambda _fields: Keepalive(),
    "msg": _one_way,
    "req": _request,
    "ok": _reply,
    "no": _refusal,
    "records": _read_records,
    "asking": _asking,
}
