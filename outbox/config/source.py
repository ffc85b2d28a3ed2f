"""Where settings come from: a table of the file, the environment, or the default. Knows no setting by name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from outbox.config.values import Secret, from_text, from_toml
from outbox.errors import ConfigError

T = TypeVar("T")


def declared(cls: Any) -> Iterable[Field[Any]]:
    """The fields of a class that are settings."""
    return (f for f in fields(cls) if "help" in f.metadata)


def variable(key: str) -> str:
    """The variable of a setting: variable("visma_net.client_id") is "OUTBOX_VISMA_NET_CLIENT_ID"."""
    return "OUTBOX_" + key.replace(".", "_").upper()


def read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"{file} cannot be read: {e.strerror}") from e
    except ValueError as e:  # its words tell the line, not what stands there
        raise ConfigError(f"{file} is not TOML: {e}") from None


def check_private(file: Path, key: str) -> None:
    if file.stat().st_mode & 0o077:
        raise ConfigError(
            f"{file} holds {key} and is open to others; expected: a file that its owner alone can read",
            f"chmod 600 {file}",
        )


def refuse_misspelt(env: Mapping[str, str], known: Collection[str]) -> None:
    """Of the variables that are no setting only those that look like one: others may be somebody else's (Kubernetes
    sets OUTBOX_PORT for a service named outbox).
    """
    allowed = {*known, *(f"{v}_FILE" for v in known), "OUTBOX_CONFIG"}
    for name in env:
        if name.startswith("OUTBOX_") and name not in allowed:
            likely = difflib.get_close_matches(name, known, 1, cutoff=0.85)
            if likely:
                raise ConfigError(f"the environment has {name}, which is no setting; expected: {likely[0]}")


@dataclass
class Source:
    """The file (None: there is none) and the environment. origins: where each setting was found."""

    file: Path | None
    env: Mapping[str, str]
    origins: dict[str, str] = field(default_factory=dict)

    def build(self, cls: type[T], table: object, prefix: str, parts: Collection[str], **given: Any) -> T:
        """A dataclass of settings; `given` are its fields that are none, `parts` the tables that are read already."""
        settings = list(declared(cls))
        kinds = get_type_hints(cls)
        names = [f.name for f in settings] + [f"{f.name}_file" for f in settings if kinds[f.name] is Secret]
        table = self.table(table, prefix, [*parts, *names])
        values = {f.name: self._value(f, kinds[f.name], table, prefix + f.name) for f in settings}
        return cls(**values, **given)

    def table(self, table: object, prefix: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """A table of the file, in which nothing stands but these names (None: any)."""
        if not isinstance(table, dict):
            raise self.wrong(prefix.rstrip("."), "a table")
        for name in table if names is not None else ():
            if name not in (names or ()):
                likely = difflib.get_close_matches(name, names or (), 1) or names or ()
                expected = " or ".join(likely) if len(likely) < 3 else "one of " + ", ".join(likely)
                raise ConfigError(f"{self.file}: there is no setting {prefix}{name}; expected: {expected}")
        return table

    def wrong(self, key: str, expected: str) -> ConfigError:
        """The value itself is not shown: it may be a secret in the wrong place."""
        where = variable(key) if self.origins.get(key) == variable(key) else f"{self.file}: {key}"
        return ConfigError(f"{where} has a wrong value; expected: {expected}")

    def _value(self, of: Field[Any], kind: type, table: Mapping[str, Any], key: str) -> Any:
        try:
            if text := self.env.get(variable(key)):  # an empty one is not set
                self.origins[key] = variable(key)
                return from_text(text, kind, of)
            if kind is Secret and (named := self.env.get(f"{variable(key)}_FILE")):
                return self._secret(Path(named), key)
            if of.name in table:
                self.origins[key] = str(self.file)
                value = from_toml(table[of.name], kind, of)
                return Secret(value.reveal(), lambda: self._read_again(key)) if kind is Secret else value
        except ValueError as e:
            raise self.wrong(key, str(e)) from None
        if kind is Secret and (named := table.get(f"{of.name}_file")) is not None:
            return self._secret(Path(str(named)), key)
        self.origins[key] = "default"
        return of.default

    def _secret(self, file: Path, key: str) -> Secret:
        self.origins[key] = str(file)

        def read() -> str:
            try:
                text = file.read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as e:
                raise ConfigError(f"{key}_file names {file}, which cannot be read: {type(e).__name__}") from None
            # systemd's own folder is closed; the files in it may have an access list, which shows as a right of the
            # group.
            if str(file.parent) != self.env.get("CREDENTIALS_DIRECTORY"):
                check_private(file, key)
            return text

        return Secret(read(), read)

    def _read_again(self, key: str) -> str:
        """A secret that stands in the settings file itself."""
        assert self.file is not None
        found: Any = read_file(self.file)
        for name in key.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise self.wrong(key, "a text")
        check_private(self.file, key)
        return found
