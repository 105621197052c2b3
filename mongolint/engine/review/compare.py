"""What an earlier review had, and this one has not, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]


class EarlierError(Exception):
    """Data that is no review."""


def compare(issues: Sequence[Mapping[str, Any]], earlier: Any) -> Record:
    """New and remaining fingerprints, and the findings that are gone.

    Raises:
        EarlierError: ``earlier`` is not what ``review --format json`` writes.
    """
    try:
        before = {place["fingerprint"]: (issue, place) for issue in earlier["issues"] for place in issue["places"]}
        fixed = [
            {
                "code": str(issue["code"]),
                "name": str(issue["name"]),
                "severity": str(place["severity"]),
                "message": str(place["message"]),
                "file": str(place["file"]),
                "line": int(place["line"]),
            }
            for fingerprint, (issue, place) in before.items()
            if fingerprint not in _now(issues)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise EarlierError("not a review: 'mongolint review --format json' writes one") from error
    now = _now(issues)
    return {
        "new": [each for each in now if each not in before],
        "remaining": [each for each in now if each in before],
        "fixed": fixed,
    }


def _now(issues: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    return dict.fromkeys(place["fingerprint"] for issue in issues for place in issue["places"])
