"""The case of the DG rehabilitation hospital: its chapters in their order. Each file says what is from the source.

The source tells of the project (住院大楼改造, 5,338.5 m², 1,281.76 万元, D府办复〔2022〕19号, 2022-06-29 to March 2023)
and of the kinds of parties. All else is illustrative, and the ledger's notice says so wherever it is shown.
"""

from mingzhang.demo.budget import budget
from mingzhang.demo.contracts import contracts
from mingzhang.demo.declaration import declaration
from mingzhang.demo.execution import execution
from mingzhang.demo.founding import founding
from mingzhang.demo.oversight import oversight
from mingzhang.demo.performance import performance
from mingzhang.demo.publication import publication
from mingzhang.demo.story import Chapter


def chapters() -> list[Chapter]:
    """All chapters; steps of one day happen in this order."""
    return [founding(), declaration(), budget(), contracts(), execution(), oversight(), performance(), publication()]
