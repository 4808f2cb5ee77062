"""Print the answer to a request; for a minute, none and a 503 mean: ask again."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request

_DEADLINE = time.monotonic() + 60.0
_WAIT = 0.2
_NOT_YET = 503

while True:
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:  # noqa: S310
            sys.stdout.write(answer.read().decode())
            break
    except urllib.error.HTTPError as error:
        if error.code != _NOT_YET or time.monotonic() > _DEADLINE:
            sys.exit(f"{error.code} {error.read().decode()}")
    except OSError as error:
        if time.monotonic() > _DEADLINE:
            sys.exit(str(error))
    time.sleep(_WAIT)
