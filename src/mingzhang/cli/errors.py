"""Which sentence a failure becomes. A person at a command line gets one that says what must hold, never a traceback."""

import os
import sqlite3
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from mingzhang.chain.codec import CodecError
from mingzhang.chain.codes import Refused, render
from mingzhang.chain.state import NodeFailed
from mingzhang.chain.suites import SuiteError
from mingzhang.node import keys, vault
from mingzhang.node.embedded import LedgerLocked
from mingzhang.node.proofs import ProofError
from mingzhang.views.db import RebuildNeeded
from mingzhang.views.paging import WrongQuery

TRACEBACK_VARIABLE = "MINGZHANG_TRACEBACK"
"""Set it to see where an error came from."""


class Failed(Exception):
    """A command cannot go on: its sentences in Chinese and English. Exit code 1."""

    def __init__(self, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence_zh = sentence_zh
        self.sentence_en = sentence_en


class WrongUse(click.UsageError):
    """A command was used wrongly: its sentences in Chinese and English. Exit code 2."""

    def __init__(self, sentence_zh: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence_zh = sentence_zh


KNOWN: tuple[tuple[type[BaseException], str], ...] = (
    (LedgerLocked, "另一进程正在写入本账本，请稍后再试或通过该进程提交"),
    (keys.WrongPasswordError, "口令不对"),
    (keys.AlteredKeyFileError, "密钥文件已损坏或被改动"),
    (keys.KeyExistsError, "已有同名密钥，不会覆盖"),
    (keys.SandboxKeyError, "密钥的保护方式不符"),
    (keys.TooManyAtOnceError, "同时核对的口令过多，请稍后再试"),
    (keys.KeyFileError, "密钥文件不能使用"),
    (vault.ErasedError, "该内容已按规定删除"),
    (vault.NotInVaultError, "保管库中没有该内容"),
    (vault.NotAReaderError, "无权打开该内容"),
    (vault.ErasureUnfinishedError, "已删除并留有回执，但另一进程正在读取，请稍后再试一次"),
    (vault.CorruptError, "保管库的内容被改动"),
    (vault.VaultError, "保管库不能完成所要求的操作"),
    (CodecError, "内容不符合规定格式"),
    (SuiteError, "密钥或密文不能使用"),
    (NodeFailed, "节点已停止，请检查磁盘与日志"),
    (sqlite3.Error, "数据库文件不能读写"),
    (SQLAlchemyError, "视图数据库不能读写"),
    (OSError, "文件不能读写"),
    (RebuildNeeded, "视图不能使用，请运行 mingzhang rebuild 重建"),
    (ProofError, "不能给出该证明"),
    (ValueError, "数据不符合要求"),
    (LookupError, "没有找到"),
    (RuntimeError, "不能完成"),
)
"""First match wins; the exception's own English sentence stands second."""


def sentences(error: BaseException) -> tuple[str, str]:
    """The Chinese and English sentence of a failure."""
    zh, en = getattr(error, "sentence_zh", None), getattr(error, "sentence_en", None)
    if isinstance(zh, str) and isinstance(en, str):
        return zh, en
    if isinstance(error, WrongQuery):
        return f"{error.field}：{error.zh}", str(error)
    if isinstance(error, Refused):
        return render(error.code.zh, error.facts), render(error.code.en, error.facts)
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}:{'没有此文件' if isinstance(error, FileNotFoundError) else '文件不能读写'}", (
            f"{error.filename}: {error.strerror}"
        )
    for kind, zh in KNOWN:
        if isinstance(error, kind):
            return zh, _first_line(error)
    return (
        f"程序内部错误，设置 {TRACEBACK_VARIABLE}=1 可看到出错位置",
        f"internal error, {type(error).__name__}: {_first_line(error)}; {TRACEBACK_VARIABLE}=1 shows where",
    )


def usage_sentences(error: click.UsageError) -> tuple[str, str]:
    """The Chinese and English sentence of a wrong use."""
    en = error.format_message()
    if isinstance(error, WrongUse):
        return error.sentence_zh, en
    if isinstance(error, click.exceptions.NoSuchCommand):
        return f"没有命令 {error.command_name}", en
    if isinstance(error, click.NoSuchOption):
        return f"没有选项 {error.option_name}", en
    if isinstance(error, click.MissingParameter):
        return f"缺少参数 {_named(error.param)}", en
    if isinstance(error, click.BadParameter):
        return f"参数 {_named(error.param)} 不符合要求", en
    return "用法不对", en


def wants_traceback() -> bool:
    """Whether errors are to be raised as they are."""
    return bool(os.environ.get(TRACEBACK_VARIABLE))


def _named(param: Any) -> str:
    return "" if param is None else str(param.human_readable_name if param.param_type_name == "argument" else
                                         "/".join(param.opts))  # fmt: skip


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
