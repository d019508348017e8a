"""A year's payments imported: what is taken and what is not and why, nothing twice, nothing lost, sums to the fen."""

import csv

import pytest
from tests.exchange.stage import Office, codes, everything_on, records_on, row

from mingzhang.chain.contracts.payees import RegisterPayee
from mingzhang.desk import Desk
from mingzhang.exchange import ExchangeError
from mingzhang.exchange.faults import ERROR_HEADER, write_error_file

# ---- What is taken ----


def test_rows_become_payments_of_their_lines(office: Office) -> None:
    path = office.write("2022.csv", [row(1, amount="1,200.50"), row(2, line="b"), row(3, date="2021-12-01")])
    summary = office.run(path)
    assert (summary.rows, summary.taken, summary.not_taken, summary.payees_registered) == (3, 3, 0, 1)
    assert summary.paid_fen == 120_050 + 1_250 + 1_250
    assert office.payments() == {"city:y2022-2": 120_050, "city:y2022-3": 1_250, "city:y2022-4": 1_250}
    assert office.line("city:a-2022").in_transit_fen == 120_050
    assert office.line("city:a-2021").in_transit_fen == 1_250


def test_again_it_takes_nothing_twice(office: Office) -> None:
    path = office.write("2022.csv", [row(number) for number in range(30)])
    first = office.run(path, batch=7)
    again = office.run(path, batch=11)
    assert (first.taken, first.exists) == (30, 0)
    assert (again.taken, again.exists, again.not_taken, again.payees_registered) == (0, 30, 0, 0)
    assert office.line("city:a-2022").in_transit_fen == 30 * 1_250


def test_negative_amounts_are_refunds_of_what_was_paid(office: Office) -> None:
    path = office.write("2022.csv", [row(1, amount="-20.00", date="2022-01-01"), row(2, amount="100.00")])
    first = office.run(path)
    assert (first.taken, first.refunds, codes(first)) == (1, 0, {2: "refund_exceeds_paid_amount"})
    office.settle()
    again = office.run(path)
    assert (again.taken, again.refunds, again.refunded_fen, again.exists, again.not_taken) == (0, 1, 2_000, 1, 0)
    assert office.line("city:a-2022").paid_fen == 8_000
    assert office.run(path).exists == 2


def test_a_refund_of_somebody_never_paid_is_taken_and_noticed(office: Office) -> None:
    office.run(office.write("2022.csv", [row(1, amount="100.00")]))
    office.settle()
    rows = [row(1, amount="100.00"), row(2, amount="-5.00"), row(3, amount="-3.00", payee="另一家公司")]
    summary = office.run(office.write("2022.csv", rows))
    assert (summary.refunds, summary.not_taken) == (2, 0)
    assert [(notice.row, notice.code, notice.value) for notice in summary.notices] == [
        (4, "refund_without_payment", "-3.00")
    ]


def test_rows_go_in_the_order_of_their_dates(office: Office) -> None:
    """So that of a line that is too short the later payments are refused, wherever they stand in the file."""
    half = "6000.00"
    path = office.write("2022.csv", [row(1, amount=half, date="2022-05-01"), row(2, amount=half, date="2022-04-01")])
    summary = office.run(path)
    assert codes(summary) == {2: "exceeds_available_balance"}
    assert summary.faults[0].field == "金额"
    assert summary.faults[0].value == "6000.00"
    assert "4,000.00" in summary.faults[0].reason_zh, "what was available, in yuan"


def test_payments_that_a_rule_holds_are_taken_and_counted(office: Office) -> None:
    path = office.write("2021.csv", [row(1, date="2021-12-20"), row(2, date="2021-12-01")])
    summary = office.run(path)
    assert (summary.taken, summary.held) == (2, 1)
    assert office.line("city:a-2021").reserved_fen == 1_250


def test_the_map_chooses_the_unit(office: Office) -> None:
    path = office.write("2022.csv", [row(1, amount="0.1234")])
    assert office.run(path, amount="{column: 金额, unit: 万元}").paid_fen == 123_400


