"""The demo: one whole case from declaration to a published, provable result, within an example city of three years.

`run` is what `mingzhang demo` does. Steps are in the chapters (case.py says their order), the city in city.py, what is
printed in telling.py. Nothing here is a test's stand-in: every step is a signed transaction on a real ledger.
"""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from mingzhang.audit import audit
from mingzhang.demo.case import chapters
from mingzhang.demo.city import City, Size
from mingzhang.demo.people import CHAIN_ID, genesis
from mingzhang.demo.playing import Player
from mingzhang.demo.publication import proofs_folder
from mingzhang.demo.story import Stage, opening
from mingzhang.demo.telling import Teller, audit_progress, counted, next_commands
from mingzhang.desk import Desk
from mingzhang.node.store import FILE_NAME

SUITE = "gm"
SEED = "dg"
"""The city is made from this; the same seed gives the same city."""
END = "2024-05-01"
"""By then the projects of 2023 are evaluated and the last payments settled."""
LAST_DEED = "2024-04-30"
"""Then the members sign for the second time, and the case is told."""
REFUSED_TO_START = 2
"""Exit code where the directory cannot be used."""


def run(directory: Path, *, headless: bool, console: Console, city: Size | None = None, audited: bool = True) -> int:
    """Found the ledger, tell the case within the city, sign, verify, erase, audit. Returns 0 if all went as expected.

    `directory` must be new or empty: nothing is ever deleted here. `headless` changes nothing but the last words;
    there is nobody to wait for yet.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        console.print(Text(_taken(directory), style="red"))
        return REFUSED_TO_START
    surprises: list[str] = []
    with Desk.create(directory, genesis(SUITE), sandbox_keys=True) as desk, Teller(console) as teller:
        stage = Stage(desk)
        teller.opening(directory)
        around = City(stage, city or Size(), seed=SEED, progress=teller.day)
        player = Player(stage, teller.row, before=around.until)
        player.play(chapters())
        around.until(END)
        player.finish()
        height, size = desk.store.height(), desk.store.head().frontier.size
    out = teller.console
    surprises += [f"案例步骤 {number}" for number in player.surprises]
    surprises += around.surprises
    out.print(Text(f"\n示例城市:{counted(around.counts)}"))
    out.print(Text(f"账本高度 {height:,},共 {size:,} 条叶子记录。"))
    if audited:
        surprises += _audit(directory, out)
    for surprise in surprises[:20]:
        out.print(Text(f"与预期不符:{surprise}", style="bold red"))
    _farewell(directory, out, headless=headless, good=not surprises)
    return 1 if surprises else 0


def _audit(directory: Path, out: Console) -> list[str]:
    """The audit as the last step: what it found wrong."""
    out.print(Text("\n审计整个目录……", style="bold"))
    with audit_progress(out) as tell:
        report = audit(directory, progress=tell)
    out.print(Text(report.summary_zh(), style="green" if report.ok else "red"))
    return [f"审计:{one.place_zh}:{one.what_zh}" for one in report.findings if one.severity == "error"]


def _farewell(directory: Path, out: Console, *, headless: bool, good: bool) -> None:
    if good:
        out.print(Text("\n演示完成:每一步的结果都与预期一致。", style="bold green"))
    out.print(Text("接下来可以试:" if not headless else "可继续运行:", style="bold"))
    for command, what in next_commands(directory, proofs_folder(directory)):
        out.print(Text(f"  {command}"), Text(f"    {what}", style="dim"), sep="\n")
    out.print(Text(f"演示用完后,可自行删除 {directory} 和 {proofs_folder(directory)}。", style="dim"))


def is_finished(directory: Path) -> bool:
    """Whether a demo was told to its end in this directory."""
    if not (directory / FILE_NAME).exists() or not (proofs_folder(directory) / "consistency.json").exists():
        return False
    with Desk.open(directory, writing=False) as desk:
        return desk.chain_id == CHAIN_ID


def _taken(directory: Path) -> str:
    if not directory.is_dir():
        return f"{directory} 不是目录。\n{directory}: is not a directory."
    if not (directory / FILE_NAME).exists():
        return (
            f"{directory} 不是空目录,演示只写入新的或空的目录。\n"
            f"{directory}: must be a new or empty directory; nothing was changed."
        )
    with Desk.open(directory, writing=False) as desk:
        ours = desk.chain_id == CHAIN_ID
        told = ours and _is_told(desk)
    if not ours:
        return (
            f"{directory} 中已有另一个账本({desk.chain_id}),演示不会改动它;请换一个目录。\n"
            f"{directory}: holds another ledger ({desk.chain_id}); choose another directory."
        )
    beside = proofs_folder(directory)
    state_zh, state_en = ("已完成", "a finished demo") if told else ("未完成", "a demo that was interrupted")
    lacks_zh = lacks_en = ""
    if told and not (beside / "consistency.json").exists():
        lacks_zh = f"旁边缺少证明文件夹 {beside}(复制演示目录时须一并复制)。"
        lacks_en = f" The folder of its proofs, {beside}, is missing: copy it together with the ledger."
    return (
        f"{directory} 中有一个{state_zh}的演示账本,不会被覆盖。{lacks_zh}查看:mingzhang show {directory};"
        f"重新演示请换一个目录,或先自行删除:rm -r {directory} {beside}\n"
        f"{directory}: holds {state_en} and is never overwritten. Choose another directory, or remove it yourself."
        f"{lacks_en}"
    )


def _is_told(desk: Desk) -> bool:
    """Whether the case was told to its last step, the second checkpoint; the proofs may have stayed elsewhere."""
    block = desk.store.block(desk.store.height())
    return block is not None and block.time >= opening(LAST_DEED) and len(desk.store.checkpoints()) > 1
