"""What points a relay at a sandbox."""

from __future__ import annotations

from outbox.config import Secret, TargetSettings
from outbox.resources import TARGETS
from outbox.sandbox.state import Settings


def settings(base_url: str) -> dict[str, TargetSettings]:
    """By target: addresses and client, all else by default.

    AccountView.Net has no ERP; its address is given all the same, so that nothing here ever points at the vendor.
    """
    credentials = Settings()
    return {
        target: TargetSettings(
            target,
            identity_url=f"{base_url}/{target}/identity/v1.0",
            erp_url=f"{base_url}/{target}/erp/v1",
            token_url=f"{base_url}/{target}/connect/token",
            client_id=credentials.client_id,
            client_secret=Secret(credentials.client_secret),
        )
        for target in TARGETS
    }
