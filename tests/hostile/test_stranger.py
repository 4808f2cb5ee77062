"""A stranger's laptop in the network of a workshop of real printers: what it gets."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.iostream import StreamClosedError

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    JobRemove,
    MemberSet,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.peers import newcomers
from moonraker_netqueue.peers.admission_request import Verdict
from moonraker_netqueue.peers.errors import ExchangeFailed
from moonraker_netqueue.peers.host_key import HostKey
from moonraker_netqueue.peers.newcomers import MOST_SHOWN
from moonraker_netqueue.peers.pairing import NONCE_BYTES, code, commitment, parse_token
from moonraker_netqueue.peers.record import Record, Word, write_record
from moonraker_netqueue.peers.server import UPGRADE
from moonraker_netqueue.replica.signatures import Signatures
from tests.cli.desks import Desk
from tests.component.slicer import GCODE, Slicer
from tests.component.test_component import ROOT, refused, wait
from tests.hostile.shop import QUEUE, SECRET, Host, Laptop, Shop, let_in, shop_of

pytestmark = pytest.mark.timeout(600)
HIDDEN = GCODE + b"; nobody else may have this\n"
SHARED, SECRETS = (hashlib.sha256(text).hexdigest() for text in (GCODE, HIDDEN))
LINK = f"GET /netqueue/link\nConnection: Upgrade\nUpgrade: {UPGRADE}"
LONG = b"G28\n" + b"G4 P250\n" * 400
RANGE = "Range: bytes=0-9"
CUT = (ExchangeFailed, StreamClosedError)
_GROWTH_MAX = 60 << 10  # KiB
_MINUTE = 60.0  # seconds, of which each allows so many codes


@pytest.fixture(scope="module")
def shop(printers_folder: Path) -> Iterator[Shop]:
    with shop_of(printers_folder) as shop:
        Slicer(shop.first.printer, f"{ROOT}/slicer/{SECRET}").send("h.gcode", HIDDEN)
        job = {"queue": SECRET, "filename": "h.gcode", "name": "hidden"}
        shop.first.post("job", job)
        yield shop


@pytest.fixture
def untouched(shop: Shop) -> Iterator[Shop]:
    """Nothing is another one after the attack, and both printers go on."""
    before = shop.state()
    yield shop
    shop.goes_on()
    wait(lambda: shop.state() == before)


def number(laptop: Laptop, sequence: int) -> CommandId:
    return CommandId(laptop.host_id, 1, sequence)


def test_who_was_not_let_in_gets_no_further_than_asking(
    untouched: Shop, tmp_path: Path
) -> None:
    """With a key of its own it is refused in the handshake; without one each call but
    that of newcomers is. The log names where that came from."""
    laptop = Laptop(tmp_path)

    async def knock(host: Host) -> list[int]:
        certificate = host.identity.certificate
        paths = ("link", f"content/{QUEUE}/{SHARED}", "admission")
        for path in paths:
            with pytest.raises(CUT):
                await laptop.get(host.port, certificate, f"/netqueue/{path}", RANGE)
        heads = (
            *(LINK, f"GET /netqueue/content/{QUEUE}/{SHARED}\n{RANGE}"),
            *("GET /", f"GET {ROOT}/status", "GET /netqueue/admission"),
            *("GET /netqueue/content/%2e%2e/identity.pem", "POST /netqueue/link"),
        )
        told = [await laptop.status_of(host, head) for head in heads]
        told.append(await laptop.status_of(host, "POST /netqueue/admission", b"\x80"))
        return told

    for host in untouched.hosts:
        assert laptop.play(knock(host)) == [403, 403, 404, 404, 405, 403, 405, 400]
        assert laptop._address in host.log()


def test_a_token_is_worth_nothing_but_once_where_it_was_made(
    untouched: Shop, tmp_path: Path
) -> None:
    """Not in another queue, at another host, with another certificate, used, or too
    late. Nobody is asked, and nothing of it is shown."""
    first, second = untouched.hosts
    own, other = Laptop(tmp_path / "own"), Laptop(tmp_path / "other")
    made = first.post("token", {"queue": SECRET, "seconds": 3600})["token"]
    late = first.post("token", {"queue": SECRET, "seconds": 1})["token"]

    def shown(token: str, host: Host, asker: Laptop, queue: str = SECRET) -> bytes:
        server = host.identity.host_id
        return parse_token(token).proof(queue, asker.host_id, server)

    def verdict(
        laptop: Laptop, host: Host, proof: bytes, queue: str = SECRET
    ) -> Verdict:
        asked = laptop.asks(host, queue, proofs={queue: proof})
        return laptop.play(asked).verdicts[queue]

    time.sleep(1.5)  # a slower machine makes it only later
    proof = shown(made, first, own)
    assert verdict(own, first, shown(made, first, own, QUEUE), QUEUE) is Verdict.REFUSED
    assert verdict(own, second, shown(made, second, own)) is Verdict.REFUSED
    assert verdict(other, first, proof) is Verdict.REFUSED  # as it was overheard
    assert verdict(own, first, shown(late, first, own)) is Verdict.REFUSED
    assert verdict(own, first, proof) is Verdict.ADMITTED
    assert verdict(other, first, shown(made, first, other)) is Verdict.REFUSED
    assert own.host_id in str(first.get("members", SECRET))
    assert other.host_id not in str(first.get("members", SECRET))
    first.forget(own.host_id, SECRET)
    assert verdict(own, first, proof) is Verdict.REFUSED
    told = [
        f"laptop ({own.host_id[:8]}) is {word}" for word in ("admitted", "forgotten")
    ]
    assert [word for word in told if word not in first.log()] == []


def test_the_six_digits_cannot_be_searched(untouched: Shop, tmp_path: Path) -> None:
    """A nonce that fits better is not the one committed to, and is not shown; of new
    commitments an address has few a minute, and none is left of a refused host."""
    host = untouched.first
    laptop, server = Laptop(tmp_path, "127.0.0.11"), host.identity.host_id
    nonce, better = b"n" * NONCE_BYTES, b"m" * NONCE_BYTES
    said = commitment(laptop.host_id, server, nonce)

    async def begin() -> bytes:
        answer = await laptop.asks(host, QUEUE, commitment=said)
        await laptop.asks(host, QUEUE, commitment=said, nonce=better)
        return answer.challenge

    began = time.monotonic()
    challenge = laptop.play(begin())
    assert host.requests() == []
    opened = laptop.play(laptop.asks(host, QUEUE, commitment=said, nonce=nonce))
    assert opened.challenge == challenge
    (row,) = host.requests()
    assert row["code"] == code(laptop.host_id, server, nonce, challenge)
    wait(lambda: [r["code"] for r in untouched.second.requests()] == [row["code"]])

    async def search() -> int:
        tries = [
            await laptop.shows_itself(host, bytes([n]) * NONCE_BYTES) for n in range(12)
        ]
        return sum(bool(answer) for answer in tries)

    found = laptop.play(search())
    minutes = 1 + (time.monotonic() - began) // _MINUTE
    assert 0 < found + 1 <= newcomers._MOST_A_MINUTE * minutes
    wrong = {"host_id": laptop.host_id, "action": "approve", "code": row["code"]}
    shown = [one["code"] for one in host.requests()]
    assert shown != [row["code"]]  # who begins anew is shown with another code
    assert refused(host.printer, "POST", "member", {**wrong, "queue": QUEUE})[0] == 409
    host.post("member", {"host_id": laptop.host_id, "action": "reject"})
    wait(lambda: not any(one.requests() for one in untouched.hosts))
    answer = laptop.play(laptop.asks(host, QUEUE, commitment=said))
    assert answer.verdicts == {QUEUE: Verdict.REFUSED}


def signed(laptop: Laptop, group: str, sequence: int, body: Body) -> str:
    """A command of its own, as it should be."""
    signatures = Signatures(QUEUE, laptop.host_id, HostKey(laptop.identity))
    command = Command(number(laptop, sequence), time.time(), body)
    return encode(signatures.signed(command, group))


def test_a_viewer_only_reads_and_once_forgotten_not_even_that(
    untouched: Shop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By what it says itself, in another's name, by requests and records; then with
    the certificate and the records that once let it in."""
    first, second = untouched.hosts
    laptop = Laptop(tmp_path, "127.0.0.12")
    laptop.play(laptop.shows_itself(first))
    let_in(first, laptop.host_id)
    role = {"host_id": laptop.host_id, "action": "role", "role": "viewer"}
    first.post("member", role)
    wait(lambda: all(_is_viewer(laptop, host) for host in untouched.hosts))
    admitted = laptop.play(laptop.asks(first, QUEUE)).records
    group = first.status()["group"]
    (job_id,) = [job["job_id"] for job in first.get("jobs")["jobs"]]
    own_role = MemberSet(laptop.host_id, MemberRole.PRINTER)
    bodies: tuple[Body, ...] = (QueuePause(False), JobRemove(job_id), own_role)
    victim = second.identity

    async def try_all(host: Host) -> list[str]:
        certificate = host.identity.certificate
        hidden = f"/netqueue/content/{SECRET}/{SECRETS}"
        with pytest.raises(ExchangeFailed, match="not a member of that queue"):
            await laptop.get(host.port, certificate, hidden, RANGE)
        link = await laptop.link(host.port, certificate, {QUEUE: True, SECRET: True})
        forged = write_record(
            laptop.identity, QUEUE, Word.FORGET, 1, victim.certificate, "south"
        )
        await link.send({"t": "records", "q": QUEUE, "r": [forged.pack()]})
        texts = [signed(laptop, group, n, body) for n, body in enumerate(bodies, 1)]
        another = Command(CommandId(victim.host_id, 1, 1 << 30), 1.0, QueuePause(False))
        texts.append(encode(another))
        told = [
            await link.ask(QUEUE, "submit", {"g": group, "command": text})
            for text in texts
        ]
        asked = {"g": group, "host": victim.host_id, "without": []}
        return told + [
            await link.ask(QUEUE, method, asked)
            for method in ("unseat", "rules", "copy")
        ]

    shared = f"/netqueue/content/{QUEUE}/{SHARED}"
    laptop.play(laptop.get(first.port, first.identity.certificate, shared, RANGE))

    def is_refused(told: str) -> bool:
        words = ("viewer", "its own commands only", "leader", "role")
        return any(word in told for word in words)

    told = [text for host in untouched.hosts for text in laptop.play(try_all(host))]
    assert [text for text in told if not is_refused(text)] == []
    assert any("is a viewer of this queue" in text for text in told)  # who leads
    assert victim.host_id in first.members()
    words = ("forget", "north", "--queue", QUEUE)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    typed = Desk(second.printer, capsys, tmp_path).type(*words)
    assert "was let in by north alone, and stays" in typed.err, typed
    assert first.identity.host_id in second.members()  # nobody said yes
    first.forget(laptop.host_id)
    wait(lambda: all(laptop.host_id not in h.members() for h in untouched.hosts))
    for host in untouched.hosts:
        laptop.play(_is_out(laptop, host, admitted))


