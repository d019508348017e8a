"""The payees of a payments file: their ids from blind indexes of their names, and their registration in batches.

A payee's id is the same in every file and run of this node, and tells nothing of the name to who lacks the vault's key.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from mingzhang.chain.codes import Code, Facts, Refused, code_named, kernel
from mingzhang.chain.codes import payments as payment_codes
from mingzhang.chain.contracts.members import read_person
from mingzhang.chain.contracts.payees import RegisterPayee, check_payable
from mingzhang.chain.state import View
from mingzhang.exchange.mapping import PaymentsMap
from mingzhang.exchange.posting import Desk, send
from mingzhang.exchange.rows import Paid
from mingzhang.exchange.texts import tidy
from mingzhang.node.vault import ToSeal

ID_DIGITS = 32
"""Of the index's 64: no two of any number of payees will meet."""
NO_ACCOUNT = "来源文件未提供账户 (the source file gives no account)"
"""What is sealed where an account should be."""


class Payees(NamedTuple):
    """What became of them: ids of those who can be paid, refusals of those who cannot, how many were registered."""

    ids: dict[Paid, str]
    refused: dict[Paid, tuple[Code, Facts]]
    registered: int


_space_in_chinese = re.compile(r"(?<=[\u2e80-\u9fff()]) | (?=[\u2e80-\u9fff()])")


def same_name(name: str) -> str:
    """A name as payees are compared: width and case make no difference, nor do spaces beside Chinese characters."""
    return _space_in_chinese.sub("", tidy(unicodedata.normalize("NFKC", name))).casefold()


def prepare_payees(
    desk: Desk,
    paid: Iterable[Paid],
    mapping: PaymentsMap,
    *,
    signer: str,
    batch: int,
    on_payees: Callable[[int], None] = lambda _number: None,
) -> Payees:
    """Find or register the payees. Raises ExchangeError when the ledger refuses a whole batch, VaultError."""
    found = Payees({}, {}, 0)
    fresh: dict[str, list[Paid]] = {}
    view = desk.view()
    for one in paid:
        payee_id = one.payee_id or _id_of(desk, mapping.organisation, one)
        if _is_registered(view, payee_id):
            found.ids[one] = payee_id
        elif mapping.register_payees and not one.payee_id:
            fresh.setdefault(payee_id, []).append(one)
        else:
            found.refused[one] = (payment_codes.PAYEE_UNKNOWN, {"payee": payee_id})
    registered = 0
    for part in _parts(fresh.items(), batch):
        registered += _register(desk, part, mapping, signer=signer, found=found)
        on_payees(len(part))
    return found._replace(registered=registered)


def _id_of(desk: Desk, organisation: str, paid: Paid) -> str:
    key = same_name(paid.name) + ("\n" + paid.account if paid.account else "")
    return f"{organisation}:payee-{desk.vault.blind_index('payee', key)[:ID_DIGITS]}"


def _is_registered(view: View, payee_id: str) -> bool:
    try:
        check_payable(view, payee_id)
    except Refused as refusal:
        # One that is suspended is registered; the ledger says so of each payment.
        return refusal.code is not payment_codes.PAYEE_UNKNOWN
    return True


def _register(
    desk: Desk, part: Sequence[tuple[str, list[Paid]]], mapping: PaymentsMap, *, signer: str, found: Payees
) -> int:
    """Register one batch; returns how many are new. Spellings of one name share the first one's registration."""
    firsts = [(payee_id, spellings[0]) for payee_id, spellings in part]
    sealed = _seal(desk, firsts, mapping, signer=signer)
    commands = [
        RegisterPayee(
            payee_id=payee_id,
            organisation=mapping.organisation,
            kind="individual" if one.is_individual else "enterprise",
            name=None if one.is_individual else one.name,
            name_commitment=sealed[payee_id, "name"] if one.is_individual else None,
            account_commitment=sealed[payee_id, "account"] if one.account else sealed["", "account"],
            account_index=desk.vault.blind_index("account", one.account)
            if one.account
            else desk.vault.blind_index("payee-without-account", same_name(one.name)),
            contact_commitment=None,
        )
        for payee_id, one in firsts
    ]
    registered = 0
    answers = send(desk, signer, commands).answers()
    for (payee_id, spellings), answer in zip(part, answers, strict=True):
        code = code_named(answer.code)
        other = str(answer.facts.get("payee", ""))
        if code in (kernel.OK, kernel.EXISTS):
            registered += code is kernel.OK
            found.ids.update(dict.fromkeys(spellings, payee_id))
        elif code is payment_codes.ACCOUNT_TAKEN and _is_named(desk.view(), other, spellings[0]):
            found.ids.update(dict.fromkeys(spellings, other))
        else:
            found.refused.update(dict.fromkeys(spellings, (code, answer.facts)))
    return registered


def _is_named(view: View, payee_id: str, paid: Paid) -> bool:
    """Whether the payee who has the account already bears the same name, registered by hand perhaps."""
    try:
        registered = check_payable(view, payee_id).name
    except Refused:
        return False
    return registered is not None and same_name(registered) == same_name(paid.name)


def _seal(
    desk: Desk, payees: Sequence[tuple[str, Paid]], mapping: PaymentsMap, *, signer: str
) -> dict[tuple[str, str], str]:
    """Commitments by payee and label: of accounts, of individuals' names, and under "" of the note for no account.

    Each is sealed by itself: equal commitments would tell the members of equal names.
    """
    view = desk.view()
    people = dict.fromkeys([signer, *mapping.payees.readers])
    readers = {person: bytes.fromhex(read_person(view, person).public_key) for person in people}
    wanted = {("", "account"): NO_ACCOUNT}
    for payee_id, one in payees:
        if one.account:
            wanted[payee_id, "account"] = one.account
        if one.is_individual:
            wanted[payee_id, "name"] = one.name
    sealed = desk.vault.seal_many(
        [
            ToSeal(content=text.encode("utf-8"), kind="field", label=label, owner=mapping.organisation, readers=readers)
            for (_payee, label), text in wanted.items()
        ]
    )
    return {key: one.commitment for key, one in zip(wanted, sealed, strict=True)}


def _parts(items: Iterable[tuple[str, list[Paid]]], size: int) -> Iterator[list[tuple[str, list[Paid]]]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
