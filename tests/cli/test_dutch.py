"""The person at the desk reads Dutch: every text has both languages, and what the relay stores is translated."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path
from typing import get_type_hints

import click
import psycopg
import pytest

from outbox import errors
from outbox.cli import COMMANDS, outbox
from outbox.cli.language import Spoken
from outbox.config import CompanySettings, Settings, TargetSettings
from outbox.config.source import declared
from outbox.config.values import expected
from outbox.relay import brake
from outbox.resources import RESOURCES, TARGETS
from outbox.words import Words, language_of
from outbox.words.dutch import TEXTS
from outbox.words.errors import ERRORS, EXPECTED
from outbox.words.help import HELP
from outbox.words.names import CLOUDS, COLUMNS, HEADINGS, NOUNS, RESOURCE_NAMES, THINGS
from outbox.words.reasons import REASONS
from tests.cli.conftest import NOWHERE, Shell, on_a_terminal, write_settings

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


@pytest.mark.parametrize("table", [TEXTS, REASONS, ERRORS, EXPECTED], ids=["texts", "reasons", "errors", "expected"])
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
    "paused: projects of company 001 (wordt samengevoegd)": (
        "gepauzeerd: projecten van onderneming 001 (wordt samengevoegd)"
    ),
    "not sent: the platform is down (PUT /users/1: no answer within 10 s)": (
        "niet verzonden: de cloud is onbereikbaar (PUT /users/1: geen antwoord binnen 10 s)"
    ),
    "GET /users was answered 502 without words; that was not the API itself": (
        "GET /users kreeg antwoord 502 zonder toelichting; dat was niet de API zelf"
    ),
    "POST /tenants was answered 401: invalid, also with a new token": (
        "POST /tenants kreeg antwoord 401: invalid, ook met een nieuw token"
    ),
    # by sql/relay/note_unrecorded.sql
    "found afterwards: no relay lived to record whether this call left": (
        "later gevonden: geen relay heeft kunnen vastleggen of deze aanroep is gedaan"
    ),
    "the cloud's own words, whatever they are": "the cloud's own words, whatever they are",
}


@pytest.mark.parametrize("stored", STORED)
def test_stored_reasons_are_translated(stored: str) -> None:
    """Ours, that is; what the cloud said, and what is not known here, is repeated as it is."""
    assert NL.reason(stored) == STORED[stored]


def test_reasons_of_the_relay_are_known() -> None:
    """Every sentence that relay and targets can store, from their source: a new one needs its Dutch."""
    whole = {text for part in _sentences() for text in _WHOLE.get(part, [part])}
    assert {text for text in whole if NL.reason(text) == text} == set()
    assert set(_WHOLE) <= _sentences()


# Sentences that are put together from parts which stand elsewhere.
_WHOLE = {
    "7, which is looked at first": ["its company 7 is to be removed, which is looked at first"],
    "7, which was rejected": ["its company 7 is to be removed, which was rejected"],
    "7, which is held: 7": ["its company 7 is to be removed, which is held: 7"],
    "the calls that 7 allows are used up": [
        f"the calls that {w} allows are used up" for w in ("the target", "company 7")
    ],
    "the e-mail address belongs to 7 in the cloud": [
        f"the e-mail address belongs to {who} in the cloud"
        for who in ("user 7", "an account that nobody here is linked to")
    ],
    "brake: 7; decide with: outbox approve --batch 7 (or reject)": [
        brake.words(resource, call, 7, held, brake.Limits(), 17)
        for resource, call in (("users", "remove"), ("users", "create"), ("company_access", "create"))
        for held in (7, 1000)
    ],
}

# What makes a reason: the errors and decisions, and the names that hold one until it is stored.
_MADE_BY = {"Transient", "Unknown", "Refused", "Ambiguous", "PlatformDown", "NotAllowed", "TooLarge", "NoReply"}
_MADE_BY |= {"Postpone", "Settle", "_wait_for", "_not_known", "_again", "_settled", "getattr"}
_HELD_BY = {"why", "error", "sentence"}


def _sentences() -> set[str]:
    """With a 7 for what is filled in; of a choice, each."""
    found: set[str] = set()
    for module in [m for part in ("relay", "targets") for m in (ROOT / part).glob("*.py")]:
        for node in ast.walk(ast.parse(module.read_text())):
            for value in _values(node):
                found |= {text for text in _templates(value) if re.search(r"[a-z] [a-z]", text)}
    return found


def _values(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _MADE_BY:
        return [*node.args, *(k.value for k in node.keywords if k.arg in _HELD_BY)]
    if isinstance(node, ast.Assign):
        names = {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        return _elements(node.value) if names & _HELD_BY else []
    return [node.value] if isinstance(node, ast.Return) and node.value is not None else []


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _templates(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr():
            return ["".join(str(v.value) if isinstance(v, ast.Constant) else _filled(v) for v in node.values)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in _templates(left) for b in _templates(right)]
        case ast.IfExp():
            return _templates(node.body) + _templates(node.orelse)
        case ast.Subscript():
            return _templates(node.value)
    return []


def _filled(value: ast.expr) -> str:
    """A call where one is told, else a number, which is also a name."""
    return "GET /users" if re.search(r"\b(asked|answer\.what)\b", ast.unparse(value)) else "7"


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
    assert "er gaat een uitnodiging per e-mail naar 22 nieuwe gebruikers" in out
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


# What register, explain and status go through before and while they answer.
ENDING = ["database.py", "cli/opening.py", "cli/register.py", "cli/meeting.py", "cli/rest.py", "register/*.py"]
ENDING += ["config/*.py", "targets/platform.py", "targets/hosts.py"]


def test_what_these_commands_can_end_with_is_known() -> None:
    """Each sentence of an error that they raise, and each hint that is more than a command."""
    found = set()
    for module in [m for pattern in ENDING for m in ROOT.glob(pattern)]:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(getattr(errors, ast.unparse(node.func), None), type):
                found |= {text for a in node.args for text in _templates(a) if re.search(r"[a-z] [a-z]", text)}
    commands = {text for text in found if text.startswith("outbox ") and len(text.split()) == 2}
    assert {text for text in found - commands if NL.error(text) == text} == set()


def test_hints_of_the_errors_are_known() -> None:
    hints = {cls.hint for cls in (errors.DatabaseUnavailable, errors.NotAtHome, errors.ConfigError)}
    assert {hint for hint in hints if NL.error(hint) == hint} == set()


def test_what_a_setting_must_be_is_known() -> None:
    """Of every setting that there is; and what is said of the parts of a table, from the source."""
    found = {
        expected(get_type_hints(cls)[f.name], f)
        for cls in (Settings, TargetSettings, CompanySettings)
        for f in declared(cls)
    }
    for module in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("wrong", "ValueError")):
                found |= set(_templates(node.args[-1]))
    assert {"a whole number of at least 0 and at most 65535", "a table"} <= found
    known = {text: NL.error(f"lease_s has a wrong value; expected: {text}") for text in found}
    assert {text for text, dutch in known.items() if dutch.endswith(f": {text}")} == set()


# What is wrong with the settings, and what is said of it.
UNSET = {
    "lease = 3": "outbox.toml: er is geen instelling lease; verwacht: lease_s",
    "[visma]": "outbox.toml: er is geen instelling visma; verwacht: visma_net",
    "[visma_net.defaults]\ncode = 1": (
        "outbox.toml: er is geen instelling visma_net.defaults.code; verwacht: template of def_sub"
    ),
    "attempts = 0": (
        "outbox.toml: attempts heeft een verkeerde waarde; verwacht: een geheel getal, ten minste 1 en ten hoogste"
        " 100000000"
    ),
    "visma_net = 3": "outbox.toml: visma_net heeft een verkeerde waarde; verwacht: een tabel",
    "[visma_net]\nremoved_status = 'Gone'": (
        "outbox.toml: visma_net.removed_status heeft een verkeerde waarde; verwacht: een van Completed, Cancelled"
    ),
    "dsn = ": "outbox.toml is geen TOML: Invalid value (at end of document)",
    "[visma_net]\ndeadline_s = 15": (
        "visma_net.deadline_s is 15 en lease_s is 15; verwacht: een lease die langer is dan de deadline, anders wordt"
        " er nooit iets verzonden"
    ),
}


@pytest.mark.parametrize("text", UNSET)
def test_what_is_wrong_with_a_setting_is_told_in_dutch(shell: Shell, text: str) -> None:
    """The names of settings stay; each with what to do next."""
    write_settings(text)
    for command in ("register", "explain visma_net users X", "status"):
        result = shell(*command.split(), "--lang", "nl")
        assert (result.code, result.out) == (78, "")
        assert result.err == f"outbox: {UNSET[text]}\n  probeer: outbox help settings noemt ze allemaal\n"


def test_a_missing_client_is_told_in_dutch(shell: Shell, site: psycopg.Connection) -> None:
    """What only a register needs is found out before anything is written."""
    write_settings("")
    asked = ("register", "users", "--target", "visma_net", "--yes", "--lang", "nl")
    result = shell(*asked)
    assert (result.code, "outbox: visma_net vraagt om client_id en client_secret\n" in result.err) == (78, True)
    write_settings("[visma_net]\nclient_id = 'a'\nclient_secret = 'b'\nerp_url = 'http://192.168.0.1'")
    assert "erp_url of visma_net is 'http://192.168.0.1'; alleen https kan" in shell(*asked).err
    assert site.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)


@pytest.mark.parametrize("command", ["register", "explain visma_net users X", "status"])
def test_an_error_is_told_in_dutch(shell: Shell, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's own words stay."""
    monkeypatch.setenv("OUTBOX_DSN", NOWHERE)
    result = shell(*command.split(), "--lang", "nl")
    assert result.code == 69
    assert "outbox: de database is niet te gebruiken: connection failed" in result.err
    assert "  probeer: zet OUTBOX_DSN op een bereikbare database" in result.err
    assert shell("register", "--key", "x", "--lang", "nl").err.endswith("--key vraagt om precies één RESOURCE\n")


