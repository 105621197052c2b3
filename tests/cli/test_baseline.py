"""``mongolint baseline``, and what ``check`` makes of it: nothing old is shown, everything new is."""

from __future__ import annotations

import json
from typing import Any

import pytest

FILE = ".mongolint-baseline.json"
ALL_OLD = "All checks passed; 3 in the baseline.\n"
LOOP = """

def more(orders):
    for order in orders:
        print(db.products.find_one({"_id": order}))
"""


def entries(place: Any, file: str = FILE) -> list[dict[str, Any]]:
    document = json.loads((place.root / file).read_text(encoding="utf-8"))
    assert document["version"] == 1
    *found, last = document["findings"]
    assert last is None
    return list(found)


@pytest.fixture
def old(shop: Any) -> Any:
    """The project with its three findings in the baseline."""
    shop.write({"pyproject.toml": "[tool.mongolint]\n"})
    run = shop.run("baseline")
    assert (run.code, run.out, run.err) == (0, f"{FILE}: 3 findings (3 new, 0 gone).\n", "")
    return shop


def edit(place: Any, old: str, new: str, file: str = "shop/orders.py") -> None:
    path = place.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_file(old: Any) -> None:
    """One finding a line, and each line ends alike."""
    lines = (old.root / FILE).read_text().splitlines()
    assert lines[:3] == ["{", '"version": 1,', '"findings": [']
    assert lines[-3:] == ["null", "]", "}"]
    assert all(line.startswith('{"file": "shop/orders.py", "code": "MDB') for line in lines[3:-3])
    assert all(line.endswith("},") for line in lines[3:-3])
    found = entries(old)
    assert [entry["code"] for entry in found] == ["MDB101", "MDB103", "MDB503"]
    assert list(found[0]) == ["file", "code", "fingerprint", "text", "scope", "message"]


def test_old_findings_are_not_shown(old: Any) -> None:
    run = old.check()
    assert (run.code, run.out, run.err) == (0, ALL_OLD, "")
    assert old.check("--format", "json").json == []
    for arguments in (["shop/orders.py"], ["shop"], ["shop/orders.py", "shop/clean.py"]):
        assert old.check(*arguments).out == ALL_OLD
    assert old.check(cwd="shop").out == ALL_OLD
    assert old.check("orders.py", cwd="shop").out == ALL_OLD
    text = (old.root / "shop/orders.py").read_bytes()
    assert old.check("--stdin-filename", "shop/orders.py", stdin=text).out == ALL_OLD
    assert old.check("--select", "MDB101").out == "All checks passed; 1 in the baseline.\n"


def test_baseline_can_be_left_out(old: Any) -> None:
    assert len(old.check("--no-baseline", "--format", "json").json) == 3
    (old.root / FILE).rename(old.root / "other.json")
    assert len(old.check("--format", "json").json) == 3
    assert old.check("--baseline", "other.json").out == ALL_OLD
    run = old.check("--baseline", "none.json")
    assert (run.code, run.err) == (2, "mongolint: none.json: cannot read: no such file or directory\n")
    run = old.check("--baseline", "other.json", "--no-baseline")
    assert (run.code, run.err.splitlines()[-1]) == (2, "Error: --baseline and --no-baseline exclude each other")


def test_key_of_the_configuration(shop: Any) -> None:
    shop.write({"mongolint.toml": 'baseline = "ci/known.json"\n', "ci/readme": ""})
    run = shop.check()
    assert (run.code, run.err) == (2, "mongolint: ci/known.json: cannot read: no such file or directory\n")
    assert shop.run("baseline", "shop").code == 0
    assert [entry["file"] for entry in entries(shop, "ci/known.json")] == ["../shop/orders.py"] * 3
    assert shop.check().out == ALL_OLD
    assert shop.check("orders.py", cwd="shop").out == ALL_OLD


