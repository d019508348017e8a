"""What genesis fixed for the ledger's whole life, and the sandbox clock (沙盒时钟) of ledgers that have one.

The founding itself, which needs members too, is in founding.py.
"""

import msgspec

from mingzhang.chain.codec import Seconds, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import members as codes
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class StateTime(Wire, frozen=True, tag="settings.state_time/1"):
    """Move the sandbox clock: the next block has this ledger time."""

    time: Seconds


# --- Events ---


class LedgerFounded(Wire, frozen=True, tag="settings.founded/1"):
    """The ledger exists, under these settings."""

    chain_id: str
    suite: str
    clock: str
    notice: str
    checkpoint_threshold: int


class TimeStated(Wire, frozen=True, tag="settings.time_stated/1"):
    """The sandbox clock moved."""

    time: int


# --- Keys ---


class Settings(msgspec.Struct, frozen=True):
    """What genesis fixed, and where the sandbox clock stands."""

    chain_id: str
    suite: str
    clock: str
    checkpoint_threshold: int
    stated_time: int


SETTINGS = Key("settings/ledger", Settings)
"""settings/ledger/ledger: what genesis fixed."""


# --- Rules ---


def read_settings(view: View) -> Settings:
    """What genesis fixed. KeyError before genesis: no command but the founding can come then."""
    found = view.get(SETTINGS, "ledger")
    if found is None:
        raise KeyError("the ledger has not been founded")
    return found


def is_founded(view: View) -> bool:
    """Whether genesis has been."""
    return view.get(SETTINGS, "ledger") is not None


def block_time(view: View, proposed: int) -> int:
    """For the machine: the proposed time, or the stated one on a ledger with a sandbox clock."""
    settings = view.get(SETTINGS, "ledger")
    return proposed if settings is None or settings.clock == "block" else settings.stated_time


def decide_state_time(view: View, item: Item, block: Block) -> list[Wire]:
    """A clock keeper moves the sandbox clock forward."""
    command: StateTime = item.command
    settings = view.get(SETTINGS, "ledger")
    if settings is None or settings.clock != "stated":
        raise Refused(codes.CLOCK_NOT_STATED)
    if command.time < settings.stated_time:
        raise Refused(codes.TIME_GOES_BACK, time=command.time, ledger_time=settings.stated_time)
    return [TimeStated(time=command.time)]


def evolve_ledger_founded(draft: Draft, event: LedgerFounded) -> None:
    """Fix the settings."""
    settings = Settings(
        chain_id=event.chain_id,
        suite=event.suite,
        clock=event.clock,
        checkpoint_threshold=event.checkpoint_threshold,
        stated_time=0,
    )
    draft.put(SETTINGS, "ledger", settings)


def evolve_time_stated(draft: Draft, event: TimeStated) -> None:
    """Move the sandbox clock."""
    settings = draft.get(SETTINGS, "ledger")
    if settings is not None:
        draft.put(SETTINGS, "ledger", msgspec.structs.replace(settings, stated_time=event.time))


COMMANDS = {StateTime: Operation(decide_state_time, ("clock_keeper",))}
EVENTS = {LedgerFounded: evolve_ledger_founded, TimeStated: evolve_time_stated}
