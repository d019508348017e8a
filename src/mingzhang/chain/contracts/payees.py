"""Payees: who may be paid, registered once, with account and contact sealed and the account comparable by blind index.

Payments name a payee by id; nothing about money lives here.
"""

from typing import Literal

import msgspec

from mingzhang.chain.codec import Commitment, Digest, Id, Name, ObjectId, Text, Wire
from mingzhang.chain.codes import Refused
from mingzhang.chain.codes import payments as codes
from mingzhang.chain.contracts.members import check_authority, check_own_prefix, check_same
from mingzhang.chain.operations import Block, Item, Operation
from mingzhang.chain.state import Draft, Key, View

# --- Commands ---


class RegisterPayee(Wire, frozen=True, tag="payees.register/1"):
    """Register a payee for an organisation. An enterprise is named in clear, an individual is sealed (`name` null).

    `account_index` is the vault's blind index of the account number: equal accounts have equal indexes.
    """

    payee_id: ObjectId
    organisation: Id
    kind: Literal["enterprise", "individual"]
    name: Name | None
    name_commitment: Commitment | None
    account_commitment: Commitment
    account_index: Digest
    contact_commitment: Commitment | None


class SuspendPayee(Wire, frozen=True, tag="payees.suspend/1"):
    """Stop payments to a payee, with a reason."""

    payee_id: ObjectId
    reason: Text


class ResumePayee(Wire, frozen=True, tag="payees.resume/1"):
    """Allow payments to a suspended payee again, with a reason; by another person than who suspended it."""

    payee_id: ObjectId
    reason: Text


# --- Events ---


class PayeeRegistered(Wire, frozen=True, tag="payees.registered/1"):
    """The payee may be paid."""

    payee_id: str
    organisation: str
    kind: str
    name: str | None
    name_commitment: str | None
    account_commitment: str
    account_index: str
    contact_commitment: str | None
    record: int


class PayeeSuspended(Wire, frozen=True, tag="payees.suspended/1"):
    """No new payment to this payee."""

    payee_id: str
    reason: str
    by: str


class PayeeResumed(Wire, frozen=True, tag="payees.resumed/1"):
    """Payments to this payee are possible again."""

    payee_id: str
    reason: str
    by: str


# --- Keys ---


class Payee(msgspec.Struct, frozen=True):
    """A payee; `name` is None for an individual, `suspended_by` is "" while payments are possible."""

    organisation: str
    kind: str
    name: str | None
    account_commitment: str
    account_index: str
    suspended_by: str
    record: int


class AccountOwner(msgspec.Struct, frozen=True):
    """Whose account an index is."""

    payee_id: str


PAYEE = Key("payees/payee", Payee)
"""payees/payee/<payee>"""
ACCOUNT = Key("payees/account", AccountOwner)
"""payees/account/<organisation>/<account index>: one payee an account and organisation."""


# --- Rules ---

_REGISTRARS = ("unit_finance", "finance_treasury")


def check_payable(view: View, payee_id: str) -> Payee:
    """The payee, if it is registered and not suspended. Raises Refused."""
    payee = view.get(PAYEE, payee_id)
    if payee is None:
        raise Refused(codes.PAYEE_UNKNOWN, payee=payee_id)
    if payee.suspended_by:
        raise Refused(codes.PAYEE_SUSPENDED, payee=payee_id)
    return payee


def decide_register_payee(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: authority, own id, name fits the kind, account not another payee's."""
    command: RegisterPayee = item.command
    check_authority(view, item.signer, _REGISTRARS, organisation=command.organisation, block=block)
    check_own_prefix(command.payee_id, command.organisation)
    stored = view.get(PAYEE, command.payee_id)
    if stored is not None:
        check_same(command.payee_id, stored, {"name": command.name, "account_index": command.account_index})
    if (command.name is None) != (command.kind == "individual"):
        raise Refused(codes.PAYEE_NAME_UNFIT, payee=command.payee_id)
    owner = view.get(ACCOUNT, f"{command.organisation}/{command.account_index}")
    if owner is not None:
        raise Refused(codes.ACCOUNT_TAKEN, payee=owner.payee_id)
    fields = {name: getattr(command, name) for name in RegisterPayee.__struct_fields__}
    return [PayeeRegistered(**fields, record=item.index)]


def decide_suspend_payee(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: payee known and payable, authority."""
    command: SuspendPayee = item.command
    payee = check_payable(view, command.payee_id)
    check_authority(view, item.signer, ("finance_treasury", "auditor"), organisation=payee.organisation, block=block)
    return [PayeeSuspended(payee_id=command.payee_id, reason=command.reason, by=item.signer)]


def decide_resume_payee(view: View, item: Item, block: Block) -> list[Wire]:
    """Guards: payee known and suspended, authority, not by who suspended it."""
    command: ResumePayee = item.command
    payee = view.get(PAYEE, command.payee_id)
    if payee is None:
        raise Refused(codes.PAYEE_UNKNOWN, payee=command.payee_id)
    check_authority(view, item.signer, ("finance_treasury",), organisation=payee.organisation, block=block)
    if not payee.suspended_by or payee.suspended_by == item.signer:
        raise Refused(codes.PAYEE_NOT_RESUMABLE, payee=command.payee_id, signer=item.signer)
    return [PayeeResumed(payee_id=command.payee_id, reason=command.reason, by=item.signer)]


def evolve_payee_registered(draft: Draft, event: PayeeRegistered) -> None:
    """Store payee and account."""
    payee = Payee(
        organisation=event.organisation,
        kind=event.kind,
        name=event.name,
        account_commitment=event.account_commitment,
        account_index=event.account_index,
        suspended_by="",
        record=event.record,
    )
    draft.put(PAYEE, event.payee_id, payee)
    draft.put(ACCOUNT, f"{event.organisation}/{event.account_index}", AccountOwner(payee_id=event.payee_id))


def evolve_payee_suspended(draft: Draft, event: PayeeSuspended) -> None:
    """Mark the payee."""
    _mark(draft, event.payee_id, event.by)


def evolve_payee_resumed(draft: Draft, event: PayeeResumed) -> None:
    """Lift the mark."""
    _mark(draft, event.payee_id, "")


def _mark(draft: Draft, payee_id: str, suspended_by: str) -> None:
    payee = draft.get(PAYEE, payee_id)
    if payee is None:
        raise KeyError(payee_id)
    draft.put(PAYEE, payee_id, msgspec.structs.replace(payee, suspended_by=suspended_by))


COMMANDS = {
    RegisterPayee: Operation(decide_register_payee, _REGISTRARS),
    SuspendPayee: Operation(decide_suspend_payee, ("finance_treasury", "auditor")),
    ResumePayee: Operation(decide_resume_payee, ("finance_treasury",)),
}
EVENTS = {
    PayeeRegistered: evolve_payee_registered,
    PayeeSuspended: evolve_payee_suspended,
    PayeeResumed: evolve_payee_resumed,
}
