"""A hook and a rulebook for tests: payment control as an office might write it. The figures are examples."""

from typing import Any

import msgspec
import yaml

from mingzhang.chain.cel import BOOL, DATE, INT, STRING, list_of
from mingzhang.chain.tables import Book, FactMeaning, Finding, Hook, check_book


def fact(kind: Any, zh: str, en: str, **more: Any) -> FactMeaning:
    return FactMeaning(type=kind, zh=zh, en=en, source="payments.request/1", **more)


HOOK = Hook(
    "payments.request",
    {
        "payment.amount_fen": fact(INT, "支付金额", "amount", unit="fen", least=1),
        "payment.business_date": fact(DATE, "业务日期", "business date"),
        "payment.economic_code": fact(STRING, "经济分类", "economic code", length_max=21),
        "payment.repeated": fact(BOOL, "发票重复", "invoice used before"),
        "payment.recent_fen": fact(list_of(INT), "近三十日同收款人金额", "same payee in 30 days", length_max=50),
        "payment.file": fact(STRING, "附件", "attachment", optional=True),
        "line.available_fen": fact(INT, "可用余额", "available", unit="fen", least=0),
        "line.kind": fact(STRING, "项目类型", "kind of line", length_max=20),
    },
)

BOOK = """
hook: payments.request
name_zh: 支付控制
name_en: Payment control
hit_policy: FIRST
keepers: [finance_treasury]
parameters:
  - name: limit.single_fen
    type: int
    zh: 单笔限额
    en: limit of one payment
    unit: fen
    configurable: true
    values:
      - {since: "2022-01-01", value: 500000, basis: 示例办法第3条}
      - {since: "2023-01-01", value: 300000, basis: 示例办法（2023）第3条}
  - name: limit.year_end
    type: date
    zh: 年底起算日
    en: first day of year end
    configurable: true
    values:
      - {since: "2022-01-01", value: "2022-12-21", basis: 示例办法第5条}
      - {since: "2023-01-01", value: "2023-12-21", basis: 示例办法第5条}
columns:
  - {column: amount, expression: payment.amount_fen, zh: 金额, en: amount}
  - {column: code, expression: payment.economic_code, zh: 经济分类, en: economic code}
  - {column: date, expression: payment.business_date, zh: 日期, en: date}
  - {column: repeated, expression: payment.repeated, zh: 发票重复, en: invoice used before}
rows:
  - row: over-line
    cells: {amount: "> line.available_fen"}
    effect: {kind: refuse}
    message_zh: 金额 {payment.amount_fen} 超过可用余额 {line.available_fen}
    message_en: The amount {payment.amount_fen} exceeds what is available, {line.available_fen}
    basis: 预算法第13条
    configurable: false
  - row: repeated
    cells: {repeated: "true"}
    effect: {kind: hold, roles: [finance_treasury], approvals: 1, days: 5}
    message_zh: 发票已用过
    message_en: The invoice was used before
    disposal_zh: 核对发票后决定
    disposal_en: Compare the invoices, then decide
    basis: 预算法第57条
    configurable: false
  - row: year-end
    cells: {amount: "> limit.single_fen", date: ">= limit.year_end"}
    effect: {kind: hold, roles: [finance_treasury, finance_budget], approvals: 2, days: 3}
    message_zh: "{payment.business_date} 属年底，金额超过 {limit.single_fen}"
    message_en: "{payment.business_date} is year end, above {limit.single_fen}"
    basis: 示例办法第5条
    configurable: true
  - row: large
    cells: {amount: "> limit.single_fen", code: '.startsWith("302")'}
    when: "!has(payment.file)"
    effect: {kind: require_file, file: 合同}
    message_zh: 须附合同
    message_en: A contract must be attached
    basis: 示例办法第3条
    configurable: true
  - row: split
    when: |
      size(payment.recent_fen) >= 2 &&  // 拆分支付
      payment.recent_fen.all(fen, fen <= limit.single_fen)
    effect: {kind: warn, level: orange}
    message_zh: 疑似拆分
    message_en: Perhaps split
    basis: 示例办法第4条
    configurable: true
otherwise: {kind: allow}
"""

FACTS: dict[str, Any] = {
    "payment.amount_fen": 30_000,
    "payment.business_date": "2022-06-29",
    "payment.economic_code": "30201",
    "payment.repeated": False,
    "payment.recent_fen": [],
    "line.available_fen": 1_000_000,
    "line.kind": "project",
}


def book(text: str = BOOK, **changed: Any) -> Book:
    """A book of YAML, with fields of its top put in place."""
    return msgspec.convert(yaml.safe_load(text) | changed, Book)


def row(name: str, *, when: str = "", **asked: Any) -> dict[str, Any]:
    """A row that matters for its conditions only: `when`, `effect` if it matters, and cells by their columns."""
    effect = asked.pop("effect", {"kind": "record"})
    return {
        "row": name, "cells": asked, "when": when, "effect": effect, "message_zh": "记录", "message_en": "Recorded",
        "basis": "示例", "configurable": True,
    }  # fmt: skip


def found_in(changed: Book) -> list[Finding]:
    """What a check finds, but for columns and parameters that nobody uses: most test books have such."""
    return [found for found in check_book(changed, HOOK) if found.kind != "unused"]


def findings(changed: Book) -> list[tuple[str, str, str, str]]:
    """Weight, kind, row and part of what is found."""
    return [(found.weight, found.kind, found.row, found.part) for found in found_in(changed)]


def only(changed: Book) -> Finding:
    """The one finding there is."""
    (found,) = found_in(changed)
    return found