def test_one_invoice_pays_once_in_one_file_or_in_two(office: Office) -> None:
    rows = [row(1), row(2), row(3)]
    rows[1][5] = rows[0][5]
    path = office.write("2022.csv", rows)
    first = office.run(path, invoice='"{凭证号}"')
    assert (first.taken, codes(first)) == (2, {3: "invoice_already_used"})
    assert (first.faults[0].field, first.faults[0].value) == ("{凭证号}", "V1")
    second = office.run(path, invoice='"{凭证号}"', source="other")
    assert set(codes(second).values()) == {"invoice_already_used"}
    assert "V1" not in everything_on(office.directory), "an invoice number must not go on the ledger"


# ---- Payees ----


def test_spellings_of_one_name_are_one_payee(office: Office) -> None:
    names = ["ABC Ltd", "abc  LTD", "ＡＢＣ Ltd", "ABC Limited", "甲 公司（中国）", "甲公司(中国)"]
    path = office.write("2022.csv", [row(number, payee=name) for number, name in enumerate(names)])
    assert office.run(path).payees_registered == 3
    registered = [record.command.name for record in records_on(office.directory, "RegisterPayee")]
    assert registered == ["ABC Ltd", "ABC Limited", "甲 公司（中国）"], "each as it was first written"


def test_an_individual_is_named_nowhere_on_the_ledger(office: Office) -> None:
    path = office.write("2022.csv", [row(1, payee="张三丰"), row(2)])
    rule = "{column: 收款人, individuals_where: [{收款人: 张.*}], readers: [auditor]}"
    assert office.run(path, payee=rule).taken == 2
    told = everything_on(office.directory)
    assert "甲公司" in told
    assert "张三丰" not in told
    person = next(one for one in records_on(office.directory, "RegisterPayee") if one.command.kind == "individual")
    with Desk.open(office.directory) as desk:
        for reader in ("cashier", "auditor"):
            assert desk.open_sealed(person.command.name_commitment, reader).decode() == "张三丰"


def test_a_purpose_that_names_the_individual_is_not_taken(office: Office) -> None:
    path = office.write("2022.csv", [["2022-03-01", "5", "张三丰", "a", "张三丰慰问金", "V1"]])
    summary = office.run(path, payee="{column: 收款人, individuals_where: [{收款人: 张.*}]}")
    assert codes(summary) == {2: "purpose_names_person"}
    assert "张三丰" not in everything_on(office.directory)


def test_accounts_are_sealed_and_one_account_has_one_payee(office: Office) -> None:
    header = ("日期", "金额", "收款人", "指标", "摘要", "账号")
    rows = [["2022-03-01", "5", name, "a", "办公", account] for name, account in (
        ("甲公司", "6222020001"), ("甲公司", "6222020002"), ("乙公司", "6222020001"))]  # fmt: skip
    path = office.write("2022.csv", rows, header=header)
    summary = office.run(path, payee='{column: 收款人, account: "{账号}"}')
    assert (summary.taken, summary.payees_registered, codes(summary)) == (2, 2, {4: "account_of_another_payee"})
    assert "6222020001" not in everything_on(office.directory)
    payee = records_on(office.directory, "RegisterPayee")[0].command
    with Desk.open(office.directory) as desk:
        assert desk.open_sealed(payee.account_commitment, "cashier") == b"6222020001"
        assert payee.account_index == desk.vault.blind_index("account", "6222020001")


def test_an_account_registered_by_hand_is_used_if_the_name_agrees(office: Office) -> None:
    header = ("日期", "金额", "收款人", "指标", "摘要", "账号")
    path = office.write("2022.csv", [["2022-03-01", "5", "甲 公司", "a", "办公", "6222"]], header=header)
    with Desk.open(office.directory) as desk:
        registered = records_on_hand(desk)
        desk.act("cashier", registered)
    summary = office.run(path, payee='{column: 收款人, account: "{账号}"}')
    assert (summary.taken, summary.payees_registered) == (1, 0)
    assert records_on(office.directory, "RequestPayment")[0].command.payee_id == "city:by-hand"


def records_on_hand(desk: Desk) -> object:
    """A payee with the account 6222, registered by somebody."""
    return RegisterPayee(
        payee_id="city:by-hand", organisation="city", kind="enterprise", name="甲 公司", name_commitment=None,
        account_commitment="0" * 64, account_index=desk.vault.blind_index("account", "6222"), contact_commitment=None,
    )  # fmt: skip


