"""Which line pays an agreement: the switch to another year's, so that an agreement may span years (跨年度合同).

What is bound on a line is said by milestones.py; agreements.py keeps the line's id.
"""

from mingzhang.chain.codec import ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import agreements as codes
from mingzhang.chain.codes import budgets as budget_codes
from mingzhang.chain.contracts.agreements import LineSwitched, check_in_force
from mingzhang.chain.contracts.balances import check_spendable
from mingzhang.chain.contracts.budgets import (
    read_line,
)
from mingzhang.chain.contracts.members import check_authority
from mingzhang.chain.contracts.milestones import bound_fen, check_bindable, read_milestones, rebound
from mingzhang.chain.contracts.terms import AgreementId
from mingzhang.chain.operations import Block, Evolve, Item, Operation
from mingzhang.chain.state import View

_FINANCE = ("unit_finance",)


# --- Commands ---


class SwitchLine(Wire, frozen=True, tag="amendments.switch_line/1"):
    """Pay an agreement from another line of the same unit and project, such as the new year's: what is bound moves
    there, and what the new line's year bears is bound there for the first time.
    """

    agreement_id: AgreementId
    line_id: ObjectId
    reason: Text


# --- Events ---

# --- Keys ---

# --- Rules ---


def decide_switch_line(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: agreement in force, authority, another line of the same unit and project, old line not blocked, money."""
    command: SwitchLine = item.command
    agreement = check_in_force(view, command.agreement_id)
    old, new = read_line(view, agreement.line_id), read_line(view, command.line_id)
    check_authority(
        view, item.signer, _FINANCE, organisation=agreement.organisation, block=block, project=agreement.project_id
    )
    if command.line_id == agreement.line_id:
        raise Refused(budget_codes.SAME_LINE)
    if (new.organisation, new.project_id) != (agreement.organisation, agreement.project_id):
        raise Refused(codes.LINE_OF_ANOTHER_PROJECT, line=command.line_id)
    check_spendable(agreement.line_id, old, 0, business_year=old.year)  # A freeze is not to be got round.
    milestones = read_milestones(view, command.agreement_id, agreement.milestone_ids)
    unbound, bound = (bound_fen(milestones, line_year=line.year) for line in (old, new))
    check_bindable(command.line_id, new, bound, block=block)
    return [
        LineSwitched(
            agreement_id=command.agreement_id,
            from_line=agreement.line_id,
            to_line=command.line_id,
            unbound_fen=unbound,
            bound_fen=bound,
            reason=command.reason,
            by=item.signer,
            record=item.index,
        ),
        *rebound(agreement.line_id, -unbound, command.agreement_id),
        *rebound(command.line_id, bound, command.agreement_id),
    ]


COMMANDS = {SwitchLine: Operation(decide_switch_line, _FINANCE)}
EVENTS: dict[type, Evolve] = {}
