"""The audit against its limit: signature time and a straight replay, shared by both cores.

`python bench/auditing.py [payments]`: a quarter of them single-signed (as people do), the rest in batches of 500. The
limit is (verifying every signature on one core + replaying everything on one core) / 2; the aim is 1.5 x that.
"""

import os
import sys
import threading
import time

from stage import Stage, staged

from mingzhang.audit import audit
from mingzhang.chain.contracts import REGISTRY
from mingzhang.chain.machine import Machine
from mingzhang.node.embedded import EmbeddedLedger, genesis_of
from mingzhang.node.keys import create_node_key
from mingzhang.node.store import Store
from mingzhang.node.vault import Vault
from mingzhang.views.db import open_views
from mingzhang.views.follow import Follower

TOTAL = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000


def furnish(stage: Stage, ledger: EmbeddedLedger) -> None:
    """A quarter single-signed, the rest in batches; views and vault beside."""
    singles = TOTAL // 4
    envelopes = stage.payments(singles, batch=1) + stage.payments(TOTAL - singles, batch=500, first=singles)
    for answer in [ledger.submit_soon(raw) for raw in envelopes]:
        answer.result()
    Follower(open_views(stage.directory / "views.sqlite"), ledger.store).catch_up()
    create_node_key(stage.directory / "node.key")
    key = (stage.directory / "node.key").read_bytes()[:32]
    Vault.create(stage.directory / "vault.sqlite", stage.suite, node_key=key).close()
    (stage.directory / "keys").mkdir()


def signature_seconds(stage: Stage, store: Store) -> float:
    """Every envelope's signature, verified on one core."""
    machine = Machine(REGISTRY, stage.suite, chain_id=stage.chain_id, reader=store)
    opened = [machine.open(raw) for row in store.block_rows(0, 10**9) for raw in store.envelopes(row.height)]
    started = time.perf_counter()
    for one in opened:
        stage.suite.verify(one.public_key, one.header_bytes, one.signature)
    return time.perf_counter() - started


def replay_seconds(stage: Stage, store: Store) -> float:
    """Everything judged again on one core, signatures taken as verified, nothing compared and nothing kept on disk."""
    twin_path = stage.directory.parent / (stage.directory.name + "-twin.sqlite")
    Store.create(twin_path)
    twin = Store(twin_path)
    genesis, seed = genesis_of(store)
    machine = Machine(REGISTRY, stage.suite, chain_id=stage.chain_id, reader=twin)
    started = time.perf_counter()
    outcome = machine.apply_genesis(genesis, genesis.time, seed)
    twin.commit(outcome)
    machine.committed(outcome)
    for row in store.block_rows(1, 10**9):
        opened = [machine.open(raw) for raw in store.envelopes(row.height)]
        verified = {one.hash + one.signature for one in opened}
        outcome = machine.apply_block(outcome.head, row.time, opened, verified=verified)
        twin.commit(outcome)
        machine.committed(outcome)
    seconds = time.perf_counter() - started
    twin.close()
    for file in twin_path.parent.glob(twin_path.name + "*"):
        file.unlink()
    return seconds


def main() -> None:
    """Measure and print."""
    with staged("gm") as (stage, ledger):
        furnish(stage, ledger)
        signatures = signature_seconds(stage, ledger.store)
        replay = replay_seconds(stage, ledger.store)
        started = time.perf_counter()
        report = audit(stage.directory)
        total = time.perf_counter() - started
        limit = (signatures + replay) / 2
        print(f"{TOTAL} payments, {os.cpu_count()} cores, {threading.active_count()} threads alive")
        print(f"signatures {signatures:.1f} s and straight replay {replay:.1f} s on one core: limit {limit:.1f} s")
        print(f"audit {total:.1f} s = {total / limit:.2f} x the limit (aim 1.5); stages: {report.seconds}")
        print(report.summary_en())
        if not report.ok:
            sys.exit(1)


if __name__ == "__main__":
    main()
