"""What is read out of a file's metadata, and what is left neutral."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.jobs import JobEndpoints
from moonraker_netqueue.api.sliced import item_of, joined
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec

FILE = FileRef("1" * 32, "1" * 64, 10, "part.gcode")
TOLD = {
    "estimated_time": 5400.7,
    "filament_weight_total": 23.5,
    "filament_type": "PETG",
    "nozzle_diameter": 0.4,
    "object_height": 42.2,
    "slicer": "any",
}


def test_metadata_becomes_an_item() -> None:
    """Each demand is marked as the file's own."""
    assert item_of("part", FILE, TOLD) == ItemSpec(
        "part",
        1,
        (FILE,),
        materials=("PETG",),
        nozzle=0.4,
        estimate_s=5400,
        grams=23.5,
        bbox=(0.0, 0.0, 42.2),
        from_file=("materials", "nozzle", "bbox"),
    )


def test_a_file_without_metadata_is_neutral() -> None:
    """Moonraker has not looked at it yet, or no slicer made it."""
    assert item_of("part", FILE, {}) == ItemSpec("part", 1, (FILE,))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("estimated_time", 0),
        ("estimated_time", "1h"),
        ("estimated_time", True),
        ("estimated_time", float("nan")),
        ("filament_weight_total", -1),
        ("filament_weight_total", 1e9),
        ("nozzle_diameter", 0),
        ("nozzle_diameter", None),
        ("object_height", float("inf")),
        ("filament_type", ""),
        ("filament_type", "x" * 65),
        ("filament_type", "a\nb"),
        ("filament_type", '["PLA", "PETG"]'),
        ("filament_type", "[nothing"),
        ("filament_type", 3),
    ],
)
def test_what_cannot_be_is_left_out(word: str, value: Any) -> None:
    """A slicer's odd comment must not keep a file out of the queue."""
    spec = item_of("part", FILE, {word: value})
    spec.check()
    assert spec == ItemSpec("part", 1, (FILE,))


def test_several_spools_of_one_material_are_that_material() -> None:
    """As a slicer lists them for each extruder."""
    spec = item_of("part", FILE, {"filament_type": '["PLA", "PLA"]'})
    assert spec.materials == ("PLA",)


def test_files_for_several_models_keep_their_times() -> None:
    """What they differ in demands nothing; the one that needs most counts."""
    small = item_of("part", FILE, TOLD)
    large = item_of(
        "part",
        FileRef("2" * 32, "2" * 64, 10, "large.gcode"),
        {**TOLD, "estimated_time": 3600, "nozzle_diameter": 0.8, "object_height": 42.4}
        | {"filament_weight_total": 30.0},
    )
    spec = joined([small, large])
    assert [file.estimate_s for file in spec.files] == [5400, 3600]
    assert (spec.nozzle, spec.bbox, spec.materials) == (None, None, ("PETG",))
    assert (spec.grams, spec.from_file) == (30.0, ("materials",))


def _made(arguments: dict[str, Any], known: ItemSpec | None = None) -> ItemSpec:
    async def item(filename: str) -> ItemSpec:
        return item_of(filename, FILE, TOLD)

    endpoints = JobEndpoints(None, item)  # type: ignore[arg-type]  # needs no host
    queue: Any = None  # nor a queue, where files are named
    spec, _ = asyncio.run(endpoints._item(queue, Arguments(arguments), known))
    return spec


def test_a_persons_word_replaces_the_files() -> None:
    """And binds every printer, also those that tell nothing of themselves."""
    spec = _made({"filename": "a", "nozzle": 0.6, "bbox": [10, 20, 30], "grams": None})
    assert (spec.nozzle, spec.bbox, spec.grams) == (0.6, (10.0, 20.0, 30.0), None)
    assert spec.from_file == ("materials",)
    edited = _made({"count": 3, "materials": []}, spec)
    assert (edited.materials, edited.from_file, edited.nozzle) == ((), (), 0.6)


def test_a_persons_time_holds_for_all_files() -> None:
    """Else each file has its own, which can be given, too."""
    files = [
        {"filename": "a", "models": ["mk3"]},
        {"filename": "b", "models": ["mk4"], "estimate_s": 60},
    ]
    spec = _made({"files": files})
    assert [file.estimate_s for file in spec.files] == [5400, 60]
    edited = _made({"estimate_s": 7200}, spec)
    assert edited.estimate_s == 7200
    assert [file.estimate_s for file in edited.files] == [None, None]
