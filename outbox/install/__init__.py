"""Installing into a database, looking whether it is still as installed, and undoing it."""

from __future__ import annotations

from outbox.install.checks import Finding, check
from outbox.install.plans import Plan, apply, plan, render
from outbox.install.steps import Step

__all__ = ["Finding", "Plan", "Step", "apply", "check", "plan", "render"]
