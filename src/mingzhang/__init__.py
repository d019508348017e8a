"""Mingzhang 明账: a ledger that public bodies keep together, and the rules by which public money moves on it."""

__version__ = "0.1.0"
