"""What may be taken from a budget line (指标余额): is there room, is it blocked, has the project account been given it.

Asked by payments, agreements, adjustments and allotments alike; the line and its events are in budgets.py.
"""

from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import budgets as codes
from mingzhang.chain.contracts.budgets import Bucket, Line, Moved
from mingzhang.chain.operations import Evolve, Operation

# --- Commands ---

# None: money moves by the commands of those who ask here.

# --- Events ---

# Those of budgets.py.

# --- Keys ---

# Those of budgets.py.

# --- Rules ---


def moved(line_id: str, amount_fen: int, source: Bucket, *, target: Bucket, cause_id: str) -> Moved:
    """The event that moves money between two buckets of a line."""
    return Moved(line_id=line_id, amount_fen=amount_fen, source=source, target=target, cause_id=cause_id)


def check_spendable(line_id: str, line: Line, amount_fen: int, *, business_year: int) -> None:
    """Refuse new spending on a line that is blocked, of another year, or short of money in its available bucket."""
    if line.blocked_by:
        raise Refused(codes.LINE_FROZEN, line=line_id)
    if line.year != business_year:
        raise Refused(codes.LINE_OF_ANOTHER_YEAR, line=line_id, line_year=line.year, year=business_year)
    if amount_fen > line.available_fen:
        raise Refused(
            codes.EXCEEDS_AVAILABLE,
            line=line_id,
            requested_fen=amount_fen,
            available_fen=line.available_fen,
            excess_fen=amount_fen - line.available_fen,
        )


def check_allocated(line_id: str, line: Line, amount_fen: int) -> None:
    """Refuse a payment beyond what the project account of the line has been given."""
    left_fen = line.allocated_fen - line.reserved_fen - line.in_transit_fen - line.paid_fen
    if line.paid_from == "project_account" and amount_fen > left_fen:
        raise Refused(codes.EXCEEDS_ALLOCATED, line=line_id, requested_fen=amount_fen, left_fen=left_fen)


COMMANDS: dict[type, Operation] = {}
EVENTS: dict[type, Evolve] = {}
