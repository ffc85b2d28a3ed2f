"""The pages that follow from the code, or could go stale against it."""

from __future__ import annotations

import re

import psycopg
import pytest

from outbox import errors
from outbox.cli import outbox, run
from outbox.cli.help import PAGES, commands
from outbox.cli.language import INTERRUPTED
from outbox.config import CompanySettings, Settings, TargetSettings
from outbox.config.source import declared
from outbox.operator.audit import read_questions
from outbox.service.metrics import MEANINGS


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def test_every_option_setting_question_and_metric_is_below_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    """As the code says, with what it means."""

    def below(topic: str) -> dict[str, str]:
        assert run(["help", topic]) == 0
        parts = capsys.readouterr().out.removeprefix(page(topic)).split("\n## ")
        return {title: text for title, _, text in (part.partition("\n") for part in parts)}

    each = below("commands")
    for name, command in commands(outbox):
        assert all(o in each[f"outbox {name}"] for option in command.params for o in option.opts if o[0] == "-")
    *_, for_all, for_each_cloud, for_companies = below("settings").values()
    for cls, text in ((Settings, for_all), (TargetSettings, for_each_cloud), (CompanySettings, for_companies)):
        assert all(re.search(rf"(?m)^{of.name} .* {re.escape(of.metadata['help'])}$", text) for of in declared(cls))
    told = below("audit")
    for question in read_questions().values():
        remarks = re.findall(r"(?m)^-- (\(.*\))$", question.sql)
        assert all(w in told[question.name] for w in (question.title, *question.parameters.values(), *remarks))
    metrics = below("service")["Metrics"]
    assert all(re.search(rf"(?m)^{name} +{re.escape(meaning)}$", metrics) for name, meaning in MEANINGS.items())


def test_every_exit_code_is_in_its_page() -> None:
    """Those of the errors, those of differences, and those that click and a signal give; and no other."""
    known = {int(code) for code in re.findall(r"^\| (\d+) \|", page("commands"), re.MULTILINE)}
    assert {cls.exit_code for cls in _errors(errors.OutboxError)} | {0, 1, 2, 3, INTERRUPTED} == known


def _errors(cls: type[errors.OutboxError]) -> set[type[errors.OutboxError]]:
    return {cls}.union(*map(_errors, cls.__subclasses__()))


def test_every_value_that_the_tables_allow_is_explained(database: str) -> None:
    """Status, outcome, operation, intent, decision: from the CHECK constraints themselves."""
    with psycopg.connect(database) as connection:
        checks = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'outbox'::regnamespace AND contype = 'c'"
        ).fetchall()
    values = {word for (check,) in checks if "ARRAY[" in check for word in re.findall(r"'(\w+)'::text", check)}
    assert {"pending", "superseded", "DRIFT", "remove", "approve"} <= values
    explained = {word for line in page("messages").splitlines() if line.startswith("| `")
                 for word in re.findall(r"`(\w+)`", line.split("|")[1])}  # fmt: skip
    assert values == explained


def test_every_table_with_personal_data_is_in_the_privacy_page(database: str) -> None:
    """A new column that can hold a text is a question about privacy: it is answered there, or here."""
    harmless = {"migration", "manifest", "identity", "lease", "bell", "rate", "target", "application"}
    with psycopg.connect(database) as connection:
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'outbox'")}
    assert {t for t in tables if f"`outbox.{t}" not in page("privacy")} <= harmless
