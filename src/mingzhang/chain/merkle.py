"""The RFC 9162 Merkle tree: roots, inclusion and consistency proofs, and the compact state that grows a log.

Everything here is a pure function of its arguments. The hash function is given (a suite's `hash`, 32 bytes out), and
so are the hashes of subtrees, through a `node` function. Where leaves are stored, and what they mean, is known
elsewhere (node/store.py, machine.py).

A subtree is named by (level, index): it holds the 2^level leaves from index * 2^level on, and all of them exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

HashFunction = Callable[[bytes], bytes]
"""A hash of 32 bytes, such as SM3 or SHA-256."""

NodeReader = Callable[[int, int], bytes]
"""`node(level, index)` gives the hash of that complete subtree. It is only asked for subtrees that lie within the
tree."""

HASH_BYTES = 32

# Sizes and indices travel in JSON, which a browser reads as doubles: beyond this they would lose their last digit.
MAXIMUM_SIZE = 2**53 - 1

# The store keeps leaf hashes and every eighth level above them: a tile of 256 hashes has one root.
TILE_LEVELS = 8

_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"
_SIZE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Node:
    """The hash of the complete subtree (level, index)."""

    level: int
    index: int
    hash: bytes


def leaf_hash(hash_function: HashFunction, data: bytes) -> bytes:
    """The hash of a leaf that holds `data`: H(0x00 || data), RFC 9162 section 2.1.1."""
    return hash_function(_LEAF_PREFIX + data)


def node_hash(hash_function: HashFunction, left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: H(0x01 || left || right), RFC 9162 section 2.1.1."""
    return hash_function(_NODE_PREFIX + left + right)


def empty_root(hash_function: HashFunction) -> bytes:
    """The root of the tree without leaves: H() of no bytes."""
    return hash_function(b"")


@dataclass(frozen=True, slots=True)
class Frontier:
    """What must be kept of a tree to append to it and to know its root: the hashes of its largest complete subtrees,
    left to right.

    There is one hash for each bit set in `size`. Raises ValueError if the two do not fit.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAXIMUM_SIZE:
            raise ValueError(f"frontier size must be between 0 and {MAXIMUM_SIZE}, not {self.size}")
        if len(self.hashes) != self.size.bit_count():
            expected = self.size.bit_count()
            raise ValueError(f"a frontier of size {self.size} has {expected} hashes, not {len(self.hashes)}")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise ValueError(f"each frontier hash must have {HASH_BYTES} bytes")

    def extend(self, hash_function: HashFunction, leaf_hashes: Sequence[bytes]) -> tuple["Frontier", list[Node]]:
        """Append leaves, given their leaf hashes.

        Returns the new frontier and the subtrees that became complete at levels 8, 16, 24 and so on, lower levels
        first and each level by index: together with the leaf hashes, these are what a store keeps.
        """
        size = self.size + len(leaf_hashes)
        waiting = list(self.hashes)  # Subtrees of the old tree still without a right sibling, the smallest last.
        remaining: list[bytes] = []  # Those of the new tree, the smallest first.
        completed: list[Node] = []
        rising = list(leaf_hashes)  # Subtrees of the present level that are new.
        level = 0
        while rising or waiting:
            first_index = self.size >> level
            if level and level % TILE_LEVELS == 0:
                completed.extend(Node(level, first_index + offset, one) for offset, one in enumerate(rising))
            if first_index & 1:
                rising.insert(0, waiting.pop())
            if len(rising) & 1:
                remaining.append(rising.pop())
            pairs = iter(rising)
            # One flat comprehension a level, and no call but the hash's, because millions of leaves pass here.
            rising = [hash_function(_NODE_PREFIX + left + right) for left, right in zip(pairs, pairs, strict=True)]
            level += 1
        return Frontier(size, tuple(reversed(remaining))), completed

    def root(self, hash_function: HashFunction) -> bytes:
        """The Merkle tree hash over all leaves so far, RFC 9162 section 2.1.1."""
        return _fold(hash_function, self.hashes)

    def encode(self) -> bytes:
        """Size as 8 bytes, big-endian, then the hashes left to right."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def decode(cls, data: bytes) -> "Frontier":
        """The inverse of `encode`. Raises ValueError for anything `encode` does not give."""
        if len(data) < _SIZE_BYTES or (len(data) - _SIZE_BYTES) % HASH_BYTES != 0:
            raise ValueError(f"an encoded frontier is {_SIZE_BYTES} bytes and whole hashes of {HASH_BYTES} bytes")
        hashes = tuple(data[start : start + HASH_BYTES] for start in range(_SIZE_BYTES, len(data), HASH_BYTES))
        return cls(int.from_bytes(data[:_SIZE_BYTES], "big"), hashes)


def subtree_hash(hash_function: HashFunction, hashes: Sequence[bytes]) -> bytes:
    """The hash of the complete subtree over `hashes`, whose number must be a power of two: how a store that keeps
    every eighth level gives the levels between, from at most 256 hashes.

    Raises ValueError for another number.
    """
    if len(hashes).bit_count() != 1:
        raise ValueError(f"a complete subtree stands over a power of two of hashes, not {len(hashes)}")
    level = list(hashes)
    while len(level) > 1:
        pairs = iter(level)
        level = [hash_function(_NODE_PREFIX + left + right) for left, right in zip(pairs, pairs, strict=True)]
    return level[0]


