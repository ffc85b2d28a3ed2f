"""A SELECT, kept live in the cloud: desired views, derived triggers, an outbox and a relay."""

__version__ = "0.1.0"
