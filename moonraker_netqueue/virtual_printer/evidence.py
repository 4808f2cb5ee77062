"""What was printed, by Klipper's own log and Moonraker's own history."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .printers import VirtualFarm, VirtualPrinter

_RECORD = re.compile(r"^(?:// )?record: (begin|end)-(\S+)$", re.MULTILINE)
_HISTORY_LIMIT = 1000


@dataclass(frozen=True)
class Evidence:
    """One printer: prints begun and ended per mark; history entries per status."""

    printer: str
    begun: Counter[str]
    ended: Counter[str]
    history: Counter[str]


def gather(farm: VirtualFarm, since: float) -> list[Evidence]:
    """The evidence of each printer; its history from `since` (Unix seconds) on."""
    return [_gather(printer, since) for printer in farm.printers]


def _gather(printer: VirtualPrinter, since: float) -> Evidence:
    counts: dict[str, Counter[str]] = {"begin": Counter(), "end": Counter()}
    # At midnight Klipper renames its log and begins another.
    for log in sorted((printer.data_path / "logs").glob("klippy.log*")):
        for edge, mark in _RECORD.findall(log.read_text(errors="replace")):
            counts[edge][mark] += 1
    answer = printer.client.get(
        "/server/history/list", since=str(since), limit=_HISTORY_LIMIT
    )
    history = Counter(str(job["status"]) for job in answer["jobs"])
    return Evidence(printer.name, counts["begin"], counts["end"], history)


def problems(
    evidence: Sequence[Evidence],
    wanted: Mapping[str, int],
    titles: Mapping[str, str],
    killed: str,
) -> Iterator[str]:
    """What is not as it should be. `killed` is a printer that lost its Moonraker."""
    for mark, count in wanted.items():
        for word, found in (
            ("begun", sum(one.begun[mark] for one in evidence)),
            ("ended", sum(one.ended[mark] for one in evidence)),
        ):
            if found != count:
                yield f"{titles[mark]} was {word} {found} times, not {count}"
    for one in evidence:
        ended = sum(one.ended[mark] for mark in wanted)
        if not ended:
            yield f"{one.printer} printed nothing"
        # Moonraker calls the print that went on while it was dead "interrupted".
        interrupted = one.history["interrupted"]
        if interrupted > (one.printer == killed):
            yield f"{one.printer}'s history has {interrupted} interrupted prints"
        recorded = one.history["completed"] + interrupted
        # One that was killed before it had noted its print has no entry for it.
        unnoted = int(one.printer == killed and not interrupted)
        right = ended - unnoted <= recorded <= ended
        if not right or recorded != one.history.total():
            yield (
                f"{one.printer}'s history has {dict(one.history)}, but Klipper ended "
                f"{ended} prints"
            )


def table(
    evidence: Sequence[Evidence], wanted: Mapping[str, int], titles: Mapping[str, str]
) -> list[str]:
    """Copies per file and printer, as lines of text."""
    width = max(len(title) for title in titles.values())
    names = [one.printer for one in evidence]
    lines = [" ".join(["file".ljust(width), *names, "   total", "  wanted"])]
    for mark, count in wanted.items():
        found = [one.ended[mark] for one in evidence]
        cells = [
            str(number).rjust(len(name))
            for number, name in zip(found, names, strict=True)
        ]
        ends = [str(sum(found)).rjust(8), str(count).rjust(8)]
        lines.append(" ".join([titles[mark].ljust(width), *cells, *ends]))
    return lines
