"""Names match as git's patterns say, whichever way they are read."""

from __future__ import annotations

import warnings

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from mongolint.globs import Globs

_PATTERNS = st.lists(st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[a_]", "[!a]", "[^b]", "]", "x"]), min_size=1)
_NAMES = st.text(alphabet="abx._]", min_size=1, max_size=6)


@settings(max_examples=500)
@given(_PATTERNS.map("".join), _NAMES)
def test_a_name_matches_as_the_library_for_such_patterns_says(pattern: str, name: str) -> None:
    assume(set(name) != {"."})  # which no file is called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        expected = GitIgnoreSpec.from_lines([pattern]).match_file(name)
        assert bool(Globs([pattern]).match(name)) == expected


def test_a_plain_path_is_one_from_the_top() -> None:
    globs = Globs(["/dist", "docs/build/", "!docs/build"])
    assert globs.match("dist") is True
    assert globs.match("sub/dist") is None
    assert globs.match("sub/docs/build", is_dir=True) is None
    assert globs.match("docs/build", is_dir=True) is False
    assert Globs(["docs/build/"]).match("docs/build") is None
