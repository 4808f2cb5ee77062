"""What a file's metadata tells of one copy of it: time, filament, nozzle, height."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.checks import WORD_MAX, has_control
from ..model.content import ESTIMATE_MAX_S, FileRef
from ..model.job import ItemSpec
from ..model.printer import GRAMS_MAX, SIDE_MAX_MM

_DEMANDS = ("materials", "nozzle", "bbox")  # what keeps an item from some printers


def item_of(name: str, file: FileRef, metadata: Mapping[str, Any]) -> ItemSpec:
    """One copy of a file. What its metadata does not tell stays neutral.

    Moonraker knows of a part's size the height only.
    """
    seconds = _number(metadata, "estimated_time", 1, ESTIMATE_MAX_S)
    height = _number(metadata, "object_height", 0.01, SIDE_MAX_MM)
    return _marked(
        ItemSpec(
            name,
            1,
            (file,),
            materials=_materials(metadata.get("filament_type")),
            nozzle=_number(metadata, "nozzle_diameter", 0.05, 10),
            estimate_s=None if seconds is None else int(seconds),
            grams=_number(metadata, "filament_weight_total", 0.01, GRAMS_MAX),
            bbox=None if height is None else (0.0, 0.0, height),
        )
    )


def joined(items: Sequence[ItemSpec]) -> ItemSpec:
    """One item of files for one printer model or another.

    Each file keeps its own time. A demand counts if all files make it, and the one
    that needs most filament is the measure.
    """
    first = items[0]
    alike: dict[str, Any] = {
        word: getattr(first, word)
        for word in _DEMANDS
        if all(getattr(item, word) == getattr(first, word) for item in items)
    }
    neutral = {"materials": (), "nozzle": None, "bbox": None}
    grams = [item.grams for item in items if item.grams is not None]
    files = tuple(
        replace(file, estimate_s=item.estimate_s)
        for item in items
        for file in item.files
    )
    spec = replace(first, files=files, grams=max(grams, default=None))
    return _marked(replace(spec, **(neutral | alike)))


def _marked(spec: ItemSpec) -> ItemSpec:
    told = tuple(word for word in _DEMANDS if getattr(spec, word) not in (None, ()))
    return replace(spec, from_file=told)


def _materials(told: object) -> tuple[str, ...]:
    """The material. Of several it is not known which ones are used: none."""
    if not isinstance(told, str):
        return ()
    names = [told]
    if told.startswith("["):
        try:
            names = [str(name) for name in json.loads(told)]
        except (ValueError, RecursionError):
            return ()
    used = {name.strip() for name in names}
    name = used.pop() if len(used) == 1 else ""
    good = 0 < len(name) <= WORD_MAX and not has_control(name)
    return (name,) if good else ()


def _number(
    metadata: Mapping[str, Any], word: str, least: float, most: float
) -> float | None:
    value: Any = metadata.get(word)
    known = type(value) in (int, float)
    return float(value) if known and least <= value <= most else None
