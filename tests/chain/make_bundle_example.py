"""Writes the last section of docs/reference/bundle-format.md from the golden vectors, so that its example always holds.

`python -m tests.chain.make_bundle_example`, after make_bundle_vectors.
"""

import json
from pathlib import Path

from tests.chain.bundle_log import compact
from tests.chain.make_bundle_vectors import FOLDER

from mingzhang.chain.bundles import item_leaf
from mingzhang.chain.suites import suite_named

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reference" / "bundle-format.md"
HEADING = "## 7. Example\n"


def example() -> str:
    """The section's text."""
    hash_function = suite_named("gm").hash
    trust, text = ((FOLDER / name).read_text(encoding="utf-8") for name in ("keys.json", "good.json"))
    bundle = json.loads(text)
    body, record = json.loads(bundle["checkpoint"]["body"]), json.loads(bundle["record"])
    leaf_hash = hash_function(b"\x00" + bundle["record"].encode()).hex()
    item = item_leaf(record["blinder"], compact(record["command"])).decode()
    parts = [
        HEADING,
        "From `tests/vectors/bundles/`: `keys.json` and parts of `good.json`. The trust file; its fingerprint is",
        f"`{hash_function(trust.encode()).hex()}`:\n",
        block(trust),
        f"A checkpoint's body, signed by {len(bundle['checkpoint']['signatures'])} organisations:\n",
        block(bundle["checkpoint"]["body"]),
        f"A record, leaf {bundle['index']} (counted from 0) of {body['size']}, and its leaf hash",
        f"`{leaf_hash}`:\n",
        block(bundle["record"]),
        "Its path to the root, from the leaf upwards:\n",
        block("\n".join(bundle["inclusion"])),
        "The header of its envelope, whose H is the record's `envelope`, and the leaf data of its item:\n",
        block(bundle["envelope"]["header"] + "\n" + item),
        "The whole bundle:\n",
        block(text).rstrip("\n"),
    ]
    return "\n".join(parts) + "\n"


def block(text: str) -> str:
    return f"```\n{text}\n```\n"


def write_example() -> None:
    before, _heading, _after = DOCUMENT.read_text(encoding="utf-8").partition(HEADING)
    DOCUMENT.write_text(before + example(), encoding="utf-8")


if __name__ == "__main__":
    write_example()
