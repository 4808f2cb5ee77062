# The page, on Moonraker's own web server
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tornado.routing import PathMatches, Rule
from tornado.web import HTTPError, RequestHandler

from ..api.routes import PANEL, ROOT
from ..machine import MachineDisk
from ..panel.assets import Asset, Assets, read_assets

# Annotation imports
if TYPE_CHECKING:
    from moonraker.server import Server

    from ..ports import Worker

# Pictures may come from other hosts: their cameras. All else is this host's own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data: blob: http: https:; font-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
_FOR_EVER = "public, max-age=31536000, immutable"


class PanelBorder:
    """Registers the page. It holds no secret: whoever reaches Moonraker may load it,
    and its calls are subject to Moonraker's [authorization]."""

    def __init__(self, server: Server, worker: Worker) -> None:
        self._worker = worker
        self._reading: asyncio.Future[Assets] | None = None
        application = server.lookup_component("application")
        prefix = application.route_prefix
        words = {"border": self}
        application.mutable_router.add_rules(
            [
                Rule(PathMatches(f"{prefix}{PANEL}/?"), _PageHandler, words),
                Rule(
                    PathMatches(
                        f"{prefix}{ROOT}/ui/(?P<digest>[0-9a-f]+)/(?P<name>.+)"
                    ),
                    _FileHandler,
                    words,
                ),
            ]
        )

    async def assets(self) -> Assets:
        """The files, read when the first browser asks."""
        if self._reading is None:
            work = self._worker.run(read_assets, MachineDisk())
            self._reading = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(self._reading)
        except OSError as error:
            self._reading = None
            raise HTTPError(
                500, f"{error.filename}: {error.strerror}", reason="cannot be read"
            ) from error


class _Handler(RequestHandler):
    def initialize(self, border: PanelBorder) -> None:
        self.border = border

    def set_default_headers(self) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    def send(self, asset: Asset, cache: str) -> None:
        """Answer with a file, compressed for those that understand it."""
        self.set_header("Content-Type", asset.content_type)
        self.set_header("Cache-Control", cache)
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.finish(asset.packed)
        else:
            self.finish(asset.data)


class _PageHandler(_Handler):
    """The page itself: small, and asked for each time, so that an update is seen."""

    async def get(self) -> None:
        assets = await self.border.assets()
        if self.request.path.endswith("/"):  # its paths are relative to the folder
            self.redirect("../panel", permanent=True)
            return
        self.set_header("Content-Security-Policy", POLICY)
        self.send(assets.page, "no-cache")


class _FileHandler(_Handler):
    """What the page loads. Another version's files are gone: the page loads anew."""

    async def get(self, digest: str, name: str) -> None:
        assets = await self.border.assets()
        asset = assets.files.get(name)
        if asset is None or digest != assets.digest:
            raise HTTPError(404)
        self.send(asset, _FOR_EVER)
