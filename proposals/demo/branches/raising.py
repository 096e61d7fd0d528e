"""Step 1, what can come of a matter before it is discussed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proposals.demo.case import Case
from proposals.demo.script import Script, found
from proposals.demo.steps import accepted, all_five, brought_back, raised, settled, taken_up
from proposals.domain.raising import (
    CoSignProposal,
    MergeProposal,
    ProposalReturned,
    RefuseProposal,
    ReturnProposal,
    ReviseProposal,
    WithdrawProposal,
)

if TYPE_CHECKING:
    from proposals.domain.event import Fact

COSIGNERS = 3


def returned(case: Case) -> Script[list[Fact]]:
    """The screener sends it back to be completed."""
    reason = "请补充具体位置和照片。 / Please add the exact place and a picture."
    return (yield from case.go(ReturnProposal, case.screener, hours=(4, 30), reason=reason))


def revised(case: Case) -> Script[None]:
    """The proposer words it anew."""
    added = "（补充：见附图 / with a picture）"
    text = case.content.text[: -len(added)] if len(case.content.text) > 4_900 else case.content.text  # noqa: PLR2004
    text += added * (case.revision % 2)
    yield from case.go(ReviseProposal, case.proposer, hours=(20, 90), title=case.content.title, text=text)
    case.revision += 1


def returned_and_completed(case: Case) -> Script[None]:
    """Sent back, completed, taken up, and settled in the grid."""
    yield from raised(case)
    yield from returned(case)
    yield from revised(case)
    yield from accepted(case)
    yield from settled(case)
    yield from brought_back(case)


def lapsed(case: Case) -> Script[None]:
    """Sent back, and never completed: the clock lets it lapse, and archives it."""
    yield from raised(case)
    facts = yield from returned(case)
    yield from case.until(found(facts, ProposalReturned).due_at)


def refused(case: Case) -> Script[None]:
    """Not a matter of this process; the proposer hears why."""
    yield from raised(case)
    ground = case.rng.choice(("not_public", "in_court", "no_jurisdiction", "unlawful"))
    answer = "不属于受理范围，理由已当面说明。 / Outside this process; the reasons were explained."
    yield from case.go(RefuseProposal, case.screener, hours=(4, 30), ground=ground, answer=answer)


def withdrawn(case: Case) -> Script[None]:
    """The proposer takes it back; the clock archives it."""
    yield from taken_up(case)
    reason = "问题已自行解决。 / It has solved itself."
    yield from case.go(WithdrawProposal, case.proposer, hours=(2, 20), reason=reason)
    yield from case.days(1)


def cosigned(case: Case) -> Script[None]:
    """Neighbours support it, and it goes all the way."""
    yield from raised(case)
    for resident in case.residents(COSIGNERS):
        yield from case.go(CoSignProposal, resident, hours=(0.5, 8))
    yield from accepted(case)
    yield from all_five(case)


def merged(case: Case) -> Script[None]:
    """Joined to another open case about the same matter; without one at hand, a neighbour raises it too."""
    if case.root is not None:
        yield from raised(case)
        yield from _joined(case, case.root)
        return
    earlier = Case(case.county, case.run, f"{case.key}.root", case.grid, case.content, case.now)
    yield from taken_up(earlier)
    case.now = earlier.now + timedelta(hours=1)
    yield from raised(case)
    yield from _joined(case, earlier.id)
    earlier.now = case.now
    yield from settled(earlier)
    yield from brought_back(earlier)


def _joined(case: Case, root: str) -> Script[None]:
    reason = "同一事项。 / The same matter."
    yield from case.go(MergeProposal, case.screener, hours=(2, 20), into=root, reason=reason)
    yield from case.days(1)


RAISING = (
    (6, returned_and_completed),
    (2, lapsed),
    (4, refused),
    (3, withdrawn),
    (6, cosigned),
    (4, merged),
)
