"""What other hosts and clients send, beside frames and commands."""

from __future__ import annotations

import contextlib
import struct
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgpack
from tornado.web import HTTPError

from moonraker_netqueue.api.endpoints import Endpoints
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.file_details import _harmless_picture, _is_harmless
from moonraker_netqueue.api.host import Host, _owners_answer
from moonraker_netqueue.api.queues import Serving
from moonraker_netqueue.border.upload_form import UploadForm
from moonraker_netqueue.files.incoming import IncomingFile
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.content import parse_range
from moonraker_netqueue.peers.errors import FrameInvalid, TokenInvalid
from moonraker_netqueue.peers.frames import unpack_map
from moonraker_netqueue.peers.host_key import HostKey
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.peers.pairing import new_token, parse_token
from moonraker_netqueue.peers.record import Word, unpack_record, write_record
from moonraker_netqueue.replica.errors import RequestRefused, WireInvalid
from moonraker_netqueue.replica.gone_over import GoneOver
from moonraker_netqueue.replica.greeting import Hello, parse_hello
from moonraker_netqueue.replica.lives import parse_doubt, parse_seen
from moonraker_netqueue.replica.submission import parse_answer
from moonraker_netqueue.replica.welcome import parse_welcome
from tests.fuzz.decoder import Decoder, as_text
from tests.model.talk import ANNA, BERT, busy

_QUEUE, _GROUP, _LIFE, _END = "demo", "group-0001", "life-0001", (3, 17)
_PNG = (
    b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + struct.pack(">II", 300, 200) + bytes(9)
)
_JPEG = b"\xff\xd8\xff\xe0\0\x04xx\xff\xc0\0\x11\x08" + struct.pack(">HH", 9, 7)
_BOUNDARY = "netqueue"


def _made() -> tuple[bytes, str]:
    """A record of a member, and what a signature of its host looks like."""
    with tempfile.TemporaryDirectory() as folder:
        identity = load_or_create(Path(folder), MachineDisk())
    one = identity.certificate
    record = write_record(identity, _QUEUE, Word.ADMIT, 1, one, "mk4")
    return record.pack(), f"{identity.host_id} {HostKey(identity).sign(b'said')}"


_RECORD, _SIGNATURE = _made()


def _packed(*maps: object) -> tuple[bytes, ...]:
    return tuple(map(msgpack.packb, maps))


def _member_record(data: bytes) -> None:
    record = unpack_record(data)
    record.is_signed_by(record.certificate)


def _signature(data: bytes) -> bool:
    host_id, _, signature = as_text(data).partition(" ")
    return HostKey.is_signed(cast(HostKey, None), host_id, b"said", signature)


def _told(data: bytes) -> None:
    """What hosts of a queue tell each other at the beginning."""
    form = unpack_map(data)
    for read in (parse_hello, parse_seen, parse_doubt, parse_welcome, parse_answer):
        with contextlib.suppress(WireInvalid, RequestRefused):
            read(form)


_GONE = GoneOver(
    _GROUP, _LIFE, "conf-0001", ((ANNA, _LIFE), (BERT, "")), "group-2", _END
)
_HELLO = Hello(
    _GROUP, 2, True, (ANNA, BERT), ANNA, 9, "mk4", _LIFE, gone=(_GONE,), boots=3,
    nonce="nonce-01", starts=("nonce-01",), ancestors=("group-00",),
)  # fmt: skip


class _Agent:
    """A printer that takes what is checked already."""

    async def bed_clear(self, by: str) -> None:
        by.encode()

    async def change(self, changes: dict[str, Any]) -> None:
        repr(changes)

    async def cancel(self, print_id: str, by: str) -> None:
        f"{print_id} {by}".encode()

    release = cancel

    def view(self) -> dict[str, Any]:
        return {}


def _endpoints() -> Endpoints:
    queue = SimpleNamespace(name=_QUEUE, state=busy().state)

    async def caught_up() -> None:
        return

    host: Any = SimpleNamespace(
        host_id=BERT, agent=_Agent(), queues={_QUEUE: queue}, caught_up=caught_up,
        files=SimpleNamespace(item=None), cameras=list,
        queue=lambda arguments: Host.queue(host, arguments),
    )  # fmt: skip
    return Endpoints(host, cast(Serving, None))


