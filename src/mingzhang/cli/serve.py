"""`mingzhang serve`: open a ledger to programs by HTTP. And submitting to such a server from elsewhere.

What the doors are is in mingzhang/api; how one speaks to them in mingzhang/client.py.
"""

import sys
from pathlib import Path
from typing import Any

import click

from mingzhang.api.app import listen, serve
from mingzhang.api.hardening import log_to_stderr
from mingzhang.cli.command import Group, describe
from mingzhang.cli.errors import Failed
from mingzhang.cli.keys import DIRECTORY, ask_password, read_password
from mingzhang.cli.output import GOOD_CODES, Column, Output
from mingzhang.client import Answer, Client, RefusedError, open_key
from mingzhang.desk import Desk
from mingzhang.node.keys import key_info

HOST = "127.0.0.1"
PORT = 8642
_own = Group(zh="", en="")


def add_to(group: Group) -> None:
    """Add serve."""
    group.add_command(serve_directory)


@describe(
    _own, "serve",
    zh="通过 HTTP 开放账本：受理已签名的交易，提供公开信息、检查点与证明。按 Ctrl-C 或发 SIGTERM 停止，"
    "已确认的交易不会丢失。"
    "默认只监听本机；对外开放时请置于终止 TLS 的反向代理之后。",
    en="Open a ledger by HTTP: signed transactions in; publications, checkpoints and proofs out. Ctrl-C or SIGTERM"
    " stops it; nothing that was acknowledged is lost. It listens on this machine only unless told; put it behind a"
    " proxy that ends TLS before opening it to others.",
    examples=("mingzhang serve mydir", "mingzhang serve mydir --host 0.0.0.0 --port 8642"),
)  # fmt: skip
@click.argument("directory", type=DIRECTORY)
@click.option("--host", default=HOST, show_default=True, help="监听地址 address to listen on")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
              help="端口，0 为任一空闲端口 port; 0 takes a free one")  # fmt: skip
def serve_directory(output: Output, directory: Path, *, host: str, port: int) -> None:
    """Serve until told to stop."""
    open_doors(output, directory, host=host, port=port)


def open_doors(output: Output, directory: Path, *, host: str = HOST, port: int = PORT) -> None:
    """Open a ledger's doors and wait until told to stop. Raises Failed where the address is taken."""
    with Desk.open(directory) as desk:
        try:
            listening = listen(host, port)
        except OSError as error:
            raise Failed(f"不能监听 {host}:{port}", f"cannot listen on {host}:{port}: {error.strerror}") from None
        at = listening.getsockname()
        shown = f"[{at[0]}]" if ":" in at[0] else at[0]
        url = f"http://{shown}:{at[1]}"

        def ready() -> None:
            if output.as_json:
                output.json({"url": url, "chain_id": desk.chain_id, "height": desk.ledger.height()})
            else:
                output.say(
                    f"账本 {desk.chain_id} 已开放：{url}，高度 {desk.ledger.height()}；接口说明 {url}/openapi.json",
                    f"the ledger {desk.chain_id} is open at {url}; {url}/openapi.json describes the doors",
                )
                output.say("先试一试：", "try:")
                click.echo(f"    curl -s {url}/api/v1/ledger")
            sys.stdout.flush()

        log_to_stderr()
        with listening:
            serve(desk, listening, ready=ready)
    if not output.as_json:
        output.say("已停止", "stopped")


def submit_by_url(output: Output, url: str, key_file: Path, *, commands: list[Any], password_file: Path | None) -> bool:
    """Sign with a key file, submit to a server, show the answer; whether everything was accepted."""
    password = read_password(password_file) or ask_password(key_info(key_file).key_id)
    key = open_key(key_file, password)
    with Client(url) as client:
        try:
            answer = client.submit(commands, key)
        except RefusedError as refused:
            _show_refused(output, refused)
            return False
    _show_answer(output, answer)
    return answer.accepted


def _show_refused(output: Output, refused: RefusedError) -> None:
    if output.as_json:
        output.json({"accepted": False, "recorded": False, "status": refused.status, "code": refused.code,
                     "sentence_zh": refused.sentence_zh, "sentence_en": refused.sentence_en,
                     "explanation": refused.explanation})  # fmt: skip
        return
    output.say(f"✗ {refused.code}：{refused.sentence_zh}", f"✗ {refused.code}: {refused.sentence_en}", style="red")
    remedy_zh, remedy_en = (str(refused.explanation.get(name, "")) for name in ("remedy_zh", "remedy_en"))
    if remedy_zh:
        output.say(f"怎样才能通过：{remedy_zh}", f"what would make it pass: {remedy_en}")
    output.say("在入口被拒绝，账本没有记录", "refused at the door; nothing was recorded")


def _show_answer(output: Output, answer: Answer) -> None:
    items = [
        {"index": one.index, "type": one.type, "number": one.number, "code": one.code, "sentence_zh": one.sentence_zh,
         "sentence_en": one.sentence_en, "facts": one.facts, "basis": one.basis, "remedy_zh": one.remedy_zh,
         "remedy_en": one.remedy_en}
        for one in answer.items
    ]  # fmt: skip
    if output.as_json:
        output.json({"accepted": answer.accepted, "recorded": answer.height is not None, "state": answer.state,
                     "envelope": answer.envelope, "height": answer.height, "time": answer.time,
                     "items": items})  # fmt: skip
        return
    columns = (
        Column("index", "记录", "record", "int"), Column("type", "指令", "command"), Column("code", "结果", "result"),
        Column(output.pick("sentence_zh", "sentence_en"), "说明", "why"),
        Column(output.pick("remedy_zh", "remedy_en"), "怎样才能通过", "what would make it pass"),
    )  # fmt: skip
    output.table(columns, items)
    refused = sum(one.number not in GOOD_CODES for one in answer.items)
    if answer.height is None:
        output.note(f"尚未入账，信封 {answer.envelope}，请稍后查询", f"not yet on disk; look for {answer.envelope}")
    else:
        output.say(
            f"{len(items)} 项中 {len(items) - refused} 项受理，{refused} 项拒绝；高度 {answer.height}",
            f"{len(items) - refused} of {len(items)} items accepted, {refused} refused; height {answer.height}",
        )
