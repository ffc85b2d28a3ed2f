"""Pure: how values are written into addresses, headers and bodies, and what is taken as an id."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

from outbox.errors import Refused

MAX_SEGMENT = 1024
_LEGAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
_LEGAL_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,256}"')
# RFC 3986 reserved, and what servers on Windows take for a path of their own; control characters are refused by many.
_NEEDS_B64 = re.compile(r"""[:/?#\[\]@!$&'()*+,;=%\\\x00-\x1f\x7f]""")


def legal_id(value: object) -> str | None:
    """The remote id as text, None where it is nothing that could safely stand in an address.

    >>> legal_id("a1-B2"), legal_id(17), legal_id("../x"), legal_id(""), legal_id(True)
    ('a1-B2', '17', None, None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _LEGAL_ID.fullmatch(value) else None


def legal_etag(value: str | None) -> str | None:
    """The ETag where it may be sent back in If-Match. A weak one matches nothing there (RFC 9110 13.1.1)."""
    return value if value and _LEGAL_ETAG.fullmatch(value) else None


def segment(value: str) -> str:
    """One path segment. "." and ".." would be taken as steps, however they are encoded.

    >>> segment("a b/ü"), segment("b64(QS8x)")
    ('a%20b%2F%C3%BC', 'b64(QS8x)')
    """
    encoded = quote(value, safe="()=")
    if value in ("", ".", ".."):
        raise Refused(f"{value!r} cannot be part of an address; change the code")
    if len(encoded) > MAX_SEGMENT:
        raise Refused(f"a code of {len(value)} characters is too long to be part of an address; change the code")
    return encoded


def fill(template: str, **parts: str | int) -> str:
    """fill("/users/{user}", user="7") is "/users/7"; every part is encoded."""
    return template.format_map({name: segment(str(part)) for name, part in parts.items()})


def erp_code(code: str) -> str:
    """A code as the ERP wants it in a path, before percent-encoding: b64(...) where it has reserved characters (P).

    >>> erp_code("P100"), erp_code("A/1"), erp_code("..")
    ('P100', 'b64(QS8x)', 'b64(Li4=)')
    """
    if code in (".", "..") or _NEEDS_B64.search(code):
        return f"b64({base64.urlsafe_b64encode(code.encode()).decode()})"
    return code


def base64_id(value: str) -> str:
    """A segment value's id, which the ERP wants in plain Base64 (P)."""
    return base64.b64encode(value.encode()).decode()


def wrap(value: Any) -> dict[str, Any]:
    """A scalar in a request to the ERP; {"value": None} clears, an absent field stays as it is (P)."""
    return {"value": value}
