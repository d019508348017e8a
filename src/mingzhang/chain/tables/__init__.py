"""Decision tables: the rulebooks that officials write, checked when proposed and judged on every node alike.

    book = msgspec.convert(yaml, Book)            what is written, and what stands on the ledger
    check_book(book, hook)                        findings: mistakes refuse it, doubts are told to those who vote
    table = Table(book, hook)
    table.judge(facts, on="2022-06-29")           a Verdict, faults included; never an exception of the rules
    table.why(facts, on="2022-06-29")             each row, each cell, what it saw, what would turn it

docs/reference/rulebooks.md describes the format. Which book is in force, who voted for it and what a verdict leads to
is the business of contracts; gathering facts is too.
"""

from mingzhang.chain.tables.book import (
    Book,
    Column,
    Effect,
    FactMeaning,
    Hook,
    Parameter,
    ParameterValue,
    Row,
    in_force,
)
from mingzhang.chain.tables.checking import check_book
from mingzhang.chain.tables.finding import Finding
from mingzhang.chain.tables.judging import BOOK_STEPS_MAX, Fault, Hit, Table, Verdict
from mingzhang.chain.tables.reasons import CellReport, RowReport

__all__ = [
    "BOOK_STEPS_MAX",
    "Book",
    "CellReport",
    "Column",
    "Effect",
    "FactMeaning",
    "Fault",
    "Finding",
    "Hit",
    "Hook",
    "Parameter",
    "ParameterValue",
    "Row",
    "RowReport",
    "Table",
    "Verdict",
    "check_book",
    "in_force",
]
