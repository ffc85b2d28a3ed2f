"""Settings: where each value comes from, and one clear sentence for each that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from outbox.config import Settings, TargetSettings, load
from outbox.config.values import Secret
from outbox.errors import ConfigError
from outbox.relay.retry import Patience
from outbox.relay.settle import Times
from outbox.service.process import Rhythm
from outbox.service.wiring import make_patience, make_rhythm

FILE = """
dsn = "postgresql://demo@localhost/av"
lease_s = 30

[visma_net]
client_id = "from-file"
client_secret = "s3cret"
deadline_s = 5.5

[visma_net.defaults]
template = "STD"

[visma_net.companies.001]
def_sub = { 1 = "10", 2 = 20 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def refusal(path: Path | None, env: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, env or {})
    assert "s3cret" not in caught.value.why
    return caught.value.why


def test_values_of_the_file(file: Path) -> None:
    """Tables of targets and companies become their settings; what is not named keeps its default."""
    settings = load(file, {})
    visma = settings.targets["visma_net"]
    assert settings.dsn.reveal() == "postgresql://demo@localhost/av"
    assert (settings.lease_s, settings.attempts) == (30.0, 12)
    assert (visma.client_id, visma.client_secret.reveal(), visma.deadline_s) == ("from-file", "s3cret", 5.5)
    assert visma.defaults.template == "STD"
    assert visma.companies["001"].def_sub == {"1": "10", "2": "20"}
    assert settings.targets["accountview_net"] == TargetSettings("accountview_net")


def test_environment_goes_before_the_file(file: Path) -> None:
    """Also with text that has to become a number or a truth value; an empty variable is not set."""
    env = {
        "OUTBOX_CONFIG": str(file),
        "OUTBOX_DSN": "postgresql://other/db",
        "OUTBOX_VISMA_NET_CLIENT_ID": "from-env",
        "OUTBOX_VISMA_NET_CONCURRENCY": "3",
        "OUTBOX_VISMA_NET_ALLOW_PRIVATE_HOSTS": "true",
        "OUTBOX_LEASE_S": "",
    }
    settings = load(env=env)
    visma = settings.targets["visma_net"]
    assert settings.dsn.reveal() == "postgresql://other/db"
    assert (visma.client_id, visma.concurrency, visma.allow_private_hosts) == ("from-env", 3, True)
    assert settings.lease_s == 30.0


def test_secret_never_shows(file: Path) -> None:
    """Neither in the settings as a whole nor in a format string; it still compares and opens."""
    settings = load(file, {})
    secret = settings.targets["visma_net"].client_secret
    assert "s3cret" not in f"{settings} {settings!r} {secret} {[secret]}"
    assert secret == Secret("s3cret")


def test_secret_is_read_again_from_where_it_came(tmp_path: Path, file: Path) -> None:
    """From its own file or from the settings file, with the same demands on the file's mode; a variable stays."""
    kept = tmp_path / "secret"
    kept.write_text("s3cret")
    kept.chmod(0o600)
    of_its_own = load(env={"OUTBOX_VISMA_NET_CLIENT_SECRET_FILE": str(kept)}).targets["visma_net"].client_secret
    in_the_settings = load(file, {}).targets["visma_net"].client_secret
    of_a_variable = load(env={"OUTBOX_VISMA_NET_CLIENT_SECRET": "s3cret"}).targets["visma_net"].client_secret
    for path in (kept, file):
        path.write_text(path.read_text().replace("s3cret", "n3w"))
    for secret in (of_its_own, in_the_settings):
        assert secret.read_again() == Secret("n3w")
    assert of_a_variable.read_again() == Secret("s3cret")
    kept.chmod(0o644)
    file.write_text("[visma_net]\nclient_secret = 7")
    for secret in (of_its_own, in_the_settings):
        with pytest.raises(ConfigError):
            secret.read_again()


def test_secret_from_a_file_of_its_own(tmp_path: Path, file: Path) -> None:
    """client_secret_file: the text without the line end; refused where others can read it. A variable that names it
    goes before a secret in the settings file.
    """
    kept = tmp_path / "secret"
    kept.write_text("n3w\n")
    kept.chmod(0o400)
    env = {"OUTBOX_VISMA_NET_CLIENT_SECRET_FILE": str(kept)}
    for settings in (load(env=env), load(file, env)):
        assert settings.targets["visma_net"].client_secret.reveal() == "n3w"
    kept.chmod(0o444)
    assert str(kept) in refusal(None, env)
    assert "cannot be read" in refusal(None, {"OUTBOX_VISMA_NET_CLIENT_SECRET_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("secret", ['[visma_net]\nclient_secret = "s3cret"', 'dsn = "postgresql://u:s3cret@host/db"'])
def test_file_with_a_secret_is_the_owners_alone(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "outbox.toml"
    path.write_text(secret)
    path.chmod(0o640)
    assert "open to others" in refusal(path)
    path.chmod(0o600)
    load(path, {})


def test_open_file_without_a_secret_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "outbox.toml"
    path.write_text('dsn = "postgresql://host/db"\n')
    path.chmod(0o644)
    load(path, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lease = 3", "there is no setting lease; expected: lease_s"),
        ("[visma_net]\nclient_idd = 'x'", "there is no setting visma_net.client_idd; expected: client_id"),
        ("[visma]\nclient_id = 'x'", "there is no setting visma; expected: visma_net"),
        ("[visma_net.company.001]\ntemplate = 'x'", "expected: companies"),
        ("[visma_net.companies.001]\ntemplat = 'x'", "visma_net.companies.001.templat"),
        ("attempts = '12'", "attempts has a wrong value; expected: a whole number of at least 1"),
        ("attempts = true", "attempts has a wrong value; expected: a whole number"),
        ("attempts = 0", "a whole number of at least 1"),
        ("keep_messages_days = 9999999", "a whole number of at least 1 and at most 100000"),
        ("http_port = 65536", "a whole number of at least 0 and at most 65535"),
        ("[visma_net]\nlanes = 65", "a whole number of at least 1 and at most 64"),
        ("lease_s = 'long'", "lease_s has a wrong value; expected: a number of at least 1"),
        ("lease_s = inf", "a number of at least 1"),
        ("lease_s = nan", "a number of at least 1"),
        ("lease_s = 1e300", "a number of at least 1 and at most 100000000"),
        ("attempts = 9999999999", "a whole number of at least 1 and at most 100000000"),
        ("[visma_net]\nconcurrency = 1001", "a whole number of at least 1 and at most 1000"),
        ("visma_net = 3", "visma_net has a wrong value; expected: a table"),
        ("[visma_net]\nremoved_status = 'Gone'", "expected: one of Completed, Cancelled"),
        ("[visma_net]\nclient_secret = 7", "client_secret has a wrong value; expected: a text"),
        ("[visma_net.companies.001]\ndef_sub = 'x'", "visma_net.companies.001.def_sub has a wrong value"),
        ("[visma_net.defaults]\ntemplate = 1", "visma_net.defaults.template has a wrong value; expected: a text"),
        ("[visma_net]\ndeadline_s = 15", "a lease that is longer than the deadline"),
        ("dsn = 'postgresql://u:s3cret@host/db?nonsense=1'", "is no connection string"),
        ("dsn = ", "is not TOML"),
    ],
)
def test_wrong_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    """The file, the key, and what is expected there; never the value."""
    path = tmp_path / "outbox.toml"
    path.write_text(text)
    path.chmod(0o600)
    why = refusal(path)
    assert words in why
    assert "\n" not in why


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OUTBOX_DNS", "postgresql://host/db", "OUTBOX_DNS, which is no setting; expected: OUTBOX_DSN"),
        ("OUTBOX_VISMANET_CLIENT_ID", "x", "expected: OUTBOX_VISMA_NET_CLIENT_ID"),
        ("OUTBOX_ATTEMPTS", "many", "OUTBOX_ATTEMPTS has a wrong value; expected: a whole number of at least 1"),
        ("OUTBOX_VISMA_NET_ALLOW_PRIVATE_HOSTS", "perhaps", "expected: true or false"),
        ("OUTBOX_CONFIG", "/nowhere/outbox.toml", "there is no settings file /nowhere/outbox.toml"),
    ],
)
def test_wrong_variable_is_one_sentence(name: str, value: str, words: str) -> None:
    assert words in refusal(None, {name: value})


def test_variables_of_others_are_left_alone() -> None:
    """Kubernetes sets such for a service named outbox; the test suite has its own."""
    load(env={"OUTBOX_PORT": "tcp://10.0.0.1:80", "OUTBOX_SERVICE_HOST": "10.0.0.1", "OUTBOX_TEST_PG": "18"})


def test_no_file_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without outbox.toml in the working directory the environment alone counts; with it, it is found."""
    monkeypatch.chdir(tmp_path)
    assert not load(env={}).dsn
    (tmp_path / "outbox.toml").write_text("attempts = 3")
    assert load(env={}).attempts == 3


def test_defaults_are_those_of_the_parts() -> None:
    """One default for each number, whichever way a relay is made."""
    assert make_patience(Settings()) == Patience()
    assert make_rhythm(Settings()) == Rhythm()
    assert Times(TargetSettings("x").deadline_s, Settings().doubt_s, Settings().user_doubt_s) == Times()