def test_without_registration_unknown_payees_are_not_paid(office: Office) -> None:
    path = office.write("2022.csv", [row(1), row(2, payee="乙公司")])
    summary = office.run(path, register_payees="")
    assert set(codes(summary).values()) == {"payee_not_found"}
    assert summary.faults[0].value == "甲公司"
    assert office.payments() == {}
    office.run(path)
    again = office.run(path, register_payees="", source="other")
    assert again.taken == 2, "payees that an earlier import registered are known by their names"
    payee_id = records_on(office.directory, "RegisterPayee")[0].command.payee_id
    rule = f'{{column: 收款人, id: "{payee_id}"}}'
    assert office.run(path, register_payees="", payee=rule, source="third").taken == 2


# ---- What is not taken ----


def test_every_fault_of_a_row_is_named_in_the_error_file(office: Office) -> None:
    rows = [
        row(1),
        row(2, amount="twelve"),
        row(3, date="01/02/2022", amount=""),
        row(4, amount="0.00"),
        row(5, payee="  "),
        row(6, line="z"),
        row(7, line="a b"),
        row(8, date="2023-01-01"),
        ["2022-03-01", "1", "甲公司", "a", "", "V9"],
        ["2022-03-01", "1", "甲公司", "a", "办公\u202e", "V10"],
        [*row(11), "超出"],
        row(12, amount="=1+1"),
        row(13, line="b", amount="10000.01"),
        row(14, amount="12.345"),
    ]
    path = office.write("2022.csv", rows)
    summary = office.run(path)
    assert summary.taken == 1
    assert write_error_file(office.folder / "errors.csv", summary.faults)
    data = (office.folder / "errors.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the mark to read Chinese"
    assert (office.folder / "errors.csv").stat().st_mode & 0o077 == 0
    told = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    assert tuple(told[0]) == ERROR_HEADER
    assert [(line[0], line[1], line[2], line[3]) for line in told[1:]] == [
        ("3", "金额", "twelve", "amount_unreadable"),
        ("4", "日期", "01/02/2022", "date_unreadable"),
        ("4", "金额", "", "amount_missing"),
        ("5", "金额", "0.00", "amount_zero"),
        ("6", "收款人", "", "payee_missing"),
        ("7", "city:{指标}-{year}", "city:z-2022", "250 line_not_found"),
        ("8", "city:{指标}-{year}", "city:a b-2022", "line_id_malformed"),
        ("9", "city:{指标}-{year}", "city:a-2023", "250 line_not_found"),
        ("9", "日期", "2023-01-01", "358 business_date_in_future"),
        ("10", "{摘要}", "", "purpose_missing"),
        ("11", "{摘要}", "办公\u202e", "text_not_allowed"),
        ("12", "", "", "too_many_cells"),
        ("13", "金额", "'=1+1", "amount_unreadable"),
        ("14", "金额", "10000.01", "251 exceeds_available_balance"),
        ("15", "金额", "12.345", "amount_too_fine"),
    ]
    for line in told[1:]:
        assert line[4], "every row has its reason"
        assert line[5], "and what would make it pass"
    refused = next(line for line in told if line[0] == "14")
    assert "10,000.00" in refused[4]


def test_a_line_of_another_year_is_not_used(office: Office) -> None:
    path = office.write("2022.csv", [row(1, date="2021-05-05"), row(2)])
    summary = office.run(path, line='"city:{指标}-2022"')
    assert (summary.taken, codes(summary)) == (1, {2: "line_of_another_year"})
    assert summary.faults[0].value == "city:a-2022"


def test_rows_that_the_map_says_are_no_payments_are_left_out(office: Office) -> None:
    rows = [row(1), ["", "", "", "", "", ""], ["日期", "金额", "收款人", "指标", "摘要", "凭证号"], row(2),
            ["", "25.00", "合计:2 笔", "", "", ""], ["", "", "", "", "制表人 某某", ""]]  # fmt: skip
    path = office.write("2022.csv", rows)
    rule = '[{收款人: "合计.*"}, {日期: "", 金额: ""}]'
    with Desk.open(office.directory, writing=False) as desk:
        reading = office.read(path, desk, ignore_rows_where=rule)
    assert dict(reading.ignored) == {"blank": 1, "repeated_header": 1, "by_rule": 2}
    assert (len(reading.entries), reading.faults) == (2, [])
    assert office.run(path, ignore_rows_where=rule).ignored == 4


def test_unique_numbers_are_ids_and_must_be_unique(office: Office) -> None:
    rows = [row(1), row(2), row(3), row(4)]
    rows[1][5], rows[2][5], rows[3][5] = "V1", "", "号码 4/5"
    path = office.write("2022.csv", rows)
    summary = office.run(path, unique='"{凭证号}"', source="")
    assert codes(summary) == {3: "unique_repeated", 4: "unique_missing"}
    assert min(office.payments()) == "city:document-V1"
    assert len(office.payments()) == 2
    other = office.write("other-name.csv", [rows[0], rows[3], row(9)])
    again = office.run(other, unique='"{凭证号}"', source="")
    assert (again.taken, again.exists) == (1, 2), "the same documents in another file are the same payments"


def test_mojibake_is_noted_and_repaired_if_the_map_says_so(office: Office) -> None:
    broken = "院内采购".encode().decode("latin-1")
    path = office.write("2022.csv", [["2022-03-01", "1", "Caf\u00c3\u00a9", "a", broken, "V1"]])
    with Desk.open(office.directory, writing=False) as desk:
        noted = office.read(path, desk)
        mended = office.read(path, desk, repair_mojibake="true")
    assert dict(noted.notes) == {"mojibake": 1}
    assert (mended.entries[0].purpose, mended.entries[0].paid.name) == ("院内采购", "Café")


def test_long_purposes_are_cut_and_names_of_persons_noted(office: Office) -> None:
    rows = [
        ["2022-03-01", "1", "甲公司", "a", "长" * 300, "V1"],
        ["2022-03-01", "1", "Mr John Smith", "a", "给王医生的药", "V2"],
    ]
    path = office.write("2022.csv", rows)
    with Desk.open(office.directory, writing=False) as desk:
        reading = office.read(path, desk)
    assert len(reading.entries[0].purpose) == 200
    assert dict(reading.notes) == {"purpose_cut": 1, "person_in_clear": 1, "person_in_purpose": 1}


def test_a_table_gives_the_lines(office: Office) -> None:
    (office.folder / "t.csv").write_text("key,line_id\na/2022,city:b-2022\n", encoding="utf-8")
    path = office.write("2022.csv", [row(1), row(2, line="q")])
    summary = office.run(path, line='{table: t.csv, key: "{指标}/{year}"}')
    assert (summary.taken, codes(summary)) == (1, {3: "line_not_in_table"})
    assert office.line("city:b-2022").in_transit_fen == 1_250


# ---- Who may ----


def test_who_has_no_grant_is_told_so_and_nothing_is_recorded(office: Office) -> None:
    path = office.write("2022.csv", [row(1)])
    with pytest.raises(ExchangeError, match="signer_has_no_grant_for_command") as stopped:
        office.run(path, signer="auditor")
    assert "auditor" in stopped.value.sentence_zh
    assert office.payments() == {}


def test_a_batch_has_its_bounds(office: Office) -> None:
    path = office.write("2022.csv", [row(1)])
    for batch in (0, 1001):
        with pytest.raises(ExchangeError, match="batch"):
            office.run(path, batch=batch)


def test_the_sums_of_a_large_file_are_the_files(office: Office) -> None:
    """Amounts in many spellings, added up by other means."""
    spellings = (lambda fen: f"{fen / 100:,.2f}", lambda fen: f"£{fen / 100:.2f}", lambda fen: f" {fen}e-2")
    fens = [3 + number * 7 % 500 for number in range(1_500)]
    path = office.write("2022.csv", [row(n, amount=spellings[n % 3](fen)) for n, fen in enumerate(fens)])
    summary = office.run(path, batch=400)
    assert summary.paid_fen == sum(fens) == office.line("city:a-2022").in_transit_fen
