"""A strict stand-in for both clouds over real HTTP on loopback, for the demo, the tests, and a DBA trying his views.

It needs the extra `demo`. What it serves is in `contract`, what it refuses in the rules beside it.
"""

from outbox.errors import ConfigError

try:
    from outbox.sandbox.server import running, serve
except ModuleNotFoundError as error:
    raise ConfigError(f"the sandbox needs {error.name}", hint="pip install 'outbox[demo]'") from error
from outbox.sandbox.settings import settings

__all__ = ["running", "serve", "settings"]
