"""The content store on a real disk."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from pathlib import Path

import pytest

from moonraker_netqueue.files.errors import (
    ContentDamaged,
    ContentMissing,
    DiskFull,
    FileChanging,
    FileEmpty,
    FilesError,
    NotGcode,
    StoreUnusable,
)
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import MachineDisk, ThreadWorker

pytestmark = pytest.mark.asyncio

CUBE = b"; a cube\nG28\nG1 X1 Y2\n"


def put(folder: Path, name: str, data: bytes = CUBE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


async def reload(gcodes: Path, worker: ThreadWorker) -> ContentStore:
    store = ContentStore(gcodes, MachineDisk(), worker)
    await store.load()
    return store


async def test_added_file_is_kept_by_its_hash(
    store: ContentStore, gcodes: Path
) -> None:
    """Identity is SHA-256 and size; MD5 is the key of the registry."""
    file = await store.add(put(gcodes, "sub/cube.gcode"))
    sha256 = hashlib.sha256(CUBE).hexdigest()
    assert (file.sha256, file.size, file.name) == (sha256, len(CUBE), "cube.gcode")
    assert file.key == hashlib.md5(CUBE, usedforsecurity=False).hexdigest()
    assert (gcodes / ".netqueue" / sha256).read_bytes() == CUBE
    assert store.entries()[sha256].md5 == file.key


async def test_store_is_a_copy(store: ContentStore, gcodes: Path) -> None:
    """Whoever edits the file in gcodes in place does not write into the store."""
    path = put(gcodes, "cube.gcode")
    file = await store.add(path)
    with path.open("r+b") as opened:
        opened.write(b"; evil")
    out = await store.materialise(file.sha256, "demo", "cube.gcode")
    assert out.read_bytes() == CUBE


@pytest.mark.parametrize("name", ["a.txt", "gcode", "a.gcode.bak"])
async def test_other_files_are_refused(
    store: ContentStore, gcodes: Path, name: str
) -> None:
    """By the name's end."""
    with pytest.raises(NotGcode, match="must end in one of"):
        await store.add(put(gcodes, name))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"G28\n" + b"\0" * 4096, "binary zeros"),
        (b"GCDE\x01\x00\x00\x00", "binary zeros"),
        (b"; only a comment\n\n", "no command"),
        (b"<html><body>Not Found</body></html>", "no command"),
        (b"Once upon a time\nthere was\n", "no command"),
    ],
)
async def test_garbage_is_refused(
    store: ContentStore, gcodes: Path, data: bytes, reason: str
) -> None:
    """Truncated uploads, binary g-code, error pages, texts."""
    with pytest.raises(NotGcode, match=reason):
        await store.add(put(gcodes, "a.gcode", data))
    assert [p.name for p in store.folder.iterdir()] == ["index.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"G28",
        b"g1 x1",
        b"  M104 S200\r\n",
        b"T0\n",
        b"N1 G28\n",
        b"PRINT_START BED=60\n",
        b"PRINT_START ; go\n",
        b"; x\n" * 200_000 + b"G28\n",
        b"; " + b"x" * (256 * 1024 - 3) + b"\nG28\n",
        b"; " + b"x" * (256 * 1024 - 4) + b"\nG28\n",
    ],
)
async def test_gcode_is_taken(store: ContentStore, gcodes: Path, data: bytes) -> None:
    """One command suffices, however long the comments before it are."""
    assert (await store.add(put(gcodes, "a.GCODE", data))).size == len(data)


async def test_empty_and_missing_files_are_named(
    store: ContentStore, gcodes: Path
) -> None:
    """With the remedy."""
    with pytest.raises(FileEmpty, match=r"a\.gcode is empty"):
        await store.add(put(gcodes, "a.gcode", b""))
    with pytest.raises(ContentMissing, match=r"no file b\.gcode on this host"):
        await store.add(gcodes / "b.gcode")
    (gcodes / "c.gcode").mkdir()
    with pytest.raises(NotGcode, match="is a folder"):
        await store.add(gcodes / "c.gcode")


class MeddlingDisk(MachineDisk):
    """Does something with the source while it is copied."""

    def __init__(self, meddle: bytes | OSError) -> None:
        self.meddle = meddle

    def copy(self, source: Path, target: Path) -> None:
        super().copy(source, target)
        if isinstance(self.meddle, OSError):
            raise self.meddle
        source.write_bytes(self.meddle)


