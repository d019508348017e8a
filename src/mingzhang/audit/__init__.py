"""The audit: a ledger directory checked against itself, down to the first bad record. It changes nothing.

Everything that can be computed again is computed again and compared; the vault's rows are authenticated by the node
key. What an audit cannot see: that the whole directory was replaced by an older copy of itself, or that a checkpoint
was taken away; signed checkpoints kept elsewhere show that.
"""

from mingzhang.audit.auditing import audit
from mingzhang.audit.report import Finding, Progress, Report, Standing

__all__ = ["Finding", "Progress", "Report", "Standing", "audit"]