# What is wrong with the arguments, and what is said of it.
WRONG = {
    "explain": "TARGET ontbreekt; kies uit: accountview_net, visma_net",
    "explain visma users X": "TARGET kan niet 'visma' zijn; kies uit: 'accountview_net', 'visma_net'",
    "explain visma_net projects 001": "de sleutel van projecten is ondernemingscode, projectcode: 2 waarden, niet 1",
    "register --kee": "er is geen optie '--kee'; bedoelt u een van deze: '--key', '--yes'?",
    "register --tar x": "er is geen optie '--tar'; bedoelt u '--target'?",
    "register users --yes --removals x": "--removals is een getal, niet 'x'",
    "register users --yes --removals -1": "--removals is ten minste 0, niet -1",
    "register --report .": "--report: '.' is een map, geen bestand",
    "register --dry-run=1": "optie '--dry-run' heeft geen waarde",
    "register --report": "optie '--report' vraagt om een waarde",
    "status --xml": "er is geen optie '--xml'",
    "status extra more": "er staat te veel: extra more",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_arguments_are_told_in_dutch(command: str, shell: Shell) -> None:
    """By --lang, wherever it stands, or by the locale; click's own English is known by its words."""
    name, *rest = command.split()
    result = shell(name, "--lang", "nl", *rest)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"Fout: {WRONG[command]}\n")


