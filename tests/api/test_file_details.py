"""Details of files that peers tell: only small metadata and pictures are taken."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from moonraker_netqueue.api.file_details import THUMBNAIL_FOLDER, FileDetails
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.queue import ServedQueue
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model.content import Content, FileRef
from moonraker_netqueue.model.job import Item, ItemSpec, Job, Requirements, Wishes
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.peers.errors import LinkError
from moonraker_netqueue.ports import Worker


def png(width: int, height: int) -> bytes:
    """What the first bytes of a picture say."""
    sides = struct.pack(">I4sII", 13, b"IHDR", width, height)
    return b"\x89PNG\r\n\x1a\n" + sides + b"x" * 20


def jpeg(width: int, height: int) -> bytes:
    """The same, behind a comment."""
    sides = struct.pack(">HHBHH", 0xFFC2, 17, 8, height, width)
    return b"\xff\xd8\xff\xfe\x00\x05abc" + sides + b"x" * 20


PNG = png(16, 16)
SHA = "ab" * 32
FILE = FileRef("0" * 32, SHA, 100, "lid.gcode")


class Inline:
    """A worker that works at once."""

    async def run(self, function: Any, *arguments: Any) -> Any:
        return function(*arguments)


class Answers:
    """Links whose peers answer what the test says; an exception is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def request(self, _queue: str, peer: str, *_: Any) -> Any:
        self.asked.append(peer)
        answer = self._answers[peer]
        if isinstance(answer, Exception):
            raise answer
        return answer


def details(folder: Path, answers: dict[str, Any]) -> tuple[FileDetails, Answers]:
    """A host whose queue has box/lid.gcode, which the hosts in `answers` hold."""
    state = QueueState()
    item = Item(ItemSpec("box/lid.gcode", 1, (FILE,)))
    job = Job("job-0001", "a", 1, 0.0, "h", Wishes("lid"), Requirements(), (item,))
    state.jobs["job-0001"] = job
    state.contents[SHA] = Content(SHA, 100, "0" * 32, "lid.gcode", tuple(answers))
    links = Answers(answers)
    host = SimpleNamespace(
        host_id="here",
        links=links,
        queues={"q": SimpleNamespace(name="q", state=state)},
    )
    made = FileDetails(
        cast(Host, host), folder, lambda _: {}, MachineDisk(), cast(Worker, Inline())
    )
    return made, links


def answer(**image: Any) -> dict[str, Any]:
    """What a peer says, with one picture."""
    picture = {"width": 99, "height": 99, "data": PNG} | image
    return {"metadata": {"estimated_time": 60}, "thumbnails": [picture]}


@pytest.mark.asyncio
async def test_the_first_holder_that_knows_is_asked_once(tmp_path: Path) -> None:
    """One that is off or knows nothing is passed over; the answer is remembered."""
    peers = {"a": LinkError("off"), "b": {}, "here": answer(), "c": answer()}
    found, links = details(tmp_path, peers)
    for _ in range(2):
        metadata = await found.find("box/lid.gcode")
        assert metadata is not None
        assert metadata["estimated_time"] == 60
        assert (metadata["filename"], metadata["size"]) == ("box/lid.gcode", 100)
        (thumbnail,) = metadata["thumbnails"]
        place = tmp_path / "box" / thumbnail["relative_path"]
        assert place.resolve().read_bytes() == PNG
    assert links.asked == ["a", "b", "c"]
    assert await found.find("other.gcode") is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "image",
    [
        {"data": b"<script>alert(1)</script>"},
        {"data": "text"},
        {"data": PNG + b"x" * (512 << 10)},
        {"data": png(65_535, 65_535)},
        {"data": png(0, 16)},
        {"data": jpeg(65_535, 16)},
        {"data": PNG[:20]},
        {"data": b"\xff\xd8\xff"},
        {"data": b"\xff\xd8" + b"\xff\xd0" * 10},
        {"data": b"\xff\xd8" + b"\xff\xe0\x00\x00" * 10},
        {"data": None},
    ],
)
async def test_what_is_no_picture_is_not_served(
    tmp_path: Path, image: dict[str, Any]
) -> None:
    """It would be served under this host's name."""
    found, _ = details(tmp_path, {"a": answer(**image)})
    metadata = await found.find("box/lid.gcode")
    assert metadata is not None
    assert metadata["thumbnails"] == []
    assert not (tmp_path / THUMBNAIL_FOLDER).exists()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "metadata",
    [None, [], {"x": float("nan")}, {"x": "y" * 70_000}, {1: {2: b"bytes"}}, {}],
)
async def test_metadata_that_is_none_is_passed_over(
    tmp_path: Path, metadata: Any
) -> None:
    """Another holder may know better."""
    bad = {"metadata": metadata, "thumbnails": "?"}
    found, _ = details(tmp_path, {"a": bad, "b": answer()})
    known = await found.find("box/lid.gcode")
    assert known is not None
    assert known["estimated_time"] == 60


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("data", "name"),
    [(png(300, 200), "300x200.png"), (jpeg(300, 200), "300x200.jpg")],
)
async def test_the_sides_are_those_of_the_picture(
    tmp_path: Path, data: bytes, name: str
) -> None:
    """What the peer says of them names no file, and may be a lie."""
    lie = {"width": "../../x", "height": 10**9, "data": data}
    found, _ = details(tmp_path, {"a": answer(**lie)})
    metadata = await found.find("box/lid.gcode")
    assert metadata is not None
    (thumbnail,) = metadata["thumbnails"]
    assert (thumbnail["width"], thumbnail["height"]) == (300, 200)
    assert thumbnail["relative_path"].endswith(f"/{SHA[:32]}-{name}")


@pytest.mark.asyncio
async def test_a_member_is_told_of_files_of_its_queue_only(tmp_path: Path) -> None:
    """R13: the other queue of this host has a file, too."""
    found, _ = details(tmp_path, {"here": {}})
    found._metadata = lambda _: {"size": 100, "estimated_time": 60}
    ours = found._host.queues["q"]
    other = cast(ServedQueue, SimpleNamespace(name="p", state=QueueState()))
    asked = {"sha256": SHA}
    assert (await found.answer_peer(ours, "peer", asked))["metadata"]
    assert await found.answer_peer(other, "peer", asked) == {}


@pytest.mark.asyncio
async def test_pictures_of_files_that_are_gone_are_deleted(tmp_path: Path) -> None:
    """The folder does not grow with the farm's history."""
    folder = tmp_path / THUMBNAIL_FOLDER
    folder.mkdir()
    (folder / f"{'cd' * 16}-16x16.png").write_bytes(PNG)
    found, _ = details(tmp_path, {"a": answer()})
    await found.find("box/lid.gcode")
    assert [path.name for path in folder.iterdir()] == [f"{SHA[:32]}-16x16.png"]
