"""What the person at the desk reads, in English or in Dutch.

The English text is the name of the text: `say("{keys} are not in {cloud}", keys=..., cloud=...)`. Its Dutch stands
beside it in outbox/words/dutch.py (names of things: names.py). The reasons that the relay stores in English are turned
into Dutch by reasons.py, errors that end a command by errors.py, --help by help.py. What a cloud said stays as it was
said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import LiteralString

from outbox.words.dutch import TEXTS
from outbox.words.errors import ERRORS, EXPECTED
from outbox.words.help import HELP
from outbox.words.names import (
    CLOUDS,
    COLUMNS,
    DECISIONS,
    HEADINGS,
    NEUTER,
    NOUNS,
    OUTCOMES,
    RESOURCE_NAMES,
    THINGS,
)
from outbox.words.reasons import REASONS

LANGUAGES = ("en", "nl")
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides, as everywhere
_UNITS = (("{n} d", 86_400), ("{n} h", 3_600), ("{n} min", 60), ("{n} s", 1))
_LISTED = re.compile(r"^(\s*(?:\d+\s+)?)(?!\s|\d|outbox |\x08)(.+)$", re.MULTILINE)  # an example is a command
_ANSWERED = re.compile(r"[A-Z]+ \S+ was answered (?P<status>\d+): (?P<words>.+)", re.DOTALL)


def language_of(environment: Mapping[str, str]) -> str:
    """
    >>> language_of({"LANG": "nl_NL.UTF-8"}), language_of({"LC_ALL": "C", "LANG": "nl_NL.UTF-8"})
    ('nl', 'en')
    """
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return "nl" if locale.lower().startswith("nl") else "en"


class Words:
    """say("text with {value}", value=...), and the names of things, in one language."""

    def __init__(self, language: str = "en") -> None:
        self.language = language

    def __call__(self, text: LiteralString, /, **values: object) -> str:
        return self._template(TEXTS, text).format(**values)

    def _template(self, table: Mapping[str, str], english: str) -> str:
        return table[english] if self.language == "nl" else english

    def _chosen(self, pair: tuple[str, str]) -> str:
        return pair[LANGUAGES.index(self.language)]

    def help(self, text: str) -> str:
        """What --help says: by paragraphs, and by lines where click is to leave them as they are."""
        return "\n\n".join(
            _LISTED.sub(lambda line: line[1] + self._template(HELP, line[2]), paragraph)
            if paragraph.startswith("\b")
            else self._template(HELP, " ".join(paragraph.split()))
            for paragraph in text.split("\n\n")
        )

    # -- names

    def count(self, number: int, noun: LiteralString) -> str:
        """count(2, "message") is "2 messages", or "2 berichten"."""
        one, many = NOUNS[noun][self.language]
        return f"{self.number(number)} {one if number == 1 else many}"

    def number(self, number: int) -> str:
        """12345 is "12,345", or "12.345"."""
        return f"{number:,}".replace(",", "." if self.language == "nl" else ",")

    def cloud(self, target: str) -> str:
        """What people call a target."""
        return CLOUDS.get(target, target)

    def target(self, name: str) -> str:
        """As it stands in tables: in English as commands have it."""
        return self.cloud(name) if self.language == "nl" else name

    def resource(self, name: str) -> str:
        """As it stands in tables: in English as commands have it."""
        return RESOURCE_NAMES.get(name, name) if self.language == "nl" else name

    def heading(self, name: str) -> str:
        return self._template(HEADINGS, name)

    def became(self, outcome: str) -> str:
        """An outcome, or else a status: "not ready", or "nog niet gereed"."""
        text = outcome.replace("_", " ")
        return OUTCOMES.get(text, text) if self.language == "nl" else text

    def decision(self, name: str) -> str:
        """decision("reject") is "rejected", or "afgewezen"."""
        return self._chosen(DECISIONS[name]) if name in DECISIONS else name

    def thing(self, resource: str, key: Sequence[str]) -> str:
        """thing("projects", ["001", "P1"]) is "project P1 of company 001"; a key that is too short stays as it is."""
        pair = THINGS.get(resource)
        try:
            return self._chosen(pair).format(*key) if pair else " ".join((resource, *key))
        except IndexError:
            return " ".join((resource, *key))

    def one(self, resource: str, name: str) -> str:
        """one("users", "Jan") is "user Jan", of an object that has no key of ours."""
        return self._chosen(THINGS[resource]).format(name)

    def column(self, name: str) -> str:
        """column("kvk_number") is "KVK number", or "KVK-nummer"; a licence: "licence APPROVAL"."""
        if name.startswith("licence ") and self.language == "nl":
            return "licentie " + name.removeprefix("licence ").replace(" or ", " of ")
        return self._chosen(COLUMNS[name]) if name in COLUMNS else name

    def the(self, name: str) -> str:
        """the("kvk_number") is "the KVK number", or "het KVK-nummer"; a name of the view's own stays as it is."""
        if name not in COLUMNS:
            return name
        column = self.column(name)
        if self.language == "en":
            return f"the {column}"
        return f"{'het' if column in NEUTER else 'de'} {column}"

    def listed(self, names: Sequence[str]) -> str:
        """listed(["a", "b", "c"]) is "a, b and c"."""
        if len(names) < 2:
            return "".join(names)
        return self("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])

    def moment(self, at: datetime) -> str:
        """In the time of this machine: 2026-11-23 10:40, or 23-11-2026 10:40."""
        return f"{at.astimezone():{'%d-%m-%Y %H:%M' if self.language == 'nl' else '%Y-%m-%d %H:%M'}}"

    def duration(self, seconds: float) -> str:
        """duration(75) is "1 min", duration(7300) is "2 h"; in Dutch "2 uur"."""
        seconds = max(1.0, seconds)
        unit, size = next((u for u in _UNITS if seconds >= u[1]), _UNITS[-1])
        return self._template(TEXTS, unit).format(n=f"{seconds / size:.0f}")

    # -- what the relay stored

    def reason(self, stored: str | None) -> str:
        """A reason of outbox.message.error as a person says it. The cloud's own words stay, and what is not known."""
        return self._known(REASONS, stored or "")

    def refusal(self, stored: str | None) -> str:
        """The reason of what is dead: the cloud's own words, without the call, where there are any.

        >>> Words().refusal("PUT /users/7 was answered 422: ERROR_INVALID_EMAIL")
        'ERROR_INVALID_EMAIL (422)'
        """
        said = _ANSWERED.fullmatch(stored or "")
        return f"{said['words']} ({said['status']})" if said else self.reason(stored)

    def error(self, text: str) -> str:
        """The sentence with which a command ends, or what it tells to try; what is not known stays."""
        return self._known(ERRORS, text)

    def _known(self, table: Mapping[str, str], text: str) -> str:
        for english, pattern in _patterns(tuple(table)):
            if found := pattern.fullmatch(text):
                return self._template(table, english).format(**self._parts(found.groupdict()))
        return text

    def _parts(self, values: dict[str, str]) -> dict[str, str]:
        """columns and things are named anew; a reason within a reason is one of its own."""
        if "columns" in values:
            values["columns"] = ", ".join(self.column(c) for c in values["columns"].split(", "))
        if "parent" in values:
            values["parent"] = self.thing(values["parent"], values.pop("key").split(" "))
        if "part" in values:
            values["part"] = self._part(values["part"])
        if "expected" in values:
            values["expected"] = self._known(EXPECTED, values["expected"])
        for name in ("why", "then"):
            if name in values:
                values[name] = self.reason(values[name])
        return values

    def _part(self, stored: str) -> str:
        """Of what is paused: "projects of company 001", "users", "company 001"."""
        resource, of, code = stored.rpartition("company ")
        if not of:
            return self.resource(stored)
        company = self("company {code}", code=code)
        name = self.resource(resource.removesuffix(" of "))
        return self("{part} of {whole}", part=name, whole=company) if name else company


@cache
def _patterns(texts: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    """In the order of the table: the first that fits counts."""
    return [(english, _pattern(english)) for english in texts]


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    text = "".join(_group(p) if i % 2 else re.escape(p) for i, p in enumerate(parts))
    # As the relay stores them: "companies 001 is not in the cloud".
    return re.compile(text.replace(r"(?P<parent>.+?)", r"(?P<parent>\w+) (?P<key>.+?)"), re.DOTALL)


def _group(name: str) -> str:
    if name == "call":
        return r"(?P<call>(?:GET|POST|PUT|DELETE) \S+)"
    return rf"(?P<{name}>\d+)" if name in ("status", "number", "rows") else rf"(?P<{name}>.+?)"
