"""The rules: pure, synchronous, deterministic. Given state and a block, returns codes, events and new state."""