def test_new_findings_are_shown(old: Any) -> None:
    with (old.root / "shop/orders.py").open("a") as file:
        file.write(LOOP)
    run = old.check("--format", "concise")
    assert run.code == 1
    assert [line.split(": ")[0] for line in run.lines[:-1]] == ["shop/orders.py:13:9", "shop/orders.py:13:27"]
    assert run.lines[-1] == "Found 2 findings (1 high, 1 low) in 1 file; 3 in the baseline."
    assert old.check("--fail-on", "critical").lines[-2] == (
        "Found 2 findings (1 high, 1 low) in 1 file; none is severe enough to fail, 3 in the baseline."
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from pymongo", "import os\n\n\nfrom pymongo"),
        ("def names(orders):", "def titles(orders):"),
        ("def names(orders):", "async def names(orders, *, limit=5):"),
        ("print(db", "print( db"),
        ("order}))", "order}))  # one by one"),
        ("    for order in orders:\n        print", "  for order in orders:\n      print"),
        ("\n", "\r\n"),
        (
            'print(db.customers.find_one({"_id": order}))',
            "print(\n            db.customers.find_one({'_id': order})\n        )",
        ),
        ('{"_id": order}', '{"_id": order}, {"name": 1}'),
    ],
    ids=["moved", "function", "signature", "spaces", "comment", "indentation", "line breaks", "wrapped", "edited"],
)
def test_findings_are_known_again(old: Any, before: str, after: str) -> None:
    path = old.root / "shop/orders.py"
    path.write_bytes(path.read_text().replace(before, after).encode())
    run = old.check()
    assert (run.code, run.out, run.err) == (0, ALL_OLD, "")


def test_another_query_in_its_place_is_new(old: Any) -> None:
    edit(old, "customers", "products")
    assert old.check("--format", "json").codes == ["MDB101"]


def test_alike_findings_are_counted(old: Any) -> None:
    """A function that is there once more is new, whatever the two are called."""
    text = (old.root / "shop/orders.py").read_text()
    function = text[text.index("def names") :]
    (old.root / "shop/orders.py").write_text(text + "\n\n" + function.replace("names", "copy"))
    assert old.check("--format", "json").codes == ["MDB503", "MDB101"]
    (old.root / "shop/orders.py").write_text(text.replace("names", "a") + "\n\n" + function.replace("names", "b"))
    assert old.check("--format", "json").codes == ["MDB503", "MDB101"]


def test_renamed_file_keeps_its_entries(old: Any) -> None:
    (old.root / "shop/orders.py").rename(old.root / "shop/sales.py")
    for arguments in ([], ["shop/sales.py"], ["shop"]):
        run = old.check(*arguments)
        assert (run.code, run.out, run.err) == (0, ALL_OLD, "")
    # As long as the old file is there, too, the other is a copy
    (old.root / "shop/orders.py").write_text("")
    assert len(old.check("shop/sales.py", "--format", "json").json) == 3


def test_baseline_follows_a_renamed_file(old: Any) -> None:
    assert old.run("baseline", "--reason", "ignored: known before").code == 0
    assert not any("reason" in entry for entry in entries(old))
    (old.root / FILE).unlink()
    assert old.run("baseline", "--reason", "  from before\n2.0 ").code == 0
    (old.root / "shop/orders.py").rename(old.root / "shop/sales.py")
    assert old.run("baseline", "shop/sales.py").out == f"{FILE}: 3 findings (3 new, 3 gone).\n"
    assert {(entry["file"], entry["reason"]) for entry in entries(old)} == {("shop/sales.py", "from before 2.0")}