_ENDPOINTS = _endpoints()


def _passed_on(data: bytes) -> None:
    """A call that a member passes on; nothing in it waits, so no loop is needed."""
    answering = _ENDPOINTS.answer_peer(_QUEUE, ANNA, unpack_map(data))
    with contextlib.suppress(StopIteration):
        answering.send(None)


def _calls() -> tuple[bytes, ...]:
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("bed_clear", {"by": "anna"}),
        ("camera", {"queue": _QUEUE}),
        ("print", {"print_id": "print-02", "action": "cancel", "by": "anna"}),
        ("printer", {"printer_id": BERT, "accept": True, "grams_left": 70.5}),
        ("printer", {"materials": ["PLA"], "manual_effort_cost": 3, "hours": []}),
    )
    return _packed(*({"endpoint": name, "arguments": words} for name, words in calls))


def _answer(data: bytes) -> None:
    _owners_answer(unpack_map(data), "mk4")


def _details(data: bytes) -> None:
    answer = unpack_map(data)
    if isinstance(metadata := answer.get("metadata"), dict):
        _is_harmless(metadata)
    if isinstance(picture := answer.get("picture"), bytes):
        _harmless_picture(picture)


class _NoFile(IncomingFile):
    """A file of which only the bytes count."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), MachineDisk())

    def open(self) -> None:
        self._begun = True


def _upload(data: bytes) -> None:
    kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    form = UploadForm(kind, _NoFile(), ("path", "print"), str.encode)
    form.feed(data[:100])
    form.feed(data[100:])
    form.filename().encode()
    form.values()


def _forms() -> tuple[bytes, ...]:
    begin, head = f"--{_BOUNDARY}\r\n", "Content-Disposition: form-data; name="
    field = f'{begin}{head}"path"\r\n\r\na/b\r\n'
    name = '"file"; filename="pärt%22.gcode"\r\nContent-Type: text/plain'
    file = f"{begin}{head}{name}\r\n\r\nG28\n\r\n"
    return tuple(f"{one}--{_BOUNDARY}--\r\n".encode() for one in (field + file, file))


LINKS: dict[str, Decoder] = {
    "member_records": Decoder(_member_record, (_RECORD,), (FrameInvalid,)),
    "signatures": Decoder(_signature, (_SIGNATURE.encode(),), ()),
    "told": Decoder(
        _told,
        _packed(
            {"t": "hello", **_HELLO.form()},
            {"t": "lives", "seen": [[ANNA, 3, "nonce-01"]]},
            {"t": "doubt", "boots": 3, "why": "it is an old copy"},
            {"group": _GROUP, "generation": 1, "following": 2, "voters": [ANNA]},
            {"rule": "conflict", "reason": "it changed", "ref": "job-0001", "index": 4},
        ),
        (FrameInvalid,),
    ),
    "passed_on": Decoder(_passed_on, _calls(), (FrameInvalid,)),
    "owners_answers": Decoder(
        _answer,
        _packed({"result": {"printer": {"materials": []}}, "status": None}),
        (FrameInvalid, ApiError),
    ),
    "file_details": Decoder(
        _details,
        _packed(
            {"metadata": {"size": 5, "estimated_time": 1.5}, "picture": _PNG},
            {"metadata": {"filament_type": "PLA"}, "picture": _JPEG},
        ),
        (FrameInvalid,),
    ),
    "ranges": Decoder(
        lambda data: parse_range(as_text(data)), (b"bytes=0-4194303",), (HTTPError,)
    ),
    "tokens": Decoder(
        lambda data: parse_token(as_text(data)),
        (str(new_token(ANNA, bytes(16))).encode(),),
        (TokenInvalid,),
    ),
    # Strange heads of parts take the library, which Moonraker uses too, long.
    "uploads": Decoder(_upload, _forms(), (ApiError,), heavy=True),
}
