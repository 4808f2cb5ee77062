"""Everything that reads bytes of others, with examples of what it should read."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack

from moonraker_netqueue import config
from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.periods import read_periods
from moonraker_netqueue.api.settings import read_change
from moonraker_netqueue.api.sliced import item_of
from moonraker_netqueue.cli import manifest
from moonraker_netqueue.cli.errors import ArchiveBad
from moonraker_netqueue.discovery import record
from moonraker_netqueue.discovery.errors import RecordInvalid
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model import command
from moonraker_netqueue.model.codec import dumps, from_plain, loads, to_plain
from moonraker_netqueue.model.errors import CommandInvalid, Rejected
from moonraker_netqueue.peers import admission_request, frames
from moonraker_netqueue.peers.errors import FrameInvalid
from moonraker_netqueue.peers.identity import (
    Identity,
    is_host_certificate,
    load_or_create,
)
from moonraker_netqueue.peers.record import Word, write_record
from moonraker_netqueue.printer.printer_port import Mark
from moonraker_netqueue.printer.record import Bed, BedState, Intent, Record
from moonraker_netqueue.replica import entry, snapshot, wire
from moonraker_netqueue.replica.errors import (
    SnapshotInvalid,
    SnapshotTooNew,
    WireInvalid,
)
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.sim.scenario import read_scenario
from tests.fuzz.commands import COMMANDS, QUEUE
from tests.fuzz.decoder import Decoder, NoJson, as_json, as_text, json_value
from tests.fuzz.disks import DISKS
from tests.fuzz.links import LINKS
from tests.model.talk import ANNA, busy, file

_ROOT = Path(__file__).parents[2]


def _apply(data: bytes) -> None:
    """What can be read is applied; a rule may reject it, nothing may break."""
    state = QUEUE.state.copied()
    state.apply(command.decode(as_text(data)), 100)
    state.canonical()


def _raft_message(data: bytes) -> None:
    for one in wire.decode(frames.unpack_map(data)).get("entries", ()):
        entry.unpack(one.data)


def _raft_messages() -> tuple[bytes, ...]:
    log = entry.Kind.COMMAND
    entries = [[5, 2, entry.Kind.NOOP.value, ""]] + [
        [n, 2, log.value, text.decode()] for n, text in enumerate(COMMANDS[:3], 6)
    ]
    append = {
        "type": "append_entries",
        "term": 2,
        "commit_index": 5,
        "prevLogIdx": 4,
        "prevLogTerm": 1,
        "entries": entries,
    }
    vote = {
        "type": "request_vote",
        "term": 3,
        "last_log_index": 7,
        "last_log_term": 2,
    }
    ack = {
        "type": "next_node_idx",
        "term": 2,
        "next_node_idx": 8,
        "success": True,
        "reset": False,
    }
    return tuple(map(msgpack.packb, (append, vote, ack)))


def _snapshots() -> tuple[bytes, ...]:
    return (snapshot.write(busy().state, 30, 2, {ANNA: "one"}, (4, 1))[1].encode(),)


def _arguments(data: bytes) -> None:
    """Every reader of an argument meets the value that was sent."""
    plain = json_value(data)
    values = plain if isinstance(plain, dict) else {"value": plain}
    for name, read in itertools.product(values, _READERS):
        with contextlib.suppress(ApiError):
            read(Arguments(values), name)
    change = Arguments(values)
    read_change(change)
    change.finish()


_READERS: tuple[Callable[[Arguments, str], object], ...] = (
    Arguments.text,
    Arguments.optional_text,
    Arguments.integer,
    Arguments.optional_integer,
    Arguments.optional_number,
    Arguments.boolean,
    Arguments.words,
    Arguments.integers,
    lambda arguments, name: arguments.sides(name, None),
    Arguments.numbers,
    Arguments.lines,
    Arguments.objects,
    read_periods,
)


def _config(data: bytes) -> None:
    lines = (line.partition(":") for line in as_text(data).splitlines())
    options = {name.strip(): value for name, _, value in lines}
    config.parse(options, {}, "printer")


def _announcement(data: bytes) -> None:
    fields = dict(line.partition(b"=")[::2] for line in data.split(b"\n"))
    instance = record.instance_name(ANNA)
    record.parse(instance, fields, ["192.168.7.4", as_text(data[:20])], 6700, False)


def _metadata(data: bytes) -> None:
    plain = json_value(data)
    if isinstance(plain, dict):
        item_of("part", file(), plain).check()


def _printer_record(data: bytes) -> None:
    """A record whose checksum fits: only its content is wrong."""
    from_plain(Record, loads(as_text(data)))


def _printer_records() -> tuple[bytes, ...]:
    intent = Intent(
        queue="workshop",
        print_id="print-01",
        job_id="job-0001",
        item=0,
        sha256="1" * 64,
        filename="part.gcode",
        at=1.5,
        before=Mark(),
        history_seen=3,
        consumed=None,
    )
    record = Record(Bed(BedState.OCCUPIED, "a print"), (intent,))
    return (dumps(to_plain(record)).encode(),)


def _yaml_files(*patterns: str) -> tuple[bytes, ...]:
    return tuple(
        path.read_bytes()
        for pattern in patterns
        for path in sorted((_ROOT / "testdata").glob(pattern))
    )


_FRAMES: tuple[frames.Frame, ...] = (
    frames.Hello("name", b"n" * 16, 6700, {"demo": True, "other": False}),
    frames.Keepalive(),
    frames.OneWay("demo", {"a": [1, b"x", None, 0.5]}),
    frames.Request("demo", 7, "method", {"command": "{}"}),
    frames.Reply(7, {"r": 1}),
    frames.Refusal(7, "because"),
)
_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {"title": "a, b", "start_spacing_s": "30", "strategy": "fifo"},
    {"weights": '{"change_minutes": 15, "late": null}', "shares": "{}"},
    {"title": "Workshop", "weights": {"clear": 15}, "shares": {"anna": 2}},
    {"operator": [{"days": [0], "start": "08:00", "duration": 600, "tz": "UTC"}]},
    {"operator": [{"days": "0,4", "start": "08:00", "duration": 60, "tz": "CET"}]},
)
_CONFIG = b"""queues: workshop, school
name: Voron
port: 6700
bind: 0.0.0.0
peers: 192.168.7.4, mk4.lan:6701
nozzle: 0.4
volume: 250 x 210 x 200
materials: PLA, PETG black
clear_bed: macro
clear_macro: CLEAR
clear_timeout: 600
manual_effort_cost: 5
disk_budget: 2048
seat_ttl: 900
entries: card, sidebar
hot_folder: no
job_queue: school
discovery_interface: 192.168.7.5
admission: token
token: nq-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
"""
_EXPORT = {
    "format": manifest.FORMAT,
    "version": manifest.VERSION,
    "export_id": "0123-4567-89ab",
    "queue": "workshop",
    "exported": 1.5,
    "jobs": [
        {
            **dict.fromkeys(("name", "note", "owner"), "part"),
            **dict.fromkeys(("priority", "due", "max_attempts"), 1),
            "job_id": "job-0001",
            "hold": False,
            "keep_together": False,
            "tags": [],
            "models": [],
            "items": [
                {
                    "name": "part.gcode",
                    "count": 2,
                    "files": [
                        {
                            "sha256": "1" * 64,
                            "size": 1000,
                            "name": "part.gcode",
                            "models": [],
                        }
                    ],
                }
            ],
        }
    ],
    "contents": {"1" * 64: 1000},
}
_METADATA = {
    "estimated_time": 3600.5,
    "object_height": 20,
    "filament_type": "PLA;PETG",
    "nozzle_diameter": 0.4,
    "filament_weight_total": 12.5,
}


def _identity() -> Identity:
    with tempfile.TemporaryDirectory() as folder:
        return load_or_create(Path(folder), MachineDisk())


_NEWCOMER = _identity()
_RECORD = write_record(
    _NEWCOMER, "demo", Word.ADMIT, 1, _NEWCOMER.certificate, "printer"
)
_INTRODUCTIONS: tuple[frames.Frame, ...] = (
    frames.Records("demo", (_RECORD,)),
    frames.Asking(
        "demo", (frames.Asker(_NEWCOMER.certificate, "mk4", "123456"),), (ANNA,)
    ),
)

DECODERS: dict[str, Decoder] = {
    **LINKS,
    **DISKS,
    "frames": Decoder(
        frames.decode,
        tuple(map(frames.encode, (*_FRAMES, *_INTRODUCTIONS))),
        (FrameInvalid,),
    ),
    "raft_messages": Decoder(
        _raft_message, _raft_messages(), (FrameInvalid, WireInvalid)
    ),
    "admission_requests": Decoder(
        lambda data: admission_request.unpack_request(data, ANNA),
        (
            admission_request.pack_request(_NEWCOMER, "printer", ("demo",), ANNA),
            admission_request.pack_request(
                _NEWCOMER,
                "printer",
                ("demo",),
                ANNA,
                commitment=b"c" * 32,
                nonce=b"n" * 32,
                proofs={"demo": b"p" * 32},
                records=(_RECORD,),
                new_in=("demo",),
            ),
        ),
        (FrameInvalid,),
    ),
    "certificates": Decoder(is_host_certificate, (_NEWCOMER.certificate,), ()),
    "admission_answers": Decoder(
        admission_request.unpack_answer,
        (
            msgpack.packb({"name": "printer", "queues": {"demo": "admitted"}}),
            admission_request.pack_answer(
                admission_request.Answer(
                    "printer",
                    {"demo": admission_request.Verdict.PENDING},
                    b"c" * 32,
                    (_RECORD,),
                    frozenset({"demo"}),
                )
            ),
        ),
        (FrameInvalid,),
    ),
    "announcements": Decoder(
        _announcement,
        (f"id={ANNA}\nv=1\nname=Voron\nqueues=demo,workshop".encode(),),
        (RecordInvalid,),
    ),
    "commands": Decoder(_apply, COMMANDS, (CommandInvalid, Rejected)),
    "snapshots": Decoder(
        lambda data: snapshot.read(as_text(data)),
        _snapshots(),
        (SnapshotInvalid, SnapshotTooNew),
        heavy=True,
    ),
    "http_arguments": Decoder(_arguments, as_json(*_ARGUMENTS), (ApiError, NoJson)),
    "config": Decoder(_config, (_CONFIG,), (config.ConfigInvalid,)),
    "gcode_metadata": Decoder(_metadata, as_json(_METADATA), (Rejected, NoJson)),
    "printer_records": Decoder(
        _printer_record, _printer_records(), (CommandInvalid, ValueError)
    ),
    "exports": Decoder(manifest.from_json, as_json(_EXPORT), (ArchiveBad,)),
    "schedules": Decoder(
        lambda data: read_instance(as_text(data), "schedule.yaml"),
        _yaml_files("schedule[1-4].yaml", "workshop.yaml"),
        (ProblemError,),
        heavy=True,
    ),
    "scenarios": Decoder(
        lambda data: read_scenario(as_text(data), "scenario.yaml"),
        _yaml_files("scenario[12].yaml"),
        (ProblemError,),
        heavy=True,
    ),
}
