"""What capture does, in words: above each generated function, and as notes of an install."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from outbox.capture import Cell, Wording, Write
from outbox.chains import Chain
from outbox.resources import RESOURCES


def header(writes: list[Write], chains: dict[Chain, str]) -> str:
    """A comment: which change of a row of the table rechecks what."""
    lines = [f"-- {writes[0].table.dotted}: what a changed row rechecks. Derived from the desired views by install."]
    for (about, watched), wordings in _by_resource(writes).items():
        lines += [
            "--",
            f"-- {', '.join(about)}, when {_listed(watched)} changed:" if watched else f"-- {', '.join(about)}:",
        ]
        lines += [f"--     {_which(w, about[0], chains)}{_only(w)}" for w in wordings]
    return "\n".join(lines)


def notes(writes: Iterable[Write]) -> Iterator[str]:
    """For whoever installs: which changes are not followed exactly, and why."""
    for w in writes:
        if w.wording.coarse:
            yield (
                f"a change of {w.table.dotted}{_only(w.wording)} rechecks every row of {w.target}.{w.resource}, "
                f"because {w.why}"
            )


def _by_resource(writes: list[Write]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[Wording]]:
    """Resources that are written about alike come together."""
    each: dict[str, tuple[tuple[str, ...], list[Wording]]] = {}
    for w in writes:
        watched = tuple(c.name for c in w.watched)
        each.setdefault(f"{w.target}.{w.resource}", (watched, []))[1].append(w.wording)
    together: dict[tuple[tuple[str, ...], tuple[Wording, ...]], list[str]] = {}
    for about, (watched, wordings) in each.items():
        together.setdefault((watched, tuple(wordings)), []).append(about)
    return {(tuple(about), watched): list(wordings) for (watched, wordings), about in together.items()}


def _which(wording: Wording, about: str, chains: dict[Chain, str]) -> str:
    key = RESOURCES[about.partition(".")[2]].key
    if wording.coarse:
        return "every row"
    fixed = list(zip(key, wording.prefix, strict=False)) + list(wording.known)
    rows = " and ".join(f"{column} = {_cell(cell)}" for column, cell in fixed)
    if not wording.chain:
        return f"the row with {rows}" if len(fixed) == len(key) else f"the rows with {rows}"
    start = ", ".join(s.name for s in wording.chain.start)
    found = f"the {key[0]}s that {chains[wording.chain]} finds from {start}"
    return found + (f", with {rows}" if rows else "")


def _cell(cell: Cell) -> str:
    return cell.column or repr(cell.text)


def _only(wording: Wording) -> str:
    if not wording.only:
        return ""
    return " (only with " + " and ".join(f"{name} {_listed(values, 'or')}" for name, values in wording.only) + ")"


def _listed(names: tuple[str, ...], word: str = "or") -> str:
    return f" {word} ".join([", ".join(names[:-1])] * bool(names[:-1]) + [names[-1]])
