"""What is to be asked of those who wrote the code: what it shows, and does not tell whether it is meant.

First what may spoil or hide data, then what fails, then what is slow, then what is kept for nothing: within each, the
order of the modules' own lists. What is the same question for several collections is asked once.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.engine.review.questions import data, failing, kept, speed
from mongolint.engine.review.questions.asked import Record, merged
from mongolint.engine.review.questions.held import Held
from mongolint.project.model import Project

_KINDS = (*data.KINDS, *failing.KINDS, *speed.KINDS, *kept.KINDS)


def questions(project: Project, collections: Sequence[Mapping[str, Any]]) -> list[Record]:
    """The questions, the weightiest first.

    ``collections``: those of the map, as the table of collections tells them.
    """
    known = [Held(project, held) for held in collections]
    return list(merged(itertools.chain.from_iterable(kind(each) for kind in _KINDS for each in known)))
