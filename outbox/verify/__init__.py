"""What a target really holds beside the mirror and the views. Reads the target; sets nothing back but by messages.

For each resource two questions. To the database alone: where do view and mirror differ, though no message would ever
look? And to the target: is each object there, and as it was acknowledged? What differs is looked at twice, since the
relay goes on meanwhile. A list that cannot be read whole leaves its resource unknown: nothing is concluded from it.
"""

from __future__ import annotations

from outbox.verify.check import verify
from outbox.verify.findings import Finding, Verified
from outbox.verify.reading import reading

__all__ = ["Finding", "Verified", "reading", "verify"]
