"""A Moonraker component of the tests: which modules of a folder are loaded, as what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moonraker.common import WebRequest
    from moonraker.confighelper import ConfigHelper


class LoadedModules:
    """Answers GET /server/loaded_modules with {file: [module names]}."""

    def __init__(self, config: ConfigHelper) -> None:
        self._folder = Path(config.get("folder")).resolve()
        server = config.get_server()
        server.register_endpoint("/server/loaded_modules", ["GET"], self._handle)

    async def _handle(self, _: WebRequest) -> dict[str, Any]:
        return {"modules": self._modules()}

    def _modules(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, module in list(sys.modules.items()):
            file = Path(getattr(module, "__file__", None) or "/").resolve()
            if file.is_relative_to(self._folder):
                found.setdefault(str(file), []).append(name)
        return found


def load_component(config: ConfigHelper) -> LoadedModules:
    """What Moonraker calls for a section [loaded_modules]."""
    return LoadedModules(config)
