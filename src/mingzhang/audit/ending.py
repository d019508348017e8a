"""What is compared when the replay has reached the ledger's end: head, rows too many, state, the rules' invariants."""

from collections.abc import Callable

from mingzhang.audit.merging import ABSENT, differences
from mingzhang.audit.records import difference, printable, shown
from mingzhang.audit.replay import Replay
from mingzhang.audit.report import LEDGER_FILE, Findings, found
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.merkle import TILE_LEVELS
from mingzhang.node.store import FORMAT_VERSION

Tick = Callable[[int], None]


def check_ending(replay: Replay, findings: Findings, *, tick: Tick) -> int:
    """Compare everything that is left; returns the number of state entries. Raises sqlite3.Error.

    `tick` is told how many state entries are done.
    """
    replay.finish()
    _check_head(replay, findings)
    _check_extra(replay, findings)
    number = _check_state(replay, findings, tick=tick)
    _check_invariants(replay, findings)
    return number


def _check_head(replay: Replay, findings: Findings) -> None:
    head = replay.head
    right = {
        "id": 1,
        "format": FORMAT_VERSION,
        "height": head.height,
        "time": head.time,
        "frontier": head.frontier.encode(),
        "writes_since": head.writes_since_state_leaf,
        "keys_at": head.keys_at_state_leaf,
    }
    rows = replay.ledger.head()
    if not rows:
        findings.add(found(LEDGER_FILE, "head", 1, what=("缺少这一行。", "This row is missing."), height=head.height))
    for row in rows:
        for (name, value), stored in zip(right.items(), row, strict=True):
            if stored != value:
                said = f"{name}: {shown(stored)} ≠ {shown(value)}"
                what = f"与重放结果不同：{said}。", f"It is not what the replay gives: {said}."
                findings.add(found(LEDGER_FILE, "head", row[0], what=what, height=head.height))


def _check_extra(replay: Replay, findings: Findings) -> None:
    ledger, head = replay.ledger, replay.head
    what = ("账本中不应有这一行。", "There should be no such row.")
    extra = ledger.extra_rows(height=head.height, size=head.frontier.size, envelopes=replay.envelopes)
    for table, key in extra:
        findings.add(found(LEDGER_FILE, table, key, what=what, height=head.height))
    if ledger.count("nodes") != replay.nodes:
        size = head.frontier.size
        for level, index in ledger.nodes():
            if not (type(level) is int and type(index) is int and _is_node(level, index, size=size)):
                findings.add(
                    found(LEDGER_FILE, "nodes", f"{printable(level)}/{printable(index)}", what=what, height=head.height)
                )


def _is_node(level: int, index: int, *, size: int) -> bool:
    return 0 < level < 64 and level % TILE_LEVELS == 0 and 0 <= index < size >> level


def _check_state(replay: Replay, findings: Findings, *, tick: Tick) -> int:
    height = replay.head.height
    number = 0
    for rows, differing in differences(replay.ledger.state(), replay.scratch.rows(), key_columns=1):
        number += rows
        tick(number)
        for (key,), stored, right in differing:
            if right is ABSENT:
                what = ("重放的状态中没有这一项。", "The replay has no such entry.")
            elif stored is ABSENT:
                what = ("缺少这一项。", "This entry is missing.")
            else:
                said = difference(stored[0], right[0])
                what = (f"与重放结果不同：{said}。", f"It is not what the replay gives: {said}.")
            findings.add(found(LEDGER_FILE, "state", key, what=what, height=height))
    return number


def _check_invariants(replay: Replay, findings: Findings) -> None:
    view = replay.machine.view()
    for name, check in REGISTRY.invariants.items():
        for complaint in check(view):
            said = printable(complaint)
            what = f"不变式 {name} 不成立：{said}。", f"The invariant {name} does not hold: {said}."
            findings.add(found(LEDGER_FILE, "state", name, what=what, height=replay.head.height))
