"""A SELECT, kept live in the cloud: desired views, derived triggers, an outbox and a relay."""

import logging

__version__ = "0.1.0"

# Who wants the log adds a handler (outbox relay does); without one, warnings are nobody's stray lines.
logging.getLogger(__name__).addHandler(logging.NullHandler())
