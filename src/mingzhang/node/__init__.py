"""Runs the rules and keeps what they give: stores, the embedded node, the vault, keys. No rules live here."""
