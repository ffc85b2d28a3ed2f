"""What points a relay at a sandbox."""

from __future__ import annotations

from outbox.resources import TARGETS
from outbox.sandbox.state import Settings


def settings(base_url: str) -> dict[str, dict[str, str]]:
    """Per target the settings of `outbox.config.TargetSettings` that differ from their defaults.

    AccountView.Net has no ERP; its address is given all the same, so that nothing here ever points at the vendor.
    """
    credentials = Settings()
    return {
        target: {
            "identity_url": f"{base_url}/{target}/identity/v1.0",
            "erp_url": f"{base_url}/{target}/erp/v1",
            "token_url": f"{base_url}/{target}/connect/token",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        for target in TARGETS
    }