def _is_viewer(laptop: Laptop, host: Host) -> bool:
    return host.members().get(laptop.host_id) == "viewer"


async def _is_out(laptop: Laptop, host: Host, records: tuple[Record, ...]) -> None:
    own = write_record(
        laptop.identity, QUEUE, Word.ADMIT, 2, laptop.identity.certificate, "laptop"
    )
    for said in (records, (own,)):
        answer = await laptop.asks(host, QUEUE, records=said)
        assert answer.verdicts == {QUEUE: Verdict.REFUSED}
    for path in ("link", f"content/{QUEUE}/{SHARED}"):
        with pytest.raises(CUT):
            await laptop.get(
                host.port, host.identity.certificate, f"/netqueue/{path}", RANGE
            )


def test_a_flood_of_newcomers_is_bounded(untouched: Shop, tmp_path: Path) -> None:
    """Many keys from several addresses: few are shown, the rest costs nothing that
    lasts; people and members are answered meanwhile, and a token still lets in."""
    host = untouched.first
    token = host.post("token", {"queue": SECRET, "seconds": 3600})["token"]
    before, lines = host.memory(), host.log().count("\n")
    crowd = [
        Laptop(tmp_path / f"laptop{n}", f"127.0.0.{20 + n % 4}") for n in range(16)
    ]

    async def flood(laptop: Laptop) -> set[int]:
        await laptop.shows_itself(host)
        bodies = (b"\x80", b"x" * (60 << 10), laptop.request(host, "another"))
        path = "POST /netqueue/admission"
        return {await laptop.status_of(host, path, body) for body in bodies * 3}

    for laptop in crowd:
        assert laptop.play(flood(laptop)) <= {200, 400, 429}
        assert len(host.requests()) <= MOST_SHOWN
        wait(lambda: host.status()["quorum"])
    assert host.requests()
    guest = Laptop(tmp_path / "guest", "127.0.0.30")
    server = host.identity.host_id
    proof = parse_token(token).proof(SECRET, guest.host_id, server)
    asked = guest.asks(host, SECRET, proofs={SECRET: proof})
    assert guest.play(asked).verdicts == {SECRET: Verdict.ADMITTED}
    host.forget(guest.host_id, SECRET)
    assert host.memory() - before < _GROWTH_MAX
    assert host.log().count("\n") - lines < 100
    for row in host.requests():  # some may have gone by themselves meanwhile
        no = {"queue": QUEUE, "host_id": row["host_id"], "action": "reject"}
        assert refused(host.printer, "POST", "member", no)[0] in (200, 404)


