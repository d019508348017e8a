"""`mingzhang backup` and `mingzhang restore`. The copying and checking is in backups.py; here it is put together."""

import shutil
from pathlib import Path

import click
import msgspec

from mingzhang import backups
from mingzhang.audit import audit
from mingzhang.chain.contracts.members import PERSON
from mingzhang.chain.suites import suite_named
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.keys import DIRECTORY
from mingzhang.cli.output import Output, beijing
from mingzhang.cli.upkeep import Progress, progress, show_report
from mingzhang.desk import Desk
from mingzhang.node.directory import LEDGER_NAME, VIEWS_NAME
from mingzhang.node.receipts import PurgeReceipt
from mingzhang.node.store import Store
from mingzhang.views.follow import Follower
from mingzhang.views.rebuild import open_current

MAX_RECEIPTS_BYTES = 64 * 1024 * 1024
"""Some hundred thousand receipts."""
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add backup and restore."""
    for command in (backup, restore):
        group.add_command(command)


@describe(
    _own, "backup",
    zh="备份账本目录：账本、视图、保管库和清单，其他进程可同时写入。密钥只在 --with-keys 时包括在内。",
    en="Back up a ledger directory (ledger, views, vault, manifest) while other processes may write it. Keys only with"
    " --with-keys.",
    examples=("mingzhang backup mydir backup-2022-06-30", "mingzhang backup mydir offline/full --with-keys"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.argument("target", type=DIRECTORY)
@click.option("--with-keys", is_flag=True, help="包括节点密钥和人员密钥 also the node key and key files")
def backup(output: Output, directory: Path, target: Path, *, with_keys: bool) -> None:
    """Back a ledger up."""
    with progress(output) as report_progress:
        manifest = backups.make_backup(directory, target, with_keys=with_keys, progress=report_progress)
    if output.as_json:
        output.json(manifest)
    else:
        output.say(f"备份完成：{target}", f"backed up: {target}", style="green")
        _show_manifest(output, manifest)
    if with_keys:
        output.note("备份中有密钥，请离线保管", "the backup holds keys: keep it offline")
    else:
        output.note(
            "备份中没有密钥；恢复保管库须有 node.key，请另行保管",
            "no keys are in it; restoring the vault needs node.key",
        )


@describe(
    _own, "restore",
    zh="由备份恢复到新目录：核对清单，重新执行销毁回执，重算根并审计，逐项说明证明了什么。通不过则不落位。",
    en="Restore a backup to a new directory: check the manifest, apply purge receipts again, recompute the root, audit,"
    " and say what was proved. What does not pass is not put in place.",
    examples=(
        "mingzhang restore backup-2022-06-30 restored --keys mydir",
        "mingzhang restore offline/full restored --receipts receipts.json",
    ),
)  # fmt: skip
@click.argument("backup_directory", metavar="BACKUP", type=DIRECTORY)
@click.argument("directory", type=DIRECTORY)
@click.option("--receipts", "receipts_from", type=click.Path(path_type=Path, exists=True),
              help="备份之后的销毁回执：文件或较新的账本目录 later receipts: a file or a newer ledger")  # fmt: skip
@click.option("--keys", "keys_from", type=DIRECTORY,
              help="密钥所在目录（备份不含密钥时） where node.key and keys/ are, if not in the backup")  # fmt: skip
@click.option("--quick", is_flag=True, help="只重算根，不做全面审计 recompute the root only, no audit")
def restore(
    output: Output, backup_directory: Path, directory: Path, *, receipts_from: Path | None, keys_from: Path | None,
    quick: bool,
) -> None:  # fmt: skip
    """Restore a backup and prove what was restored."""
    later = [] if receipts_from is None else _read_receipts(receipts_from)
    with progress(output) as report_progress:
        manifest, partial = backups.restore_files(
            backup_directory, directory, keys_from=keys_from, progress=report_progress
        )
        suite = suite_named(manifest.suite)
        try:
            erased = backups.apply_receipts(partial, later, suite=suite, enrolled=_enrolled(partial))
            size, root = backups.recomputed_root(partial / LEDGER_NAME, suite, progress=report_progress)
            proved = (size, root.hex()) == (manifest.size, manifest.root)
            if proved:
                _bring_views_up(partial, report_progress)
        except BaseException:
            shutil.rmtree(partial)
            raise
        report = None if quick else audit(partial, progress=report_progress)
    if report is not None and not (output.as_json and report.ok):
        show_report(output, report)
    if not proved or not (report is None or report.ok):
        raise Failed(
            f"恢复的内容未通过核验，留在 {partial} 供查看，没有落位",
            f"what was restored does not pass; it was left in {partial} to be looked at",
        )
    backups.put_in_place(partial, directory)
    if output.as_json:
        output.json({"directory": str(directory), "manifest": manifest, "root_recomputed": root.hex(),
                     "audited": report is not None, "receipts_applied": len(erased)})  # fmt: skip
        return
    _show_manifest(output, manifest)
    output.say(
        f"已恢复到 {directory}。证明：{len(manifest.files)} 个文件与清单一致；由 {size} 条记录重算的根与清单一致；"
        f"备份自带销毁回执 {manifest.receipts} 份，另行执行 {len(erased)} 份；"
        + ("未做全面审计" if report is None else "全面审计通过"),
        f"restored to {directory}. Proved: {len(manifest.files)} files are as the manifest says; the root recomputed"
        f" from {size} leaves is the manifest's; {manifest.receipts} purge receipts came with the backup and"
        f" {len(erased)} were applied again; " + ("not audited" if report is None else "the audit passed"),
        style="green",
    )


def _enrolled(directory: Path) -> dict[str, str]:
    """People's public keys, as a restored ledger has them."""
    with Desk.open(directory, writing=False) as desk:
        return {name: person.public_key for name, person in desk.view().scan(PERSON)}


def _bring_views_up(directory: Path, report_progress: Progress) -> None:
    """Follow the views to the end of a restored ledger, which itself is not opened for writing: that would go on."""
    store = Store(directory / LEDGER_NAME, writing=False)
    try:
        engine = open_current(store, directory / VIEWS_NAME)
        try:
            Follower(engine, store).catch_up(lambda done, total: report_progress("views", done, total))
        finally:
            engine.dispose()
    finally:
        store.close()


def _read_receipts(path: Path) -> list[PurgeReceipt]:
    """Receipts of a file that `receipts --json` wrote, or of the vault in a ledger directory."""
    if path.is_dir():
        with Desk.open(path, writing=False) as desk:
            return desk.vault.receipts()
    if path.stat().st_size > MAX_RECEIPTS_BYTES:
        raise Failed(f"{path} 过大", f"{path}: larger than {MAX_RECEIPTS_BYTES} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[PurgeReceipt])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Failed(f"{path} 不是销毁回执", f"{path}: not purge receipts: {error}") from None


def _show_manifest(output: Output, manifest: backups.Manifest) -> None:
    output.pairs(
        (
            ("账本", "ledger", manifest.chain_id), ("高度", "height", manifest.height), ("条数", "size", manifest.size),
            ("根", "root", manifest.root), ("账本时间", "ledger time", beijing(manifest.time)),
            ("视图高度", "views height", manifest.views_height), ("备份时间", "made at", beijing(manifest.made_at)),
            ("含密钥", "with keys", manifest.with_keys), ("文件", "files", len(manifest.files)),
            ("字节", "bytes", f"{sum(one.bytes for one in manifest.files):,}"),
        )
    )  # fmt: skip
