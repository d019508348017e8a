"""A second Merkle tree, written from the text of RFC 9162 section 2.1: recursive, slow, over leaf data held in memory.

Nothing is taken from `mingzhang`. It also writes the golden vectors: `python tests/chain/naive_merkle.py`.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "vectors" / "merkle.json"

Change = Callable[[list[bytes]], list[bytes]]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH(D_n), section 2.1.1."""
    if len(leaves) == 0:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = largest_power_of_two_below(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D_n), section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_of_two_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def proof(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D_n), section 2.1.4.1; empty for m = 0, which the RFC leaves open."""
    return subproof(m, leaves, whole=True) if m > 0 else []


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b), section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = largest_power_of_two_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def leaf_data(size: int) -> list[bytes]:
    """Leaf i holds the text `leaf i`."""
    return [f"leaf {index}".encode() for index in range(size)]


def flip(one: bytes) -> bytes:
    return one[:-1] + bytes([one[-1] ^ 1])


def path_damages(hashes: list[bytes]) -> list[tuple[str, list[bytes]]]:
    """Each way to spoil a path, by name."""
    garbage = sha256(b"garbage")
    damages = [
        ("extra hash at the end", [*hashes, garbage]),
        ("preceding garbage", [garbage, *hashes]),
        ("last hash said twice", [*hashes, *hashes[-1:]]) if hashes else ("two garbage hashes", [garbage, garbage]),
        ("empty hash at the end", [*hashes, b""]),
    ]
    if hashes:
        damages += [
            ("last hash missing", hashes[:-1]),
            ("first hash missing", hashes[1:]),
            ("no hash at all", []),
            ("bit flipped in the first hash", [flip(hashes[0]), *hashes[1:]]),
            ("bit flipped in the last hash", [*hashes[:-1], flip(hashes[-1])]),
            ("hash too short", [hashes[0][:31], *hashes[1:]]),
            ("hash too long", [*hashes[:-1], hashes[-1] + b"\x00"]),
            ("two hashes run together", [hashes[0] + hashes[-1], *hashes[1:-1]]),
        ]
    if len(hashes) > 1:
        damages += [
            ("first two hashes swapped", [hashes[1], hashes[0], *hashes[2:]]),
            ("path reversed", hashes[::-1]),
        ]
    return damages


def inclusion_vectors() -> list[dict[str, Any]]:
    vectors = []
    for index, size in [(0, 1), (0, 2), (1, 2), (2, 3), (0, 5), (4, 5), (3, 7), (5, 8), (6, 11), (63, 65), (64, 65)]:
        leaves = leaf_data(size)
        good = {
            "leaf_hash": sha256(b"\x00" + leaves[index]),
            "index": index,
            "size": size,
            "path": path(index, leaves),
            "root": tree_hash(leaves),
        }
        right = path(index, leaves)
        named = [("good", good, True)]
        named += [(name, {**good, "path": damaged}, False) for name, damaged in path_damages(right)]
        named += [
            ("index + 1", {**good, "index": index + 1}, False),
            ("index - 1", {**good, "index": index - 1}, False),
            ("index beyond the tree", {**good, "index": size}, False),
            ("index plus a power of two", {**good, "index": index + 2 ** len(right)}, False),
            ("size 0", {**good, "size": 0}, False),
            ("bit flipped in the root", {**good, "root": flip(tree_hash(leaves))}, False),
            ("bit flipped in the leaf hash", {**good, "leaf_hash": flip(sha256(b"\x00" + leaves[index]))}, False),
            ("leaf data hashed without its prefix", {**good, "leaf_hash": sha256(leaves[index])}, False),
            ("root of an empty tree", {**good, "root": sha256(b"")}, False),
            ("empty root", {**good, "root": b""}, False),
            ("root as the leaf, no path", {**good, "leaf_hash": tree_hash(leaves), "path": []}, size == 1),
        ]
        named += [
            (name, {**good, "path": hashes, "root": root}, False) for name, hashes, root in fitted_roots(index, size)
        ]
        vectors += [{"name": f"{index} of {size}: {name}", "valid": valid, **case} for name, case, valid in named]
        # A path does not always tell its size, which a signed checkpoint must; where the shape is the same, both fit.
        vectors += shape_vectors(good)
    return vectors


def fitted_roots(index: int, size: int) -> list[tuple[str, list[bytes], bytes]]:
    """Roots that an attacker who chooses them would make to fit a path that no tree has."""
    leaves = leaf_data(size)
    root, right = tree_hash(leaves), path(index, leaves)
    garbage = sha256(b"garbage")
    fitted = [
        ("root made for a path too long, left", [*right, garbage], sha256(b"\x01" + garbage + root)),
        ("root made for a path too long, right", [*right, garbage], sha256(b"\x01" + root + garbage)),
    ]
    if (index, size) == (0, 2):
        for name, one in [("no bytes", b""), ("31 bytes", garbage[:31]), ("64 bytes", garbage + garbage)]:
            leaf = sha256(b"\x00" + leaves[0])
            fitted.append((f"root made for a hash of {name}", [one], sha256(b"\x01" + leaf + one)))
    return fitted


def fitted_growth() -> list[dict[str, Any]]:
    """The same for consistency, from a tree of one leaf and from one of three."""
    a, b, c = (sha256(name) for name in (b"a", b"b", b"c"))
    left = sha256(b"\x01" + a + b)
    three, four = sha256(b"\x01" + c + a), sha256(b"\x01" + c + sha256(b"\x01" + a + b))
    return [
        made(
            "1 to 2: roots made for a path too long, left",
            (1, 2),
            (sha256(b"\x01" + c + a), sha256(b"\x01" + c + left)),
            [b, c],
        ),
        made("1 to 2: roots made for a path too long, right", (1, 2), (a, sha256(b"\x01" + left + c)), [b, c]),
        made("1 to 2: root made for a hash of no bytes", (1, 2), (a, sha256(b"\x01" + a)), [b""]),
        made(
            "3 to 4: roots made for a path too long",
            (3, 4),
            (sha256(b"\x01" + b + three), sha256(b"\x01" + b + four)),
            [a, b, c, b],
        ),
    ]


def made(name: str, sizes: tuple[int, int], roots: tuple[bytes, bytes], hashes: list[bytes]) -> dict[str, Any]:
    return {
        "name": name,
        "valid": False,
        "old_size": sizes[0],
        "new_size": sizes[1],
        "old_root": roots[0],
        "new_root": roots[1],
        "path": hashes,
    }


def shape_vectors(good: dict[str, Any]) -> list[dict[str, Any]]:
    """The same path said to be of another tree size; valid only where the leaf's path has the same turns there."""
    vectors = []
    actual = good["size"]
    for name, size in [("size + 1", actual + 1), ("size - 1", actual - 1), ("size doubled", actual * 2)]:
        if good["index"] < size:
            same = turns(good["index"], size) == turns(good["index"], actual)
            label = f"{good['index']} of {actual}: {name}"
            vectors.append({"name": label, "valid": same, **good, "size": size})
    return vectors


