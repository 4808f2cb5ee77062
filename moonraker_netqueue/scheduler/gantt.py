"""A forecast as a Gantt picture: SVG for a page, a file or a panel.

Rows are printers, bars prints, coloured by job. It follows the light or dark of what
it is shown in: a page may set the CSS variables `--nq-ink` and `--nq-paper`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

from .forecast import Forecast, PlannedPrint
from .hours import DAY, WEEK, week_of_waits
from .problem import Printer, Problem

_ROW, _BAR, _AXIS, _SWATCH = 24, 18, 40, 18  # pixels high
_LETTER = 6.6  # pixels wide, about, at 12 px
_LABELS_MAX = 150  # pixels for the names of printers
_TICK_MIN = 52  # pixels between two times
_TICKS = (60, 120, 180, 240, 360, 720, DAY, 2 * DAY, WEEK)  # minutes
_LISTED = 40  # jobs in the legend
_LEAST = 120  # minutes shown at least
_STYLE = """
.nq-gantt{color:var(--nq-ink,#1f2328);background:var(--nq-paper,#fff);
font:12px Roboto,Helvetica,Arial,sans-serif}
@media (prefers-color-scheme:dark){.nq-gantt{color:var(--nq-ink,#e6e6e6);
background:var(--nq-paper,#1e1e1e)}}
.nq-gantt text{fill:currentColor}
.nq-gantt .nq-in{fill:#111}
.nq-gantt .nq-night{fill:currentColor;opacity:.09}
.nq-gantt .nq-line{stroke:currentColor;opacity:.18}
.nq-gantt .nq-now{stroke:#e53935;stroke-width:2}
.nq-gantt .nq-busy{fill:#9e9e9e}
.nq-gantt .nq-person{fill:url(#nq-person);stroke:currentColor;stroke-opacity:.35}
.nq-gantt .nq-change{fill:url(#nq-change)}
"""
_PATTERNS = (
    '<defs><pattern id="nq-change" width="6" height="6"'
    ' patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="3" height="6" fill="#111" opacity=".6"/></pattern>'
    '<pattern id="nq-person" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<circle cx="1" cy="1" r=".7" fill="currentColor" opacity=".5"/></pattern></defs>'
)


def gantt_svg(
    problem: Problem,
    forecast: Forecast,
    *,
    utc_offset: int = 0,
    width: int = 960,
    running: Mapping[str, str] | None = None,
) -> str:
    """The picture, `width` pixels wide and as high as there are printers.

    `utc_offset`: minutes by which the clock of whoever looks is ahead of UTC.
    `running`: by printer, what it prints now.
    """
    return _Gantt(problem, forecast, utc_offset, width, running or {}).draw()


@dataclass(frozen=True)
class _Frame:
    """Where what is drawn; minutes are Unix minutes."""

    left: float
    right: float
    bottom: float
    start: int
    end: int

    def x(self, minute: float) -> float:
        """The place of a minute, inside the frame."""
        share = (minute - self.start) / (self.end - self.start)
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))


class _Gantt:
    def __init__(
        self,
        problem: Problem,
        forecast: Forecast,
        utc_offset: int,
        width: int,
        running: Mapping[str, str],
    ) -> None:
        self._problem = problem
        self._prints = forecast.prints
        self._complete = forecast.complete
        self._offset = utc_offset
        self._zone = timezone(timedelta(minutes=utc_offset))
        self._width = width
        self._running = running
        # Of one hue for one job, and neighbours in the queue far apart.
        planned = dict.fromkeys(one.job for one in self._prints)
        self._hues = {job: n * 137 % 360 for n, job in enumerate(planned)}
        names = [printer.name for printer in problem.printers]
        longest = max((len(name) for name in names), default=0) * _LETTER + 12
        start = problem.now // 60
        self._frame = _Frame(
            left=min(longest, _LABELS_MAX, width / 3),
            right=width - 8,
            bottom=_AXIS + _ROW * max(1, len(names)),
            start=start,
            end=max([start + _LEAST, *self._ends()]),
        )

    def draw(self) -> str:
        legend = list(self._legend())
        height = self._frame.bottom + 14 + legend[-1][0]
        rows = {p.name: n for n, p in enumerate(self._problem.printers)}
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="nq-gantt" role="img"'
            f' aria-label="Plan of the printers" width="{self._width}"'
            f' height="{height:.0f}" viewBox="0 0 {self._width} {height:.0f}"'
            ' style="max-width:100%;height:auto">'
        )
        parts = [
            head,
            f"<style>{_STYLE}</style>{_PATTERNS}",
            *(
                shade
                for row, printer in enumerate(self._problem.printers)
                for shade in self._nights(row, printer)
            ),
            *self._ticks(),
            *(self._row(n, p) for n, p in enumerate(self._problem.printers)),
            *(self._bar(rows[one.printer], one) for one in self._prints),
            *self._now(),
            *(text for _, text in legend),
            "</svg>\n",
        ]
        return "\n".join(parts)

    def _ends(self) -> Iterator[int]:
        """What must be seen: prints to their end, and who is busy now."""
        now = self._problem.now // 60
        yield from (one.end + 15 for one in self._prints)
        yield from (now + printer.busy_minutes for printer in self._problem.printers)

    def _row(self, number: int, printer: Printer) -> str:
        frame, top = self._frame, self._top(number)
        name = _shortened(printer.name, frame.left - 8)
        named = f"{_text(name)}<title>{_text(printer.name)}</title>"
        parts = [
            f'<text x="4" y="{top + 16:.0f}">{named}</text>',
            _line(0, frame.right, top + _ROW, top + _ROW),
        ]
        if printer.busy_minutes:
            now = self._problem.now // 60
            end = now + printer.busy_minutes
            label = self._running.get(printer.name, printer.state)
            told = f"{label} on {printer.name}: until {self._clock(end)}"
            busy = 'class="nq-busy"'
            parts.append(self._box(number, now, end, busy, label, told, now))
        elif not self._has_work(printer):
            state = _shortened(self._idle_text(printer), frame.right - frame.left)
            parts.append(
                f'<text x="{frame.left + 6:.1f}" y="{top + 16:.0f}" opacity=".65">'
                f"{_text(state)}</text>"
            )
        return "\n".join(parts)

    def _has_work(self, printer: Printer) -> bool:
        return any(one.printer == printer.name for one in self._prints)

    def _idle_text(self, printer: Printer) -> str:
        if printer.switched_off:
            return "paused by a person"
        if printer.quarantined:
            return "in quarantine"
        return printer.state

    def _bar(self, row: int, one: PlannedPrint) -> str:
        told = f"{one.job} on {one.printer}: {self._span(one)}"
        if one.copies > 1:
            told += f", {one.copies} copies"
        if one.change:
            told += ", material or spool changed first"
        fill = f'fill="hsl({self._hues[one.job]},62%,70%)"'
        work = one.start
        if one.change:
            work = min(one.end, one.start + self._problem.weights.change_minutes)
        parts = [self._box(row, one.start, one.end, fill, one.job, told, work)]
        if one.change:
            parts.append(self._plain_box(row, one.start, work, "nq-change"))
        if one.ready > one.end:
            parts.append(self._plain_box(row, one.end, one.ready, "nq-person"))
        return "\n".join(parts)

    def _box(
        self,
        row: int,
        start: int,
        end: int,
        fill: str,
        label: str,
        told: str,
        label_from: int,
    ) -> str:
        x, width = self._place(start, end)
        y = self._top(row) + 3
        place, room = self._place(label_from, end)
        inside = ""
        if shown := _shortened(label, room - 6):
            inside = f'<text class="nq-in" x="{place + 4:.1f}" y="{y + 13}">'
            inside += f"{_text(shown)}</text>"
        return (
            f"<g><title>{_text(told)}</title>"
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2"'
            f" {fill}/>{inside}</g>"
        )

    def _plain_box(self, row: int, start: int, end: int, kind: str) -> str:
        x, width = self._place(start, end)
        return (
            f'<rect class="{kind}" x="{x:.1f}" y="{self._top(row) + 3}"'
            f' width="{width:.1f}" height="{_BAR}"/>'
        )

    def _place(self, start: int, end: int) -> tuple[float, float]:
        x = self._frame.x(start)
        return x, max(1.0, self._frame.x(end) - x)

    def _top(self, row: int) -> int:
        return _AXIS + _ROW * row

    def _nights(self, row: int, printer: Printer) -> Iterator[str]:
        """Shades of the times at which nobody is there for a printer."""
        frame = self._frame
        waits = week_of_waits(self._problem.hours_of(printer))
        minute = frame.start
        while minute < frame.end:
            wait = waits[minute % WEEK]
            if not wait:
                minute += 1
                continue
            until = minute + wait
            x, width = self._place(minute, until)
            yield (
                f'<rect class="nq-night" x="{x:.1f}" y="{self._top(row)}"'
                f' width="{width:.1f}" height="{_ROW}">'
                f"<title>nobody is there until {_text(self._clock(until))}"
                "</title></rect>"
            )
            minute = until

    def _ticks(self) -> Iterator[str]:
        frame = self._frame
        minutes, pixels = frame.end - frame.start, frame.right - frame.left
        room = minutes * _TICK_MIN / pixels
        step = next((step for step in _TICKS if step >= room), _TICKS[-1])
        first = frame.start + self._offset
        for local in range(-(-first // step) * step, frame.end + self._offset, step):
            minute = local - self._offset
            x = f"{frame.x(minute):.1f}"
            moment = self._moment(minute)
            yield _line(x, x, _AXIS - 6, frame.bottom)
            if frame.x(minute) > frame.right - _TICK_MIN / 2:
                return
            yield f'<text x="{x}" y="{_AXIS - 10}">{moment:%H:%M}</text>'
            if local % DAY < step:
                yield f'<text x="{x}" y="13" font-weight="bold">{moment:%a %d}</text>'

    def _now(self) -> Iterator[str]:
        x = f"{self._frame.x(self._problem.now / 60):.1f}"
        yield (
            f'<line class="nq-now" x1="{x}" x2="{x}" y1="{_AXIS - 6}"'
            f' y2="{self._frame.bottom}"><title>now</title></line>'
        )

    def _legend(self) -> Iterator[tuple[float, str]]:
        """Entries below, with the height that they need so far."""
        x, y = 4.0, 14.0
        top = self._frame.bottom + 8
        for mark, text in self._entries():
            before = _SWATCH if mark else 0
            width = before + 4 + _LETTER * len(text)
            if x + width > self._width and x > 4:
                x, y = 4.0, y + _SWATCH
            told = f'<text x="{before}" y="11">{_text(text)}</text>'
            at = f"{x:.1f} {top + y - 12:.1f}"
            yield y, f'<g transform="translate({at})">{mark}{told}</g>'
            x += width + 8

    def _entries(self) -> Iterator[tuple[str, str]]:
        change = _mark('class="nq-busy"') + _mark('class="nq-change"')
        yield change, "change first"
        yield _mark('class="nq-person"'), "waits for a person"
        if any(map(self._problem.hours_of, self._problem.printers)):
            yield _mark('class="nq-night" style="opacity:.25"'), "nobody there"
        sign = "-" if self._offset < 0 else "+"
        hours, minutes = divmod(abs(self._offset), 60)
        yield "", f"times: UTC{sign}{hours:02d}:{minutes:02d}"
        if not self._complete:
            yield "", "more follows later"
        for job, hue in list(self._hues.items())[:_LISTED]:
            mark = _mark(f'fill="hsl({hue},62%,70%)" rx="2"')
            yield mark, _shortened(job, self._width / 2)
        if len(self._hues) > _LISTED:
            yield "", f"and {len(self._hues) - _LISTED} jobs more"

    def _span(self, one: PlannedPrint) -> str:
        return f"{self._clock(one.start)} to {self._clock(one.end)}"

    def _clock(self, minute: int) -> str:
        return f"{self._moment(minute):%a %H:%M}"

    def _moment(self, minute: int) -> datetime:
        return datetime.fromtimestamp(minute * 60, self._zone)


def _mark(look: str) -> str:
    return f'<rect width="13" height="13" {look}/>'


def _line(x1: float | str, x2: float | str, y1: float, y2: float) -> str:
    return f'<line class="nq-line" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'


def _shortened(text: str, pixels: float) -> str:
    """As much of a text as fits; nothing where that says nothing."""
    room = int(pixels / _LETTER)
    if len(text) <= room:
        return text
    return f"{text[: room - 1]}…" if room >= 4 else ""


def _text(text: str) -> str:
    """Harmless in XML: escaped, and without what XML does not know."""
    known = (c if c.isprintable() else "\ufffd" for c in text)
    return escape("".join(known))
