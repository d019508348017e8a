"""What a record is about, and where two texts of one thing differ, said so that a person finds it.

Works on any bytes: what is looked at may be damaged.
"""

from typing import Any

import msgspec

SHOWN_CHARACTERS = 60
"""Of a value that is quoted in a finding."""


def about_zh(leaf: bytes) -> str:
    """Who asked for what on which object, as far as a leaf says, in Chinese."""
    signer, command, target = _about(leaf)
    if not command:
        return ""
    return f"（{signer} 的 {command}" + (f"，对象 {target}）" if target else "）")


def about_en(leaf: bytes) -> str:
    """The same in English."""
    signer, command, target = _about(leaf)
    if not command:
        return ""
    return f" ({command} by {signer}" + (f", object {target})" if target else ")")


def difference(stored: object, right: bytes) -> str:
    """Where two JSON texts first differ: path, stored value, right value; "" where that cannot be said."""
    if not isinstance(stored, bytes):
        return f"{type(stored).__name__} ≠ bytes"
    try:
        place = _first_difference(msgspec.json.decode(stored), msgspec.json.decode(right))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if place is None:
        return ""
    path, one, other = place
    return f"{path or '/'}: {_shown(one)} ≠ {_shown(other)}"


def shown(value: object) -> str:
    """A stored value as a finding quotes it."""
    return _shown(value.hex() if isinstance(value, bytes) else value)


def printable(value: object) -> str:
    """A value as text without what a screen cannot show, such as bytes that were not UTF-8."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _about(leaf: bytes) -> tuple[str, str, str]:
    """(signer, type of the command, object id), each "" if it is not to be found."""
    try:
        value = msgspec.json.decode(leaf)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", "", ""
    if not isinstance(value, dict) or not isinstance(value.get("command"), dict):
        return "", "", ""
    command = value["command"]
    target = next((text for name, text in command.items() if name.endswith("_id") and isinstance(text, str)), "")
    return _shown(value.get("signer", "")), _shown(command.get("type", "")), _shown(target) if target else ""


def _first_difference(one: Any, other: Any) -> tuple[str, Any, Any] | None:
    """(path, value, other value) of the first difference; an explicit stack, because what is compared may be deep."""
    waiting: list[tuple[str, Any, Any]] = [("", one, other)]
    while waiting:
        path, left, right = waiting.pop()
        if left == right and type(left) is type(right):
            continue
        if isinstance(left, dict) and isinstance(right, dict):
            names = list(dict.fromkeys([*left, *right]))
            waiting += [(f"{path}/{name}", left.get(name), right.get(name)) for name in reversed(names)]
        elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            pairs = list(enumerate(zip(left, right, strict=True)))
            waiting += [(f"{path}/{at}", *pair) for at, pair in reversed(pairs)]
        else:
            return path, left, right
    return None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = printable(text)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