async def test_file_changed_while_read_is_noticed(
    gcodes: Path, worker: ThreadWorker
) -> None:
    """Lesson 14: an upload that is still going on, also one of the same size."""
    store = ContentStore(gcodes, MeddlingDisk(b"G1 X9 Y9" + CUBE[8:]), worker)
    await store.load()
    path = put(gcodes, "cube.gcode")
    with pytest.raises(FileChanging, match=r"cube\.gcode was changed"):
        await store.add(path)
    assert not store.has(hashlib.sha256(CUBE).hexdigest())


async def test_full_disk_says_what_is_needed(
    store: ContentStore, gcodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written."""
    monkeypatch.setattr(MachineDisk, "free_bytes", lambda *_: 1000)
    with pytest.raises(DiskFull, match="has 1000 bytes free"):
        await store.add(put(gcodes, "cube.gcode"))


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EROFS, StoreUnusable)]
)
async def test_failing_disk_is_a_clear_error_and_leaves_nothing(
    gcodes: Path, worker: ThreadWorker, number: int, kind: type[FilesError]
) -> None:
    """Full in the middle, read-only, not ours."""
    store = ContentStore(gcodes, MeddlingDisk(OSError(number, "x")), worker)
    await store.load()
    with pytest.raises(kind):
        await store.add(put(gcodes, "cube.gcode"))
    assert [p.name for p in store.folder.iterdir()] == ["index.json"]


async def test_unusable_folder_is_named(gcodes: Path, worker: ThreadWorker) -> None:
    """A file is in the way of the folder."""
    put(gcodes, ".netqueue")
    with pytest.raises(StoreUnusable, match=r"\.netqueue"):
        await reload(gcodes, worker)


async def test_store_outlives_restarts(
    store: ContentStore, gcodes: Path, worker: ThreadWorker
) -> None:
    """Contents and keys are there; what a crash left half done is not."""
    file = await store.add(put(gcodes, "cube.gcode"))
    (store.folder / "7.fresh").write_bytes(b"half")
    part = store.folder / f"{'a' * 64}.part"
    part.write_bytes(b"goes on")
    again = await reload(gcodes, worker)
    assert again.has(file.sha256)
    assert again.entries()[file.sha256].md5 == file.key
    assert not (store.folder / "7.fresh").exists()
    assert part.exists()


@pytest.mark.parametrize("index", [b"", b"[1]", b"{}", b'{"x": 1}', None])
async def test_lost_index_is_made_again(
    store: ContentStore, gcodes: Path, worker: ThreadWorker, index: bytes | None
) -> None:
    """It is only a memory of hashes."""
    file = await store.add(put(gcodes, "cube.gcode"))
    path = store.folder / "index.json"
    if index is None:
        path.unlink()
    else:
        path.write_bytes(index)
    again = await reload(gcodes, worker)
    assert again.entries()[file.sha256].md5 == file.key


async def test_truncated_content_is_not_counted(
    store: ContentStore, gcodes: Path, worker: ThreadWorker
) -> None:
    """A size that does not fit makes it hash again at start."""
    file = await store.add(put(gcodes, "cube.gcode"))
    (store.folder / file.sha256).write_bytes(CUBE[:5])
    assert not (await reload(gcodes, worker)).has(file.sha256)


async def test_materialised_file_is_where_moonraker_finds_it(
    store: ContentStore, gcodes: Path
) -> None:
    """The second time the same file is used, not another copy."""
    file = await store.add(put(gcodes, "sub/cube.gcode"))
    first = await store.materialise(file.sha256, "demo", "cube.gcode")
    inode = first.stat().st_ino
    second = await store.materialise(file.sha256, "demo", "cube.gcode")
    assert first == second == gcodes / "netqueue" / "demo" / "cube.gcode"
    assert second.stat().st_ino == inode


async def test_two_contents_of_one_name_stay_two(
    store: ContentStore, gcodes: Path
) -> None:
    """Lesson 7: same name in two folders; none overwrites the other."""
    a = await store.add(put(gcodes, "a/part.gcode", b"G1 X1\n"))
    b = await store.add(put(gcodes, "b/part.gcode", b"G1 X2\n"))
    markup = await store.materialise(a.sha256, "demo", '<img src="x">.gcode')
    assert markup.name == "(img src='x').gcode"  # Klipper writes it to the console
    path_a = await store.materialise(a.sha256, "demo", "part.gcode")
    path_b = await store.materialise(b.sha256, "demo", "part.gcode")
    again = await store.materialise(b.sha256, "demo", "part.gcode")
    assert path_a.read_bytes() == b"G1 X1\n"
    assert path_b.read_bytes() == b"G1 X2\n"
    assert path_b == again
    assert path_b.name == f"part~{b.sha256[:8]}.gcode"


async def test_edited_copy_is_not_printed(store: ContentStore, gcodes: Path) -> None:
    """Same size, other bytes: only the hash tells. What people wrote stays."""
    file = await store.add(put(gcodes, "cube.gcode"))
    path = await store.materialise(file.sha256, "demo", "cube.gcode")
    edited = CUBE.replace(b"X1", b"X9")
    path.write_bytes(edited)
    again = await store.materialise(file.sha256, "demo", "cube.gcode")
    assert again != path
    assert again.read_bytes() == CUBE
    assert path.read_bytes() == edited


async def test_long_name_still_gets_its_mark(store: ContentStore, gcodes: Path) -> None:
    """A file name has at most 255 bytes."""
    name = "é" * 124 + ".gcode"
    a = await store.add(put(gcodes, "a.gcode", b"G1 X1\n"))
    b = await store.add(put(gcodes, "b.gcode", b"G1 X2\n"))
    await store.materialise(a.sha256, "demo", name)
    path = await store.materialise(b.sha256, "demo", name)
    assert len(path.name.encode()) <= 255
    assert path.name.endswith(f"~{b.sha256[:8]}.gcode")


async def test_content_that_went_bad_is_noticed_and_not_used(
    store: ContentStore, gcodes: Path
) -> None:
    """A bit flipped on the card: the content counts as not here any more."""
    file = await store.add(put(gcodes, "cube.gcode"))
    (store.folder / file.sha256).write_bytes(CUBE.replace(b"X1", b"X9"))
    with pytest.raises(ContentDamaged, match="damaged and not used"):
        await store.materialise(file.sha256, "demo", "cube.gcode")
    assert not store.has(file.sha256)
    assert not (gcodes / "netqueue").exists()


async def test_vanished_content_is_noticed(store: ContentStore, gcodes: Path) -> None:
    """Somebody cleared the folder."""
    file = await store.add(put(gcodes, "cube.gcode"))
    (store.folder / file.sha256).unlink()
    with pytest.raises(ContentDamaged, match="has vanished"):
        await store.materialise(file.sha256, "demo", "cube.gcode")
    with pytest.raises(ContentMissing, match="not on this host"):
        await store.materialise(file.sha256, "demo", "cube.gcode")


@pytest.mark.parametrize(
    ("queue", "name"),
    [
        *(("..", "a.gcode"), ("demo", "../a.gcode"), ("demo", ".."), ("demo", "")),
        *(("demo", "a\0.gcode"), ("demo", 'a"\nM112\n.gcode'), ("demo", "a.ufp")),
        *(("demo", "printer.cfg"), ("demo", "a.zip"), ("demo", "a" * 251 + ".gcode")),
    ],
)
async def test_names_cannot_lead_out_of_the_folder(
    store: ContentStore, gcodes: Path, queue: str, name: str
) -> None:
    """Names come from other hosts. Moonraker unpacks what is called .ufp, and Klipper
    reads each line as a command."""
    file = await store.add(put(gcodes, "cube.gcode"))
    with pytest.raises(FilesError, match=r"cannot name a file|not a g-code file"):
        await store.materialise(file.sha256, queue, name)


async def test_what_moonraker_cannot_unpack_is_not_put_out(
    store: ContentStore, gcodes: Path
) -> None:
    """Moonraker looks at each file in gcodes by itself."""
    text = CUBE + b"; thumbnail begin 9\n" * 50_000
    file = await store.add(put(gcodes, "cube.gcode", text))
    with pytest.raises(NotGcode, match="picture"):
        await store.materialise(file.sha256, "demo", "cube.gcode")
    assert not (gcodes / "netqueue" / "demo").exists()


async def test_simultaneous_uploads_each_get_their_own_bytes(
    store: ContentStore, gcodes: Path
) -> None:
    """Lesson 14, on our side of it."""
    bodies = [f"G1 X{n}\n".encode() * 1000 for n in range(8)]
    files = await asyncio.gather(
        *(store.add(put(gcodes, f"{n}/a.gcode", b)) for n, b in enumerate(bodies))
    )
    for file, body in zip(files, bodies, strict=True):
        path = store.path(file.sha256)
        assert path is not None
        assert path.read_bytes() == body
