"""The log of a relay, on standard error: one JSON object a line, or for a person on a terminal the same in words. No
personal data and no secrets.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

_AS_JSON = json.JSONEncoder(default=str).encode
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """Of an exception the type and the places are told: its words may hold what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "what": record.getMessage(),
            **{name: value for name, value in record.__dict__.items() if name not in _OWN},
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(record.exc_info[2])]
        return _AS_JSON(line)


class PlainFormatter(JsonFormatter):
    """The same for a person: 14:02:11 attempt target=visma_net resource=users method=POST http_status=201"""

    def format(self, record: logging.LogRecord) -> str:
        line = json.loads(super().format(record))
        at, level, what = line.pop("at")[11:19], line.pop("level"), line.pop("what")
        del line["logger"]
        words = [
            at,
            what if level == "info" else f"{level}: {what}",
            *(f"{name}={value}" for name, value in line.items()),
        ]
        return " ".join(words)


@contextmanager
def logged() -> Iterator[None]:
    """All that the package logs while the block runs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter() if sys.stderr.isatty() else JsonFormatter())
    logger = logging.getLogger("outbox")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    # No line tells file, thread or process; to look them up for each would cost more than the line itself.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
