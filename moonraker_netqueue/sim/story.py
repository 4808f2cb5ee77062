"""What happens in a simulation, told in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone


@dataclass(frozen=True)
class Told:
    """One sentence. `at` is Unix seconds; `style` colours it in a terminal."""

    at: float
    text: str
    style: str = ""


class Story:
    """Keeps what it is told, and hands it on."""

    def __init__(
        self,
        wall: Callable[[], float],
        utc_offset: int = 0,
        listener: Callable[[Told], object] = lambda _told: None,
    ) -> None:
        """`wall`: Unix seconds now; `utc_offset`: minutes that its clock is ahead."""
        self.told: list[Told] = []
        self._wall = wall
        self._zone = timezone(timedelta(minutes=utc_offset))
        self._listener = listener

    def tell(self, text: str, style: str = "") -> None:
        """It happens now."""
        told = Told(self._wall(), text, style)
        self.told.append(told)
        self._listener(told)

    def moment(self, at: float) -> str:
        """Such as `Mon 08:05:00`, as the clock on the wall shows it."""
        return datetime.fromtimestamp(at, self._zone).strftime("%a %H:%M:%S")

    def line(self, told: Told) -> str:
        """A sentence with its moment."""
        return f"{self.moment(told.at)}  {told.text}"
