"""Figures that anyone can take again: python -m tests.bench [KIND ...], all of them without a kind.

All on loopback and on one machine, with durable commits. The machine decides the figures, so what counts is the ratio
between lines of one run.
"""

from __future__ import annotations

import sys

from tests.bench import drain, http, installing, latency, load, write

KINDS = {
    "http": http.run,
    "latency": latency.run,
    "drain": drain.run,
    "slow": load.slow,
    "two": load.two,
    "coalesce": load.coalesce,
    "values": load.values,
    "recheck": load.recheck,
    "history": load.history,
    "write": write.run,
    "install": installing.run,
}

if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in KINDS]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]}; there are {', '.join(KINDS)}")
    for name in sys.argv[1:] or KINDS:
        print(f"\n{name}", flush=True)
        KINDS[name]()
