"""Everything that can go wrong, as one tree. Each class has an exit code (sysexits) and a hint for the operator.

OutboxError                 70  a fault of our own
├── ConfigError             78  a setting is missing or wrong
├── DatabaseUnavailable     69  no connection, or the wrong one
├── NotPermitted            77  the database role lacks a right
├── ViewRefused             65  a desired view that cannot be kept live
├── LinkRefused             65  an object of the cloud that cannot be this key, or cannot be told to be
├── InstallError            73  the database is not as install needs it
│   └── NotAtHome           73  the outbox was restored or copied from another database
├── NotConfirmed            64  a person agreed to something else
├── NothingFound            66  what a command was asked about is not there
├── CloudUnavailable        69  a target cannot be reached at all
├── LeaseLost               75  another relay took the lane over
├── EraseRefused            75  something else has to be done first
└── CloudError                  what one delivery met; the relay classes it, no command ends with it
    ├── Transient           try again later, nothing was applied
    ├── Unknown             the outcome is not known: in doubt, read before a create is repeated
    ├── Refused             the target will not have it: dead, with its words
    ├── Ambiguous           needs a person: held
    ├── PlatformDown        the whole platform fails: no attempt of a single message is used up
    └── NotAllowed          the target (or one company) forbids: pause and say so
"""

from __future__ import annotations


class OutboxError(Exception):
    """`why` is one sentence: what was done, to which thing, and why it failed. `hint` is what to do next."""

    exit_code = 70
    hint = ""
    lead = "try"  # what stands before the hint, in the language of who reads it

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        if hint is not None:
            self.hint = hint


class ConfigError(OutboxError):
    exit_code = 78
    hint = "outbox help settings lists them all"


class DatabaseUnavailable(OutboxError):
    exit_code = 69
    hint = "set OUTBOX_DSN to a reachable database, e.g. postgresql://host/database"


class NotPermitted(OutboxError):
    exit_code = 77


class ViewRefused(OutboxError):
    exit_code = 65


class LinkRefused(OutboxError):
    exit_code = 65


class InstallError(OutboxError):
    exit_code = 73


class NotAtHome(InstallError):
    hint = "outbox adopt, if the clouds are to follow this database from now on"

    def __init__(self, why: str = "the outbox in this database belongs to another: it was restored or copied") -> None:
        super().__init__(why)


class NotConfirmed(OutboxError):
    exit_code = 64


class NothingFound(OutboxError):
    exit_code = 66


class CloudUnavailable(OutboxError):
    exit_code = 69


class LeaseLost(OutboxError):
    exit_code = 75


class EraseRefused(OutboxError):
    exit_code = 75


class CloudError(OutboxError):
    """What a target answered to one call. `http_status` is None when there was no answer."""

    def __init__(self, why: str, *, http_status: int | None = None) -> None:
        super().__init__(why)
        self.http_status = http_status


class Transient(CloudError):
    """Nothing was applied; try again. `retry_after_s` is the target's own word (seconds), obeyed to the letter."""

    def __init__(self, why: str, *, http_status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(why, http_status=http_status)
        self.retry_after_s = retry_after_s


class Unknown(CloudError):
    pass


class Refused(CloudError):
    pass


class Ambiguous(CloudError):
    pass


class PlatformDown(CloudError):
    pass


class NotAllowed(CloudError):
    """`company` names the one company that is meant, `resource` the one resource; both None: the whole target."""

    def __init__(
        self, why: str, *, http_status: int | None = None, company: str | None = None, resource: str | None = None
    ) -> None:
        super().__init__(why, http_status=http_status)
        self.company = company
        self.resource = resource
