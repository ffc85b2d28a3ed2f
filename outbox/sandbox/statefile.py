"""What the clouds hold, kept in a file: read at the start, written a moment after each change, whole or not at all."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from outbox.errors import ConfigError
from outbox.resources import TARGETS
from outbox.sandbox.state import Cloud, dump_cloud, load_cloud
from outbox.sandbox.world import World

_DELAY_S = 0.2  # many changes, one write


def load_state(path: Path) -> dict[str, Cloud] | None:
    """None when the file is not there yet. Raises ConfigError."""
    try:
        saved = json.loads(path.read_text("utf-8"))
        return {target: load_cloud(saved[target]) for target in TARGETS}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            f"the sandbox's state file {path} cannot be read: {error.strerror}", "name another"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no state file of this sandbox", hint="move it away to start with empty clouds"
        ) from error


class StateFile:
    """Call `touch` after a change, from the event loop; `save` at the end."""

    def __init__(self, path: Path, world: World) -> None:
        self._path = path
        self._world = world
        self._timer: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELAY_S, self.save)

    def save(self) -> None:
        """Raises ConfigError when the file cannot be written."""
        self._timer = None
        saved = {target: dump_cloud(cloud) for target, cloud in self._world.clouds.items()}
        fresh = self._path.with_name(f".{self._path.name}.new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(saved, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            why = f"the sandbox's state file {self._path} cannot be written: {error.strerror}"
            raise ConfigError(why, "name another file") from error
