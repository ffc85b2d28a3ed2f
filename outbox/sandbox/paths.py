"""Codes and ids in a path: percent-encoded, `b64(...)`, or Base64."""

from __future__ import annotations

import base64
import binascii
import re

from outbox.sandbox.answers import erp_refusal

# Published: these cannot stand in a path, not even percent-encoded; % and \ are what web servers add to the list.
RESERVED = re.compile(r"[:/?#\[\]@&*+;%\\]")
_B64 = re.compile(r"b64\((.*)\)")


def _decode(text: str) -> str:
    """Base64 in either alphabet, padded or not. Raises ValueError."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()


def decode_code(text: str) -> str:
    """A code as it stands in the (unquoted) path: plain, or `b64(<base64url>)` for reserved characters.

    >>> decode_code("P-001"), decode_code("b64(QS8x)")
    ('P-001', 'A/1')
    """
    encoded = _B64.fullmatch(text)
    if encoded is None:
        if RESERVED.search(text):
            raise erp_refusal(400, "A potentially dangerous Request.Path value was detected from the client.")
        return text
    try:
        return _decode(encoded[1])
    except (binascii.Error, ValueError) as error:
        raise erp_refusal(400, "The value in b64() is not base64url.") from error


def decode_value_id(text: str) -> str:
    """The id of a segment value, which must be Base64.

    >>> decode_value_id("MTEw")
    '110'
    """
    try:
        return _decode(text)
    except (binascii.Error, ValueError) as error:
        raise erp_refusal(400, "The value id must be Base64 encoded.") from error