def test_a_printer_that_is_put_out_while_it_is_off_comes_back_to_nothing(
    shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without a majority a person hears what is done and what is not; the old vote,
    log and certificate of the other one count nowhere when it is on again."""
    first, second = shop.hosts
    desk = Desk(first.printer, capsys, tmp_path)
    first.printer.client.upload("long.gcode", LONG)
    first.post("printer", {"accept": False})
    second.post("bed_clear", {"by": "test"})
    first.delete("job", {"job_id": _job(first, "part")["job_id"]})
    first.post("job", {"filename": "long.gcode", "name": "long"})
    first.post("resume", {})
    wait(lambda: _item(first)["printing"] == 1)
    for process in ("moonraker", "klippy", "mcu"):
        second.printer.kill(process)
    wait(lambda: not first.status()["quorum"])
    # While it leads still, it takes the seat of the other one alone.
    wait(lambda: first.status()["leader"] != first.identity.host_id)
    words = ("--prints", "retry", "--yes", "--anyway", "--queue", QUEUE)
    typed = desk.type("forget", "south", *words)
    told = " ".join(typed.err.split())
    assert typed.code == 4, typed
    for part in ("it is out", "do not repeat it", "netqueue recover"):
        assert part in told
    desk.done("recover", "--yes", "--queue", QUEUE)
    wait(lambda: _item(first)["waiting"] == 1 and not _item(first)["printing"])
    host_id = second.identity.host_id
    wait(lambda: list(first.members()) == [first.identity.host_id])
    group = first.status()["group"]

    second.printer.start()
    second.printer.wait_ready()
    wait(lambda: "the other hosts forgot this one" in str(second.status()["notices"]))
    assert second.status()["group"] != group
    assert list(first.members()) == [first.identity.host_id]
    assert first.status()["group"] == group
    assert (_item(first)["waiting"], _item(first)["extra"]) == (1, 0)
    assert host_id in [one["host_id"] for one in first.get("members")["forgotten"]]
    first.post("job", {"filename": "part.gcode", "name": "after"})
    assert first.job_names() == ["long", "after"]


def _job(host: Host, name: str) -> dict[str, Any]:
    (found,) = [job for job in host.get("jobs")["jobs"] if job["name"] == name]
    return dict(found)


def _item(host: Host) -> dict[str, Any]:
    return dict(_job(host, "long")["items"][0])