def test_gone_findings(old: Any) -> None:
    edit(old, "MongoClient(connectTimeoutMS=5000)", "MongoClient(timeoutMS=5000)")
    run = old.check()
    assert (run.code, run.out) == (0, "All checks passed; 2 in the baseline.\n")
    assert run.err == "1 finding of the baseline is gone: run 'mongolint baseline --prune'\n"
    assert old.check("-q").err == ""
    # Nothing is known of what was not looked for
    for arguments in (["shop/clean.py"], ["--select", "MDB101"], ["--no-baseline"], ["--min-confidence", "known"]):
        assert "baseline --prune" not in old.check(*arguments).err
    text = (old.root / "shop/orders.py").read_bytes()
    assert old.check("--stdin-filename", "shop/orders.py", stdin=text).err == ""
    with (old.root / "shop/orders.py").open("a") as file:
        file.write(LOOP)
    before = (old.root / FILE).read_text().splitlines()
    run = old.run("baseline", "--prune")
    assert (run.code, run.out) == (0, f"{FILE}: 2 findings (0 new, 1 gone).\n")
    assert (old.root / FILE).read_text().splitlines() == [line for line in before if "MDB103" not in line]
    assert old.check().err == ""


def test_gone_files(old: Any) -> None:
    (old.root / "shop/orders.py").unlink()
    assert old.check("shop/clean.py").err == ""
    for arguments in ([], ["shop"]):
        assert old.check(*arguments).err.startswith("3 findings of the baseline are gone: ")
    assert old.run("baseline", "--prune", "shop").out == f"{FILE}: 0 findings (0 new, 3 gone).\n"
    assert old.run("baseline").code == 0
    assert entries(old) == []


def test_file_that_is_no_python_at_the_moment(old: Any) -> None:
    edit(old, "def names(orders):", "def names(orders:")
    run = old.check("--format", "json")
    assert (run.codes, run.err) == (["MDB000"], "")
    assert old.run("baseline", "--prune").out == f"{FILE}: 3 findings (0 new, 0 gone).\n"


def test_part_of_a_project(old: Any) -> None:
    """Entries of other files, and of other rules, stay."""
    old.write({"shop/more.py": "from shop.orders import db\n" + LOOP})
    edit(old, "MongoClient(connectTimeoutMS=5000)", "MongoClient(timeoutMS=5000)")
    assert old.run("baseline", "shop/more.py").out == f"{FILE}: 5 findings (2 new, 0 gone).\n"
    assert old.run("baseline", "--select", "MDB101").out == f"{FILE}: 5 findings (0 new, 0 gone).\n"
    assert old.run("baseline", "--select", "MDB103").out == f"{FILE}: 4 findings (0 new, 1 gone).\n"


def test_reasons_are_kept(old: Any) -> None:
    held = entries(old)
    held[0]["reason"] = "five at most"
    document = {"version": 1, "findings": [*held, None]}
    (old.root / FILE).write_text(json.dumps(document))
    edit(old, "from pymongo", "import os\nfrom pymongo")
    edit(old, "def names", "def titles")
    with (old.root / "shop/orders.py").open("a") as file:
        file.write(LOOP)
    assert old.run("baseline", "--reason", "later").code == 0
    reasons = [(entry["code"], entry.get("reason")) for entry in entries(old)]
    assert sorted(reasons, key=str) == [
        ("MDB101", "five at most"),
        ("MDB101", "later"),
        ("MDB103", None),
        ("MDB503", "later"),
        ("MDB503", None),
    ]


def test_what_stands_for_another(place: Any) -> None:
    """A finding that hides another at its place covers it, when only the other is asked for."""
    place.write(
        {
            "mongolint.toml": "",
            "a.py": """\
                from pymongo import MongoClient

                db = MongoClient(timeoutMS=5000).shop
                db.books.create_index("isbn", unique=True)


                def load(name):
                    try:
                        return db.books.find_one({"isbn": name})
                    except:
                        pass
                """,
        }
    )
    found = place.check("--format", "json").json
    hiding = next(finding for finding in found if finding["also"])
    assert place.run("baseline").code == 0
    for code in (hiding["code"], *hiding["also"]):
        assert place.check("--select", code).out == "All checks passed; 1 in the baseline.\n"


