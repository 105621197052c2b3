"""Each rule is a page: fixed headings, examples both ways, and the facts that the rule table promises."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from mongolint.engine.registry import all_rules, examples
from mongolint.rule import Bad, Good, Rule

RULES = Path(__file__).parents[2] / "rules"
HEADINGS = [
    "What it flags",
    "Why it hurts",
    "What it leaves alone",
    "Fix and its safety",
    "Sources",
]

# code, name, severity, tier, and t where test files are not spared. A code once given is never reused.
TABLE = """\
MDB000 syntax-error high default t
MDB101 n-plus-one-query high default
MDB103 missing-time-limit medium default
MDB104 uncovered-filter high default
MDB105 uncovered-sort medium default
MDB106 unindexed-lookup high default
MDB107 unselective-filter medium default
MDB108 unsorted-pagination medium default
MDB109 missing-projection low review
MDB110 unbounded-result medium default
MDB111 reread-after-write low default
MDB112 count-for-existence low default
MDB113 unread-document low review
MDB114 documents-read-to-count low default
MDB115 total-of-cut-off-list medium default
MDB201 index-never-created critical default
MDB202 check-then-insert high default
MDB203 redundant-index low default
MDB204 missing-ttl medium default
MDB205 index-created-per-request medium default
MDB206 upsert-without-unique-index high default
MDB207 missing-unique critical default
MDB208 text-search-without-text-index high default
MDB209 deprecated-index-option low default t
MDB210 unknown-hint high default
MDB211 too-many-indexes low review
MDB212 index-build-error-swallowed medium default
MDB220 missing-validator low review
MDB221 untyped-metadata-field low review
MDB222 unbounded-array medium default
MDB223 constant-null-field low default
MDB224 orphans-on-delete medium default
MDB225 unknown-field high default
MDB226 two-types-one-field medium default
MDB227 naive-datetime medium default
MDB229 large-embedded-rewrite low review
MDB230 date-stored-as-text low review
MDB231 members-of-missing-array medium default
MDB301 client-without-limits high default
MDB302 client-per-call high default
MDB303 unknown-client-option high default t
MDB304 deprecated-client-option medium default t
MDB305 tz-unaware-client low review
MDB401 silent-transaction-fallback high default
MDB402 session-not-passed high default
MDB403 lost-update high default
MDB404 multi-collection-write-without-transaction low review
MDB405 duplicated-database-check low default
MDB406 missing-await-on-collection high default t
MDB407 missing-await high default t
MDB408 sync-iteration-of-async-cursor high default t
MDB409 superfluous-await high default t
MDB410 wrong-time-limit-keyword high default t
MDB411 bool-of-collection high default t
MDB412 ambiguous-update medium default
MDB413 check-then-push medium default
MDB414 state-not-in-filter high default
MDB415 number-taken-meanwhile medium default
MDB501 bare-except medium default
MDB502 swallowed-database-error medium default
MDB503 print-call low default
MDB504 duplicate-key-handled-without-unique-index medium default
MDB505 exception-detail-lost low default
MDB701 motor-deprecated low default
MDB702 removed-pymongo-api high default t
MDB703 empty-projection-changed low default t
MDB801 no-command-monitoring low review
MDB802 cleanup-never-scheduled medium default
MDB900 unused-suppression low default t
"""

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=[rule.name for rule in all_rules()])


def test_every_file_is_a_rule() -> None:
    files = {path.stem.replace("_", "-") for path in RULES.rglob("*.py") if path.stem != "__init__"}
    assert files == {rule.name for rule in all_rules() if _file(rule).is_relative_to(RULES)}


def test_unique() -> None:
    rules = all_rules()
    assert max(Counter(rule.code for rule in rules).values()) == 1
    assert max(Counter(rule.name for rule in rules).values()) == 1


@every_rule
def test_facts(rule: Rule) -> None:
    table = {line.split()[0]: line.split()[1:] for line in TABLE.splitlines()}
    told = [rule.name, rule.severity.value, rule.tier, *(["t"] if rule.in_tests else [])]
    assert re.fullmatch(r"MDB\d{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert told == table[rule.code]
    assert _file(rule).stem == rule.name.replace("-", "_")
    assert set(rule.supersedes) <= set(table)


@every_rule
def test_page(rule: Rule) -> None:
    lines = rule.doc.splitlines()
    assert lines[0].endswith(".")
    assert not lines[1]
    headings = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert headings == HEADINGS
    for heading in headings:
        start = lines.index(heading)
        assert not lines[start - 1]
        assert lines[start + 1].startswith("    ")


@every_rule
def test_examples(rule: Rule) -> None:
    given = examples()[rule.code]
    bad = [example for example in given if isinstance(example, Bad)]
    assert bad
    assert any(isinstance(example, Good) for example in given)
    assert all(example.at for example in bad)
    texts = [repr(example.code) for example in given]
    assert len(texts) == len(set(texts))


def _file(rule: Rule) -> Path:
    module = next(module for module in list(sys.modules.values()) if vars(module).get("rule") is rule)
    assert module.__file__ is not None
    return Path(module.__file__)
