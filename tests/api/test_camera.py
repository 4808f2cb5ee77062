"""Which of a Moonraker's cameras the page shows."""

from __future__ import annotations

from typing import Any

import pytest

from moonraker_netqueue.api.camera import camera_view


def camera(name: str, snapshot_url: str, enabled: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "enabled": enabled,
        "service": "mjpegstreamer",
        "stream_url": "/webcam/?action=stream",
        "snapshot_url": snapshot_url,
        "flip_horizontal": True,
        "flip_vertical": False,
        "rotation": 90,
        "extra_data": {"secret": "x"},
    }


def test_only_what_is_shown_leaves_the_host() -> None:
    assert camera_view([camera("bed", "/webcam/?action=snapshot")]) == {
        "name": "bed",
        "snapshot_url": "/webcam/?action=snapshot",
        "flip_horizontal": True,
        "flip_vertical": False,
        "rotation": 90,
    }


@pytest.mark.parametrize(
    ("cameras", "shown"),
    [
        ([], None),
        ([camera("card", "")], None),  # such as our own card: an iframe
        ([camera("off", "/a", enabled=False)], None),
        (
            [camera("off", "/a", enabled=False), camera("card", ""), camera("b", "/b")],
            "b",
        ),
    ],
)
def test_the_first_that_gives_pictures(
    cameras: list[dict[str, Any]], shown: str | None
) -> None:
    found = camera_view(cameras)
    assert (found and found["name"]) == shown