def test_wrong_arguments_by_the_locale(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a command that speaks English alone too: what is said there is English."""
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    assert "Fout: er is geen opdracht 'statis'" in shell("statis").err
    assert shell("status", "--xml").err.startswith("Gebruik: outbox status [OPTIONS]\n")
    assert "Error: No such option '--xml'" in shell("status", "--lang", "en", "--xml").err
    assert "Error: No such option '--xml'" in shell("config", "--xml").err


def test_help_in_dutch(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each command that speaks it, whole: a paragraph or an option without its Dutch ends here, as does Dutch for
    what is not said any more. The examples stay.
    """
    spoken = [name for name in COMMANDS if isinstance(outbox.get_command(click.Context(outbox), name), Spoken)]
    english = {name: shell(name, "--help") for name in spoken}
    assert spoken == ["register", "status", "explain"]
    told = " ".join(" ".join(result.out for result in english.values()).split())
    assert {text for text in HELP if text not in told} == set()
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    for name in spoken:
        result = shell(name, "--help")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"Gebruik: outbox {name} [OPTIONS]")
        assert re.findall(r"^ +outbox .*", result.out, re.M) == re.findall(r"^ +outbox .*", english[name].out, re.M)
        assert shell(name, "--help", "--lang", "en").out == english[name].out
    assert "Bij --yes: akkoord voor zo veel" in shell("register", "--help").out
    assert shell("prune", "--help").out.startswith("Usage: ")


def test_a_person_says_yes_in_dutch(shell: Shell, site: psycopg.Connection) -> None:
    """j is yes, Enter is no."""
    asks = ("register", "users", "--key", "BAKKER", "--target", "visma_net", "--lang", "nl")
    code, seen = on_a_terminal(*asks, typed=" ")
    assert (code, "Registreren? [j/N]: " in seen, seen.splitlines()[-1]) == (130, True, "gestopt")
    code, seen = on_a_terminal(*asks, typed="j")
    assert (code, "1 aangemaakt" in seen.splitlines()[-1]) == (0, True)
