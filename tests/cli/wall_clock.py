"""`python -m tests.cli.wall_clock ARGUMENTS`: the command line on a machine whose wall clock is wrong, by as many
seconds as the file OFF_BY says at any moment.
"""

import os
import sys
import time
from pathlib import Path

_now, _off_by = time.time, Path(os.environ["OFF_BY"])
time.time = lambda: _now() + float(_off_by.read_text() or 0)

from outbox.cli import run  # noqa: E402 - after the clock was set

sys.exit(run(sys.argv[1:]))
