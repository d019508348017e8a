"""One seed: random commands of every contract on a real ledger directory, whose process dies again and again.

The workload comes from tests/chain/fuzz.py. The same envelopes also run without a death; both ledgers must end with
the same root, and replaying the stored envelopes must give it once more. `make sim SEED=7` repeats one run.
"""

import os
import random
import signal
from pathlib import Path

import pytest
from tests.chain import fuzz
from tests.chain.world import World
from tests.node.test_crash import STEPS, hashes_in, replayed_root, root_of, run_and_die

from mingzhang.chain.contracts.founding import FoundLedger
from mingzhang.node.embedded import EmbeddedLedger, found

COMMANDS = 60
DEATHS = 25
SEEDS = [int(os.environ["MINGZHANG_SEED"])] if os.environ.get("MINGZHANG_SEED") else [1, 2]


@pytest.fixture(autouse=True)
def _steady_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "key", fuzz.steady_key)


def submit_rest(directory: Path, envelopes: list[bytes], death: tuple[str, int] | None) -> None:
    """Submit in order what the ledger does not hold; die before the named step of the n-th block from now."""
    held = set(hashes_in(directory))
    blocks = 0

    def on_step(step: str) -> None:
        nonlocal blocks
        blocks += step == "begin"
        if death is not None and (step, blocks) == death:
            os.kill(os.getpid(), signal.SIGKILL)

    with EmbeddedLedger(directory, on_step=on_step) as ledger:
        for raw in envelopes:
            if ledger.machine.open(raw).hash not in held:
                ledger.submit(raw)


@pytest.mark.parametrize("seed", SEEDS)
def test_deaths_change_nothing(seed: int, tmp_path: Path) -> None:
    world = fuzz.run(seed, COMMANDS)
    envelopes = [passed.raw for outcome in world.outcomes for passed in outcome.passed]
    genesis = world.records[0].command
    assert isinstance(genesis, FoundLedger)
    straight, dying = tmp_path / "straight", tmp_path / "dying"
    for directory in (straight, dying):
        directory.mkdir()
        found(directory, genesis, "00" * 16)
    submit_rest(straight, envelopes, None)
    chance = random.Random(seed)
    deaths = 0
    for _attempt in range(DEATHS):
        death = (chance.choice(STEPS), chance.randint(1, 12))
        _said, ended_by = run_and_die(lambda _pipe, at=death: submit_rest(dying, envelopes, at))  # type: ignore[misc]
        deaths += ended_by == signal.SIGKILL
    submit_rest(dying, envelopes, None)
    assert deaths > DEATHS // 3, "the workload is long enough to die in"
    assert hashes_in(dying) == hashes_in(straight)
    assert root_of(dying) == root_of(straight)
    assert replayed_root(dying) == root_of(dying)
