"""The person at the desk reads Dutch: every text has both languages, and what the relay stores is translated."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import psycopg
import pytest

from outbox.resources import RESOURCES, TARGETS
from outbox.words import Words, language_of
from outbox.words.dutch import REASONS, TEXTS
from outbox.words.names import CLOUDS, COLUMNS, HEADINGS, NOUNS, RESOURCE_NAMES, THINGS
from tests.cli.conftest import Shell

ROOT = Path(__file__).parents[2] / "outbox"
NL, EN = Words("nl"), Words("en")


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def said(method: str) -> set[str]:
    """The texts that the program says: the first argument of say(...), say.count(...), say.heading(...)."""
    found = set()
    for module in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (f"say{method}", f"self{method}"):
                found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def test_every_text_that_is_said_has_its_dutch() -> None:
    """And there is no Dutch for what nobody says any more."""
    units = {"{n} d", "{n} h", "{n} min", "{n} s"}
    assert said("") | units == set(TEXTS)
    assert said(".count") <= set(NOUNS)
    assert set(HEADINGS) >= said(".heading")


@pytest.mark.parametrize("table", [TEXTS, REASONS], ids=["texts", "reasons"])
def test_placeholders_are_equal(table: dict[str, str]) -> None:
    for english, dutch in table.items():
        assert placeholders(english) == placeholders(dutch), english
        assert dutch.strip(), english


def test_names_are_complete() -> None:
    """Targets, resources and all of their columns, in both languages, with every value of the key in them."""
    assert set(CLOUDS) == set(TARGETS)
    assert set(RESOURCE_NAMES) == set(THINGS) == set(RESOURCES)
    for resource in RESOURCES.values():
        assert {*resource.key, *resource.columns} <= set(COLUMNS)
        for text in THINGS[resource.name]:
            assert [f"{{{n}}}" in text for n in range(len(resource.key))] == [True] * len(resource.key)
    assert all(len(pair) == 2 and all(pair) for n in NOUNS.values() for pair in n.values())


# A reason as the relay stores it, and what is read at the desk.
STORED = {
    "missing: kvk_number, street, postal_code, city": "ontbreekt: KVK-nummer, adres, postcode, plaats",
    "missing: first_name, last_name, email": "ontbreekt: voornaam, achternaam, e-mailadres",
    "missing: licence APPROVAL or AUTOREPORT": "ontbreekt: licentie APPROVAL of AUTOREPORT",
    "missing: btw_nummer": "ontbreekt: btw_nummer",
    "companies 003 is not in the cloud": "onderneming 003 staat niet in de cloud",
    "register to remove": "wordt verwijderd zodra u de gebruikers registreert",
    "given up: POST /project was answered 500: Fout in veld": (
        "opgegeven: POST /project kreeg antwoord 500: Fout in veld"
    ),
    "PUT /users/1 was answered 422: ERROR_INVALID_EMAIL: not an address": (
        "PUT /users/1 kreeg antwoord 422: ERROR_INVALID_EMAIL: not an address"
    ),
    "user jan is about to give up this e-mail, but is held, dead or not looked at himself": (
        "gebruiker jan krijgt nog een ander e-mailadres dan dit, maar wacht zelf op een beslissing, is geweigerd of "
        "wordt niet bekeken"
    ),
    "the cloud's own words, whatever they are": "the cloud's own words, whatever they are",
}


@pytest.mark.parametrize("stored", STORED)
def test_stored_reasons_are_translated(stored: str) -> None:
    """Ours, that is; what the cloud said, and what is not known here, is repeated as it is."""
    assert NL.reason(stored) == STORED[stored]


def test_reasons_of_the_relay_are_known() -> None:
    """Every reason that the pure rules write has a pattern that fits it: a new one needs its Dutch."""
    for module in ("schedule", "people", "settle"):
        for text in _reasons(ROOT / "relay" / f"{module}.py"):
            known = [e for e in REASONS if _alike(e) == _alike(text)]
            assert known or NL.reason(text.replace("{}", "x")) != text.replace("{}", "x"), text


def _reasons(module: Path) -> set[str]:
    """What stands as error=, as the reason of a Postpone or as why; a placeholder is {}."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "error":
            found.add(_template(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("Postpone", "_wait_for", "Settle"):
            found |= {_template(a) for a in node.args}
    return {f for f in found if " " in f}


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)  # type: ignore[misc]
    return ""


def _alike(text: str) -> str:
    return re.sub(r"\{\w*\}", "{}", text)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "nl_BE"}, "nl"),
        ({"LC_MESSAGES": "nl_NL.UTF-8", "LANG": "en_US.UTF-8"}, "nl"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "nl_NL.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "nl_NL.UTF-8"}, "nl"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG, the first that is set."""
    assert language_of(environment) == language


def test_the_option_goes_before_the_locale(
    shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "not active yet" in shell("status").out
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    assert "nog niet actief" in shell("status").out
    assert "not active yet" in shell("status", "--lang", "en").out
    assert shell("status", "--lang", "de").code == 2


def test_register_in_dutch(shell: Shell, site: psycopg.Connection) -> None:
    """The preview, the result per row, and the totals."""
    out = shell("register", "--yes", "companies", "users", "--lang", "nl").out
    assert "22 nieuwe gebruikers krijgen een uitnodiging per e-mail" in out
    assert "Visma.net wordt actief: vanaf nu gaat elke wijziging vanzelf mee" in out
    lines = [re.split(r"\s{2,}", line) for line in out.splitlines()]
    assert ["Visma.net", "ondernemingen", "003", "nog niet gereed", "ontbreekt: KVK-nummer"] in lines
    assert ["Visma.net", "gebruikers", "STAGE", "nog niet gereed", "ontbreekt: achternaam"] in lines
    assert "aangemaakt" in out.splitlines()[-1]
    assert not re.search(r"\b(not ready|held|created|missing)\b", out)


def test_numbers_and_times() -> None:
    assert (NL.number(12345), EN.number(12345)) == ("12.345", "12,345")
    assert (NL.duration(7300), EN.duration(7300), EN.duration(0.01)) == ("2 uur", "2 h", "1 s")
    assert NL.listed(["a", "b", "c"]) == "a, b en c"
    assert NL.thing("projects", ["001"]) == "projects 001"
