"""A file with a syntax error, in which nothing is checked.

What it flags
    A file that had to be read as code (it uses the driver, or code that does) and cannot be: a syntax error,
    bytes that are not in the file's encoding, NUL bytes, more nesting than Python itself allows.

Why it hurts
    Its queries are not seen, and what it defines is missing from the model: findings elsewhere may be wrong too.

What it leaves alone
    Files that no part of the check needs to read.

Fix and its safety
    None: only its author knows what was meant.

Sources
    PEP 263 (encodings); the Python Language Reference.
"""

from mongolint.rule import Bad, Good, Rule, Severity

rule = Rule("MDB000", "syntax-error", Severity.HIGH, fix=None, in_tests=True)

EXAMPLES = [
    Bad("from pymongo import MongoClient\n\ndef load(:\n    pass\n", at=(":",), message="not checked"),
    Good("from pymongo import MongoClient\n\ndef load():\n    pass\n"),
]