def test_two_projects(place: Any, shop: Any) -> None:
    """Each has its own baseline; with --output they share one."""
    text = (shop.root / "shop/orders.py").read_text()
    shop.write({"a/mongolint.toml": "", "a/x.py": text, "b/mongolint.toml": "", "b/x.py": text})
    assert shop.run("baseline", "a", "b").lines == [f"{part}/{FILE}: 3 findings (3 new, 0 gone)." for part in "ab"]
    assert shop.check("a", "b").out == "All checks passed; 6 in the baseline.\n"
    assert shop.check("x.py", cwd="b").out == ALL_OLD
    for part in "ab":
        (shop.root / part / FILE).unlink()
    assert shop.run("baseline", "a", "b", "--output", "all.json").out == "all.json: 6 findings (6 new, 0 gone).\n"
    assert shop.check("a", "b", "--baseline", "all.json").out == "All checks passed; 6 in the baseline.\n"


def test_nothing_to_write(shop: Any) -> None:
    run = shop.run("baseline", "shop/clean.py")
    assert (run.code, run.out) == (0, "No findings, so no baseline is needed.\n")
    assert not (shop.root / FILE).exists()
    assert shop.run("baseline", "-q").out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "mongolint: nowhere: no such file or directory"),
        (["--prune"], f"mongolint: {FILE}: cannot read: no such file or directory"),
        (["--prune", "--reason", "x"], "Error: --reason is for new findings, and --prune adds none"),
        (["--output", "no/where.json"], "mongolint: no/where.json: cannot write: no such file or directory"),
        (["--select", "MDB9999"], "mongolint: unknown rule 'MDB9999' in --select"),
    ],
)
def test_mistakes(shop: Any, arguments: list[str], message: str) -> None:
    run = shop.run("baseline", *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[-1].startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1:1: not JSON: Expecting value"),
        ("[]", ": not a baseline of this version of mongolint"),
        ('{"version": 2, "findings": []}', ": not a baseline of this version of mongolint"),
        ('{"version": 1, "findings": {}}', ": 'findings' has to be a list"),
        ('{"version": 1, "findings": [1]}', ": finding 1 lacks 'file', 'code' or 'fingerprint'"),
        ('{"version": 1, "findings": [{"file": 1}]}', ": finding 1 has values of a wrong kind"),
        ('{"version": 1,\n"findings": [\n<<<<<<< HEAD\n', ":3: a merge conflict: keep the lines of both sides"),
        (b"\xff", ": not UTF-8 text"),
        ("[" * 100_000, ": not JSON: "),
    ],
)
def test_file_that_is_no_baseline(shop: Any, content: str | bytes, message: str) -> None:
    shop.write({FILE: content})
    for run in (shop.check(), shop.run("baseline")):
        assert (run.code, run.out) == (2, "")
        assert run.err.startswith(f"mongolint: {FILE}{message}")
        assert run.err.count("\n") == 1


def test_rule_that_fails(shop: Any) -> None:
    """Its findings are not known, so nothing is written."""
    shop.write(
        {
            "plug/extra_rules-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: extra-rules\nVersion: 1\n",
            "plug/extra_rules-1.dist-info/entry_points.txt": "[mongolint.rules]\nextra = extra_rules\n",
            "plug/extra_rules/__init__.py": "",
            "plug/extra_rules/fails.py": '''\
                """Fails."""
                from mongolint.rule import Query, Rule, Severity

                rule = Rule("XYZ001", "fails", Severity.LOW)

                @rule.on(Query)
                def check(query, project):
                    raise ZeroDivisionError("no way")
                    yield
                ''',
        }
    )
    run = shop.run("baseline", "shop", env={"PYTHONPATH": str(shop.root / "plug")})
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("mongolint: rule XYZ001 fails failed: ZeroDivisionError: no way")
    assert not (shop.root / FILE).exists()


