"""What a person must load before a copy prints. Pure."""

from __future__ import annotations

from ..config import PrinterSettings
from ..model.job import ItemSpec
from ..model.printer import PrinterState
from ..scheduler.feasibility import covers, needed_materials
from ..scheduler.problem import JobClass, Printer
from .entry import profile
from .record import Record


def to_load(settings: PrinterSettings, record: Record, spec: ItemSpec) -> str:
    """What an item needs and the printer has not loaded, for people; "": nothing."""
    entry = profile("", settings, record, PrinterState.READY, "", None)
    printer = Printer(
        entry.name,
        materials=entry.materials,
        loaded=entry.materials_ready,
        grams_left=entry.grams_left,
    )
    item = JobClass(
        spec.name,
        materials=spec.materials,
        grams=spec.grams or 0,
        from_file=spec.from_file,
    )
    missing = [
        need
        for need in needed_materials(printer, item)
        if not covers(printer.loaded, (need,))
    ]
    if missing:
        return f"load {', '.join(missing)} for {spec.name}, and say what is loaded"
    left = entry.grams_left
    if left is not None and item.grams > left:
        return (
            f"load a fuller spool for {spec.name}: it takes {item.grams:g} g,"
            f" {left:g} g are left"
        )
    return ""