def turns(m: int, n: int) -> list[str]:
    """On which side each hash of PATH(m, D_n) stands."""
    if n == 1:
        return []
    k = largest_power_of_two_below(n)
    return [*turns(m, k), "right"] if m < k else [*turns(m - k, n - k), "left"]


def consistency_vectors() -> list[dict[str, Any]]:
    vectors = []
    for old, new in [
        (0, 0),
        (0, 3),
        (1, 1),
        (1, 2),
        (2, 3),
        (3, 4),
        (4, 7),
        (6, 8),
        (7, 8),
        (7, 7),
        (8, 9),
        (33, 70),
        (64, 65),
    ]:
        leaves = leaf_data(new)
        good: dict[str, Any] = {
            "old_size": old,
            "new_size": new,
            "old_root": tree_hash(leaves[:old]),
            "new_root": tree_hash(leaves),
            "path": proof(old, leaves),
        }
        right = proof(old, leaves)
        named = [("good", good, True)]
        named += [(name, {**good, "path": damaged}, False) for name, damaged in path_damages(right)]
        named += [
            ("old size + 1", {**good, "old_size": old + 1}, False),
            ("sizes changed about", {**good, "old_size": new, "new_size": old}, old == new),
            ("old size below nothing", {**good, "old_size": -1}, False),
            ("bit flipped in the old root", {**good, "old_root": flip(good["old_root"])}, False),
            # From nothing, any tree is a continuation: the new root is then shown by its signatures alone.
            ("bit flipped in the new root", {**good, "new_root": flip(good["new_root"])}, old == 0 < new),
            ("empty old root", {**good, "old_root": b""}, False),
            ("roots changed about", {**good, "old_root": good["new_root"], "new_root": good["old_root"]}, old == new),
        ]
        if old > 0:
            named += [
                ("old root put before the path", {**good, "path": [good["old_root"], *right]}, False),
                ("old size 0", {**good, "old_size": 0}, False),
            ]
        if old > 1:
            named.append(("old size - 1", {**good, "old_size": old - 1}, False))
        vectors += [{"name": f"{old} to {new}: {name}", "valid": valid, **case} for name, case, valid in named]
    return vectors


def root_vectors() -> list[dict[str, Any]]:
    sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 255, 256, 257, 1000]
    return [{"size": size, "root": tree_hash(leaf_data(size))} for size in sizes]


def write_vectors() -> None:
    content = {
        "about": "SHA-256, RFC 9162; leaf i holds the text 'leaf i'. Written by tests/chain/naive_merkle.py.",
        "roots": root_vectors(),
        "inclusion": inclusion_vectors(),
        "consistency": consistency_vectors() + fitted_growth(),
    }
    lines = json.dumps(content, indent=1, default=bytes.hex)
    VECTORS.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_vectors()
