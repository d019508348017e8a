"""The guide's example is imported as it stands there, and comes out as the guide says."""

import re

import pytest
from tests.exchange.stage import Office, codes
from tests.tidy import ROOT

from mingzhang.chain.contracts.budgets import ApproveLine
from mingzhang.chain.contracts.credentials import GrantRole
from mingzhang.chain.contracts.members import RegisterOrganisation
from mingzhang.desk import Desk
from mingzhang.exchange.mapping import load_map, source_of
from mingzhang.exchange.payments import ground_of, import_payments
from mingzhang.exchange.payments_file import open_payments_file
from mingzhang.exchange.rows import read_rows


def blocks(text: str) -> list[str]:
    """The guide's file, map and table."""
    return re.findall(r"^```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["import-payments.md", "import-payments.zh-CN.md"])
def test_the_example_of_the_guide(office: Office, name: str) -> None:
    guide = (ROOT / "docs" / "guides" / name).read_text(encoding="utf-8")
    payments, mapped, table = blocks(guide)
    path = office.write_bytes("2022.csv", payments.encode("gb18030"))
    (office.folder / "map.yaml").write_text(mapped, encoding="utf-8")
    (office.folder / "指标对照.csv").write_text(table, encoding="utf-8")
    with Desk.open(office.directory) as desk:
        furnish(desk)
        mapping, lines = load_map(office.folder / "map.yaml")
        file = open_payments_file(path, columns=mapping.columns(), skip_until_header=mapping.skip_until_header)
        source = source_of(mapping, path)
        reading = read_rows(file, mapping, source=source, ground=ground_of(desk), table=lines)
        summary = import_payments(desk, reading, mapping, signer="cashier", source=source, table=lines)
    assert (file.encoding, summary.taken, summary.refunds) == ("gb18030", 2, 0)
    said = {int(row): code.split()[-1] for row, code in re.findall(r"^\| (\d+) \| `(.+?)`", guide, re.MULTILINE)}
    assert codes(summary) == said


def furnish(desk: Desk) -> None:
    """The hospital, its cashier's grant, its lines."""
    hospital = RegisterOrganisation(organisation_id="hospital", name="市康复医院", kind="unit", parent="city",
                                    division_code="441900000")  # fmt: skip
    grant = GrantRole(
        grant_id="grant-1", person_id="cashier", role="unit_finance", organisation="hospital", project=None,
        from_time=desk.time(), until_time=None,
    )  # fmt: skip
    lines = [
        ApproveLine(
            line_id=f"hospital:2022-{number}", organisation="hospital", project_id=None, year=2022,
            function_code="2100202", department_economic_code="30201", government_economic_code="50201",
            fund_type="1", approved_fen=9_000_000, paid_from="treasury", document="test",
        )
        for number in (301, 302, 310)
    ]  # fmt: skip
    receipt = desk.act("root", hospital, grant, *lines)
    assert receipt.door is None
    assert {code for _index, code in receipt.items} == {"ok"}