def nodes_over(hash_function: HashFunction, leaf_hashes: Sequence[bytes]) -> NodeReader:
    """A node reader over leaf hashes held in memory, for small trees such as the items of an envelope."""

    def node(level: int, index: int) -> bytes:
        return subtree_hash(hash_function, leaf_hashes[index << level : (index + 1) << level])

    return node


def root_over(hash_function: HashFunction, leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over leaf hashes held in memory."""
    frontier, _completed = Frontier().extend(hash_function, leaf_hashes)
    return frontier.root(hash_function)


def root_at(hash_function: HashFunction, node: NodeReader, *, size: int) -> bytes:
    """The root that the tree had when it held its first `size` leaves."""
    return _range_hash(hash_function, node, begin=0, end=size)


def inclusion_path(hash_function: HashFunction, node: NodeReader, *, index: int, size: int) -> list[bytes]:
    """The path of leaf `index` in the tree of the first `size` leaves: PATH(index, D[size]), RFC 9162 section
    2.1.3.1.

    The hash function is needed because the right edge of a tree need not be a complete subtree. Raises ValueError if
    there is no such leaf.
    """
    if not 0 <= index < size <= MAXIMUM_SIZE:
        raise ValueError(f"an inclusion path needs 0 <= index < size, not index {index} and size {size}")
    path = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(hash_function, node, begin=middle, end=end))
            end = middle
        else:
            path.append(_range_hash(hash_function, node, begin=begin, end=middle))
            begin = middle
    path.reverse()
    return path


def consistency_path(hash_function: HashFunction, node: NodeReader, *, old_size: int, new_size: int) -> list[bytes]:
    """The proof that the first `old_size` of `new_size` leaves are the old tree: PROOF(old_size, D[new_size]), RFC
    9162 section 2.1.4.1.

    From no leaves, or between equal sizes, it is empty. Raises ValueError if the old tree is larger.
    """
    if not 0 <= old_size <= new_size <= MAXIMUM_SIZE:
        raise ValueError(f"a consistency path needs 0 <= old size <= new size, not {old_size} and {new_size}")
    path: list[bytes] = []
    if old_size == 0:
        return path
    begin, end = 0, new_size
    while end != old_size:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append(_range_hash(hash_function, node, begin=middle, end=end))
            end = middle
        else:
            path.append(_range_hash(hash_function, node, begin=begin, end=middle))
            begin = middle
    if begin > 0:  # Otherwise what remains is the old root itself, which the verifier has.
        path.append(_range_hash(hash_function, node, begin=begin, end=end))
    path.reverse()
    return path


def verify_inclusion(
    hash_function: HashFunction, *, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether `path` shows that the leaf with this leaf hash is number `index` of the `size` leaves under `root`, RFC
    9162 section 2.1.3.2. A path that is longer or shorter than needed is refused, and so are hashes of another length
    than 32 bytes.
    """
    if not 0 <= index < size <= MAXIMUM_SIZE or not _are_hashes((leaf_hash, root, *path)):
        return False
    position, last = index, size - 1
    computed = leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(hash_function, sibling, computed)
            position, last = _climb_right_edge(position, last)
        else:
            computed = node_hash(hash_function, computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and computed == root


def verify_consistency(
    hash_function: HashFunction,
    *,
    old_size: int,
    new_size: int,
    old_root: bytes,
    new_root: bytes,
    path: Sequence[bytes],
) -> bool:
    """Whether `path` shows that the tree of `new_size` leaves under `new_root` begins with all leaves of the tree of
    `old_size` under `old_root`, RFC 9162 section 2.1.4.2.

    The RFC leaves two cases open, both with an empty path here: from size 0 the old root must be the empty root, and
    between equal sizes the roots must be equal.
    """
    if not 0 <= old_size <= new_size <= MAXIMUM_SIZE or not _are_hashes((old_root, new_root, *path)):
        return False
    if old_size == 0 and old_root != empty_root(hash_function):
        return False
    if old_size == new_size:
        return len(path) == 0 and old_root == new_root
    if old_size == 0:
        return len(path) == 0
    if len(path) == 0:
        return False
    # An old tree that is one complete subtree would open the path; the prover leaves it out, as the verifier has it.
    steps = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_computed = new_computed = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_computed = node_hash(hash_function, sibling, old_computed)
            new_computed = node_hash(hash_function, sibling, new_computed)
            position, last = _climb_right_edge(position, last)
        else:
            new_computed = node_hash(hash_function, new_computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_computed == old_root and new_computed == new_root


def _climb_right_edge(position: int, last: int) -> tuple[int, int]:
    """Skip the levels on the right edge at which a subtree has no sibling and so is its own parent."""
    while position and not position & 1:
        position >>= 1
        last >>= 1
    return position, last


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _split(width: int) -> int:
    """The largest power of two smaller than `width` (k in the RFC), for a width of at least 2."""
    return 1 << ((width - 1).bit_length() - 1)


def _range_hash(hash_function: HashFunction, node: NodeReader, *, begin: int, end: int) -> bytes:
    """MTH(D[begin:end]), where `begin` is a multiple of the smallest power of two not below the width, as the RFC's
    splits give it.

    Such a range falls into complete subtrees of falling size, one for each bit set in its width.
    """
    hashes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        hashes.append(node(level, begin >> level))
        begin += 1 << level
    return _fold(hash_function, hashes)


def _fold(hash_function: HashFunction, hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling size: the smaller ones on the right join first."""
    if len(hashes) == 0:
        return empty_root(hash_function)
    computed = hashes[-1]
    for left in reversed(hashes[:-1]):
        computed = node_hash(hash_function, left, computed)
    return computed
