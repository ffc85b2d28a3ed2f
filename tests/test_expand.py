"""Coarse messages: which of them cover others."""

from __future__ import annotations

from outbox.relay.expand import Coarse, absorb, is_full
from outbox.relay.rows import Message


def _projects(*pattern: tuple[str, str], operation: str = "EXPAND", cause: int = 1) -> Coarse:
    return Coarse("projects", pattern, operation, cause)


def test_every_row_absorbs_what_is_below_it() -> None:
    """Ten thousand changes of a licence table are one recheck."""
    everything = _projects()
    assert absorb([_projects(("company_code", "001")), everything, everything]) == [everything]


def test_the_same_pattern_counts_once() -> None:
    """One expansion per distinct pattern and batch; the newest message stands for it."""
    first, last = _projects(("company_code", "001"), cause=1), _projects(("company_code", "001"), cause=2)
    assert absorb([first, last]) == [last]


def test_a_register_is_not_absorbed_by_a_recheck() -> None:
    """A REGISTER may remove what is withdrawn, a recheck only holds it: it must not get lost in one."""
    register, everything = _projects(("company_code", "001"), operation="REGISTER"), _projects()
    assert set(absorb([register, everything])) == {register, everything}
    assert absorb([_projects(operation="REGISTER"), everything]) == [_projects(operation="REGISTER")]


def test_resources_do_not_absorb_each_other() -> None:
    """{} of cost types says nothing about projects."""
    other = Coarse("cost_types", (), "EXPAND", 1)
    assert set(absorb([other, _projects(("company_code", "001"))])) == {other, _projects(("company_code", "001"))}


def test_full_keys_need_no_expansion() -> None:
    """A key is full when it has every key column; a shorter one, or a way to it, is expanded."""
    assert is_full(Message(1, 700, "projects", ("001", "P1"), None, "UPDATE"))
    assert not is_full(Message(1, 700, "projects", ("001",), None, "UPDATE"))
    assert not is_full(Message(1, 700, "projects", None, {"key": {}}, "UPDATE"))