def test_fixes_leave_old_code_alone(old: Any) -> None:
    before = (old.root / "shop/orders.py").read_text()
    run = old.check("--fix", "--unsafe-fixes")
    assert (run.code, run.out) == (0, ALL_OLD)
    with (old.root / "shop/orders.py").open("a") as file:
        file.write(LOOP)
    run = old.check("--fix", "--unsafe-fixes")
    assert (run.code, run.err) == (0, "")
    assert run.lines[-1] == "Found 2 findings (2 fixed, 0 remaining); 3 in the baseline."
    after = (old.root / "shop/orders.py").read_text()
    assert before[before.index("def names") :] in after
    assert LOOP not in after


# Real merges

HERE = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000, maxPoolSize=5).shop


def names(orders):
    for order in orders:
        print(db.customers.find_one({"_id": order}))
"""


def merged(repository: Any, ours: dict[str, str | None], theirs: dict[str, str | None]) -> str:
    """What git says of a merge of two branches on which files were changed and the baseline was written anew."""
    for branch, files in (("theirs", theirs), ("main", ours)):
        repository.git("checkout", "--quiet", *(["-b"] if branch == "theirs" else []), branch)
        for name, content in files.items():
            if content is None:
                (repository.root / name).unlink()
            else:
                repository.write({name: content})
        assert repository.run("baseline").code == 0
        repository.commit()
    out: str = repository.git("merge", "--quiet", "theirs", check=False)
    return out


@pytest.fixture
def shops(repository: Any) -> Any:
    files = {f"app/{name}.py": HERE.replace("names", name) for name in "abcdefgh"}
    repository.write({**files, "mongolint.toml": ""})
    assert repository.run("baseline").code == 0
    repository.commit()
    return repository


@pytest.mark.parametrize(
    ("ours", "theirs", "count"),
    [
        ({"app/a2.py": HERE}, {"app/f2.py": HERE}, 20),
        ({"app/b.py": HERE + HERE[HERE.index("\n\ndef") :].replace("names", "x")}, {"app/e.py": None}, 16),
        ({"app/b.py": None}, {"app/d.py": None, "app/g.py": None}, 10),
        ({"app/c.py": None, "app/c2.py": HERE}, {"app/h.py": HERE.replace("print", "")}, 15),
        ({"app/a.py": None}, {"app/a.py": None}, 14),
    ],
    ids=["both add", "one adds", "both fix", "rename", "the same"],
)
def test_branches_merge(shops: Any, ours: Any, theirs: Any, count: int) -> None:
    assert "CONFLICT" not in merged(shops, ours, theirs)
    assert len(entries(shops)) == count
    run = shops.check()
    assert (run.code, run.out, run.err) == (0, f"All checks passed; {count} in the baseline.\n", "")
    merged_file = (shops.root / FILE).read_text()
    assert shops.run("baseline").code == 0
    assert (shops.root / FILE).read_text() == merged_file


def test_branches_merge_by_union(shops: Any) -> None:
    """Where both changed neighbouring lines, with the attribute that the manual names; what is too much is gone."""
    shops.commit({".gitattributes": f"{FILE} merge=union\n"})
    new = HERE[HERE.index("\n\ndef") :]
    ours = {"app/c.py": HERE.replace("names", "c") + new.replace("customers", "books")}
    theirs = {"app/c.py": HERE.replace("names", "c").replace("5000", "500") + new.replace("customers", "films")}
    out = merged(shops, ours, theirs)
    assert FILE not in "".join(line for line in out.splitlines() if "CONFLICT" in line)
    held = entries(shops)
    assert len({(entry["file"], entry["code"], entry["fingerprint"]) for entry in held}) >= 20
    shops.write(
        {
            "app/c.py": HERE.replace("names", "c")
            + new.replace("customers", "books")
            + new.replace("customers", "films").replace("names", "more")
        }
    )
    assert shops.run("baseline").code == 0
    assert shops.check().out == "All checks passed; 20 in the baseline.\n"
