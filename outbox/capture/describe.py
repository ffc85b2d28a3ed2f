"""What capture does, in words: above each generated function, and as notes of an install."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from outbox.capture.chains import Chain
from outbox.capture.sqltext import comment
from outbox.capture.writes import Cell, Wording, Write
from outbox.resources import RESOURCES


def header(writes: list[Write], chains: dict[Chain, str]) -> str:
    """A comment: which change of a row of the table rechecks what."""
    title = f"What a changed row of {writes[0].table.dotted} rechecks; derived from the desired views by install."
    lines = comment(title, "-- ")
    for (about, watched), wordings in _by_resource(writes).items():
        when = f"; an UPDATE when it changes {_listed(watched)}" if watched else ""
        lines += ["--", *comment(f"{', '.join(about)}{when}:", "-- ")]
        lines += [line for w in wordings for line in comment(f"* {_which(w, about[0], chains)}{_only(w)}", "--   ")]
    return "\n".join(lines)


def notes(writes: Iterable[Write], *, coarse: bool) -> Iterator[str]:
    """One sentence for each change that rechecks more rows than it can reach: which, and why.

    coarse: those that recheck every row, or the others.
    """
    views: dict[tuple[str, str, str], list[str]] = {}
    for w in writes:
        if w.why and w.wording.coarse == coarse:
            about = (w.table.dotted + _only(w.wording), _with(w), w.why)
            views.setdefault(about, []).append(f"{w.target}.{w.resource}")
    for (table, rows, why), names in views.items():
        listed = _listed(tuple(dict.fromkeys(names)), "and")
        yield f"a change of {table} rechecks {'every row' if coarse else 'the rows'} of {listed}{rows}, because {why}"


def _with(write: Write) -> str:
    """By what the rows are found."""
    wording, key = write.wording, RESOURCES[write.resource].key
    found = " and ".join(f"{c} = {_cell(v)}" for c, v in (*zip(key, wording.prefix, strict=False), *wording.known))
    if wording.chain:
        start = " and ".join(s.name for s in wording.chain.start)
        way = ", ".join(s.name for s in wording.chain.steps)
        found = f"{key[0]} found from {start} through {way}{found and f', and {found}'}"
    return f" with {found}" if found else ""


def _by_resource(writes: list[Write]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[Wording]]:
    """Resources that are written about alike come together: (names, columns) -> wordings."""
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
    fixed = [*zip(key, wording.prefix, strict=False), *wording.known]
    rows = " and ".join(f"{column} = {_cell(cell)}" for column, cell in fixed)
    if not wording.chain:
        return f"the row with {rows}" if len(fixed) == len(key) else f"the rows with {rows}"
    start = " and ".join(s.name for s in wording.chain.start)
    found = f"the rows with {key[0]} as {chains[wording.chain]} finds it from {start}"
    return f"{found}, and {rows}" if rows else found


def _cell(cell: Cell) -> str:
    return cell.column or repr(cell.text)


def _only(wording: Wording) -> str:
    if not wording.only:
        return ""
    return " (only with " + " and ".join(f"{name} {_listed(values)}" for name, values in wording.only) + ")"


def _listed(names: tuple[str, ...], last: str = "or") -> str:
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
