"""Comments for everything that is found: written only where they silence it and the code stays what it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field

from mongolint.engine.load import Loaded
from mongolint.engine.mend import Check, Reload
from mongolint.engine.run import SYNTAX_ERROR, UNUSED_SUPPRESSION, Result
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.source.silencing import suppress_all
from mongolint.source.text import SourceError, decode_source, encode

# A file that is no Python has no place for a comment, and a comment without effect is to be taken out
_LEFT = (SYNTAX_ERROR, UNUSED_SUPPRESSION)


@dataclass(slots=True)
class Silenced:
    """New contents by absolute path; how many findings they silence; a line for each file left as it was."""

    contents: dict[str, bytes] = field(default_factory=dict)
    count: int = 0
    failures: list[str] = field(default_factory=list)


def silence(loaded: Loaded, result: Result, check: Check, reload: Reload, reason: str) -> Silenced:
    """Work out the comments for all that a run shows. Nothing is written to the disk."""
    done = Silenced()
    wanted: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        if finding.code not in _LEFT:
            wanted[finding.span.file].append(finding)
    paths = loaded.paths
    for shown, findings in wanted.items():
        path = paths[shown]
        try:
            source = decode_source(loaded.sources[path], path)
            text, left = suppress_all(source.text, findings, reason)
            if text != source.text:
                done.contents[path] = encode(source, text)
        except SourceError as error:
            done.failures.append(f"{shown}: no comment can be written: {error}")
            continue
        done.count += len(findings) - len(left)
        done.failures += [f"{shown}:{f.span.line}: there is no place for a comment on {f.code} {f.name}" for f in left]
    _drop_idle(done, wanted, loaded, check(reload(done.contents, loaded)), result)
    return done


def _drop_idle(
    done: Silenced, wanted: Mapping[str, Sequence[Finding]], loaded: Loaded, after: Result, before: Result
) -> None:
    """Leave files as they were in which a comment would be one without effect."""
    for path in list(done.contents):
        shown = loaded.display[path]
        if _idle(after, shown) > _idle(before, shown):
            done.failures.append(f"{shown}: left as it was: a comment in it would have no effect")
            done.count -= len(wanted[shown])
            del done.contents[path]


def _idle(result: Result, shown: str) -> int:
    found = (*result.findings, *result.hidden)
    return sum(finding.code == UNUSED_SUPPRESSION and finding.span.file == shown for finding in found)
