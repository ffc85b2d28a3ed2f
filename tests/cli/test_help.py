"""The pages that are read without a network, and the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from outbox.cli import COMMANDS, outbox, run
from outbox.cli.help import topics

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("topic", topics())
def test_every_topic_is_printed_whole(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`outbox help TOPIC` prints the page."""
    assert run(["help", topic]) == 0
    page = (ROOT / "outbox" / "docs" / f"{topic}.md").read_text()
    assert page.strip() in capsys.readouterr().out


def test_help_lists_the_topics(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a topic: what there is, each with its title."""
    assert run(["help"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == topics()


def test_an_unknown_topic_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong input: what was asked, what there is, exit code 2."""
    assert run(["help", "nothing"]) == 2
    assert "'nothing' is not one of" in capsys.readouterr().err


def test_the_list_of_commands_fits_a_terminal() -> None:
    """80 columns: what each command does is said whole."""
    shown = CliRunner().invoke(outbox, ["--help"], terminal_width=80).output
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    """One runnable example each."""
    shown = CliRunner().invoke(outbox, [name, "--help"]).output
    assert re.search(r"Examples?:\n\s+outbox " + name, shown), shown


def test_topics_and_folders_that_the_readme_names_are_there() -> None:
    """A README that points at nothing is worse than none."""
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"`outbox help ([a-z-]+)`", text)) <= set(topics())
    listed = {
        name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`([a-z-]+)`", row)
    }
    assert listed == set(topics())
    for folder in re.findall(r"`((?:sql|outbox|migrations|tests)/[\w/.]*)`", text):
        assert (ROOT / folder).exists(), folder


def test_the_ci_runs_the_test_command_of_the_readme() -> None:
    """Exactly it."""
    commands = re.findall(r"```sh\n(.+)\n```", (ROOT / "README.md").read_text())
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()
