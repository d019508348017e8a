"""The Merkle tree against a naive second implementation, golden vectors and, where installed, pymerkle."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chain import naive_merkle as naive

from mingzhang.chain import merkle
from mingzhang.chain.merkle import Frontier, Node

BOUND = 70
VECTORS = json.loads(naive.VECTORS.read_text(encoding="utf-8"))
LEAVES = naive.leaf_data(600)
HASHES = [merkle.leaf_hash(naive.sha256, data) for data in LEAVES]
ROOTS = [naive.tree_hash(LEAVES[:size]) for size in range(BOUND + 1)]


def tile_reader(leaf_hashes: list[bytes], completed: list[Node]) -> Callable[[int, int], bytes]:
    """Reads subtrees as the store does: from leaf hashes and the roots of tiles, never over more than 256 hashes."""
    kept = {(one.level, one.index): one.hash for one in completed}

    def node(level: int, index: int) -> bytes:
        below = level - level % merkle.TILE_LEVELS
        first, count = index << (level - below), 1 << (level - below)
        if below == 0:
            return merkle.subtree_hash(naive.sha256, leaf_hashes[first : first + count])
        return merkle.subtree_hash(naive.sha256, [kept[below, first + offset] for offset in range(count)])

    return node


def test_every_root_up_to_the_bound_is_the_rfcs() -> None:
    frontier = Frontier()
    assert frontier.root(naive.sha256) == ROOTS[0] == merkle.empty_root(naive.sha256)
    for size in range(1, BOUND + 1):
        frontier, _completed = frontier.extend(naive.sha256, [HASHES[size - 1]])
        assert (frontier.size, frontier.root(naive.sha256)) == (size, ROOTS[size])


def test_every_inclusion_path_up_to_the_bound_is_the_rfcs_and_fits_no_other_leaf() -> None:
    for size in range(1, BOUND + 1):
        node = merkle.nodes_over(naive.sha256, HASHES[:size])
        for index in range(size):
            path = merkle.inclusion_path(naive.sha256, node, index=index, size=size)
            assert path == naive.path(index, LEAVES[:size])
            for claimed in (index - 1, index, index + 1, size):
                fits = merkle.verify_inclusion(
                    naive.sha256, leaf_hash=HASHES[index], index=claimed, size=size, path=path, root=ROOTS[size]
                )
                assert fits == (claimed == index)


def test_every_consistency_path_up_to_the_bound_is_the_rfcs_and_fits_no_other_sizes() -> None:
    for new_size in range(BOUND + 1):
        node = merkle.nodes_over(naive.sha256, HASHES[:new_size])
        for old_size in range(new_size + 1):
            path = merkle.consistency_path(naive.sha256, node, old_size=old_size, new_size=new_size)
            assert path == naive.proof(old_size, LEAVES[:new_size])
            for claimed in (old_size - 1, old_size, old_size + 1):
                fits = merkle.verify_consistency(
                    naive.sha256,
                    old_size=claimed,
                    new_size=new_size,
                    old_root=ROOTS[old_size],
                    new_root=ROOTS[new_size],
                    path=path,
                )
                assert fits == (claimed == old_size)


def test_a_log_that_changed_an_old_leaf_has_no_consistency_path() -> None:
    rewritten = [*LEAVES[:2], b"something else", *LEAVES[3:9]]
    for old_size in range(3, 9):
        path = naive.proof(old_size, rewritten)
        assert not merkle.verify_consistency(
            naive.sha256,
            old_size=old_size,
            new_size=9,
            old_root=ROOTS[old_size],
            new_root=naive.tree_hash(rewritten),
            path=path,
        )


@pytest.mark.parametrize("vector", VECTORS["roots"], ids=lambda vector: str(vector["size"]))
def test_golden_root(vector: dict[str, Any]) -> None:
    leaf_hashes = [merkle.leaf_hash(naive.sha256, data) for data in naive.leaf_data(vector["size"])]
    assert merkle.root_over(naive.sha256, leaf_hashes).hex() == vector["root"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector["name"])
def test_golden_inclusion(vector: dict[str, Any]) -> None:
    valid = merkle.verify_inclusion(
        naive.sha256,
        leaf_hash=bytes.fromhex(vector["leaf_hash"]),
        index=vector["index"],
        size=vector["size"],
        path=[bytes.fromhex(one) for one in vector["path"]],
        root=bytes.fromhex(vector["root"]),
    )
    assert valid == vector["valid"]


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector["name"])
def test_golden_consistency(vector: dict[str, Any]) -> None:
    valid = merkle.verify_consistency(
        naive.sha256,
        old_size=vector["old_size"],
        new_size=vector["new_size"],
        old_root=bytes.fromhex(vector["old_root"]),
        new_root=bytes.fromhex(vector["new_root"]),
        path=[bytes.fromhex(one) for one in vector["path"]],
    )
    assert valid == vector["valid"]


def test_golden_vectors_are_mostly_bad_ones() -> None:
    cases = VECTORS["inclusion"] + VECTORS["consistency"]
    assert len(cases) > 300
    assert sum(not case["valid"] for case in cases) > 0.8 * len(cases)


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_frontier_does_not_depend_on_how_leaves_were_batched(batches: list[int]) -> None:
    total = min(sum(batches), len(HASHES))
    whole, completed = Frontier().extend(naive.sha256, HASHES[:total])
    frontier, seen = Frontier(), []
    for batch in batches:
        frontier, some = frontier.extend(naive.sha256, HASHES[frontier.size : min(frontier.size + batch, total)])
        seen += some
        assert Frontier.decode(frontier.encode()) == frontier
    assert frontier == whole
    assert seen == completed
    assert frontier.root(naive.sha256) == merkle.root_over(naive.sha256, HASHES[:total])


def test_a_large_log_is_proved_from_its_tiles() -> None:
    rng = random.Random(9162)
    size = 70_003  # Enough for tile roots at levels 8 and 16.
    leaf_hashes = [merkle.leaf_hash(naive.sha256, data) for data in naive.leaf_data(size)]
    frontier, completed = Frontier(), []
    roots = {0: frontier.root(naive.sha256)}
    while frontier.size < size:
        batch = leaf_hashes[frontier.size : frontier.size + rng.randrange(1, 3_000)]
        frontier, some = frontier.extend(naive.sha256, batch)
        completed += some
        roots[frontier.size] = frontier.root(naive.sha256)
    assert {one.level for one in completed} == {8, 16}
    assert sorted((one.level, one.index) for one in completed) == [
        *((8, index) for index in range(size >> 8)),
        *((16, index) for index in range(size >> 16)),
    ]
    node = tile_reader(leaf_hashes, completed)
    for old_size, old_root in roots.items():
        assert merkle.root_at(naive.sha256, node, size=old_size) == old_root
        path = merkle.consistency_path(naive.sha256, node, old_size=old_size, new_size=size)
        assert merkle.verify_consistency(
            naive.sha256, old_size=old_size, new_size=size, old_root=old_root, new_root=roots[size], path=path
        )
    for index in [0, 255, 256, 65_535, 65_536, size - 1, *rng.sample(range(size), 50)]:
        path = merkle.inclusion_path(naive.sha256, node, index=index, size=size)
        assert merkle.verify_inclusion(
            naive.sha256, leaf_hash=leaf_hashes[index], index=index, size=size, path=path, root=roots[size]
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        b"\x00" * 9,
        (1).to_bytes(8, "big"),
        (0).to_bytes(8, "big") + b"h" * 32,
        (1).to_bytes(8, "big") + b"h" * 31,
        (3).to_bytes(8, "big") + b"h" * 32,
        (2**53).to_bytes(8, "big") + b"h" * 32,
    ],
)
def test_a_frontier_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"frontier|hash"):
        Frontier.decode(data)


def test_a_frontier_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Frontier().size = 1  # type: ignore[misc]


@pytest.mark.parametrize("count", [0, 3, 5, 255])
def test_a_subtree_over_another_number_than_a_power_of_two_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        merkle.subtree_hash(naive.sha256, HASHES[:count])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 2**53)])
def test_a_path_for_a_leaf_that_is_not_there_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="index"):
        merkle.inclusion_path(naive.sha256, merkle.nodes_over(naive.sha256, HASHES), index=index, size=size)


@pytest.mark.parametrize(("old_size", "new_size"), [(6, 5), (-1, 5), (1, 2**53)])
def test_a_consistency_path_back_in_time_is_refused(old_size: int, new_size: int) -> None:
    with pytest.raises(ValueError, match="old size"):
        merkle.consistency_path(
            naive.sha256, merkle.nodes_over(naive.sha256, HASHES), old_size=old_size, new_size=new_size
        )


def test_pymerkle_gives_the_same_roots_and_proofs() -> None:
    pymerkle = pytest.importorskip("pymerkle")
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for size in range(1, BOUND + 1):
        tree.append_entry(LEAVES[size - 1])
        assert tree.get_root() == ROOTS[size]
    node = merkle.nodes_over(naive.sha256, HASHES)
    for size in range(1, BOUND + 1, 3):
        for index in range(0, size, 5):
            # Its paths open with the leaf or subtree itself.
            theirs = [bytes.fromhex(one) for one in tree.prove_inclusion(index + 1, size).serialize()["path"]]
            assert theirs[1:] == merkle.inclusion_path(naive.sha256, node, index=index, size=size)
