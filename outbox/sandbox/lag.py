"""Lists and searches that lag behind (Settings.lag_s): what is new shows later, what is gone stays for a while.

The object itself is always as it is; only what is listed is old. A project of the ERP is not read either at first. The
setting of the moment counts: once there is no lag all is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outbox.sandbox.answers import Call
from outbox.sandbox.state import Cloud

Row = dict[str, Any]


def show_later(cloud: Cloud, id_: str, call: Call) -> None:
    if call.settings.lag_s:
        cloud.made_at[id_] = call.now


def hide_later(cloud: Cloud, kind: str, row: Row, call: Call) -> None:
    if call.settings.lag_s:
        cloud.gone.setdefault(kind, []).append((dict(row), call.now))


def is_seen(cloud: Cloud, id_: str, call: Call) -> bool:
    return id_ not in cloud.made_at or cloud.made_at[id_] + call.settings.lag_s <= call.now


def listed(cloud: Cloud, kind: str, rows: Iterable[Row], call: Call) -> list[Row]:
    """Of users or tenants: what a list shows of them just now."""
    still = [row for row, since in cloud.gone.get(kind, ()) if call.now < since + call.settings.lag_s]
    return [row for row in rows if is_seen(cloud, row["id"], call)] + still
