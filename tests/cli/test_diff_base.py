"""``check --diff-base`` and ``--staged`` in real repositories: what a change brought, and what a commit holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DB = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000, maxPoolSize=50).shop
"""
INDEXES = """\
from app.db import db

db.users.create_index("email", unique=True)
"""
USERS = """\
from app.db import db


def load(email):
    return db.users.find_one({"email": email})


def names(keys):
    for key in keys:
        print(db.users.find_one({"_id": key}))
"""
START = "import app.indexes\nimport app.users\n"
FILES = {
    "mongolint.toml": "",
    "app/__init__.py": "",
    "app/db.py": DB,
    "app/indexes.py": INDEXES,
    "app/users.py": USERS,
    "app/main.py": START,
}
OLD_ONES = [("app/users.py", 10, "MDB503"), ("app/users.py", 10, "MDB101")]


@pytest.fixture
def app(repository: Any) -> Any:
    """A project with two old findings in ``app/users.py``, on the branch ``work`` that has left ``main``."""
    repository.commit(FILES)
    repository.git("checkout", "--quiet", "-b", "work")
    return repository


def found(repository: Any, *arguments: str, base: str = "main", **options: Any) -> list[tuple[str, int, str]]:
    run = repository.check("--diff-base", base, "--format", "json", *arguments, **options)
    assert run.err == ""
    assert run.code == (1 if run.json else 0)
    return [(finding["file"], finding["line"], finding["code"]) for finding in run.json]


def edit(repository: Any, old: str, new: str, file: str = "app/users.py") -> None:
    path = repository.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_changed(app: Any) -> None:
    assert len(app.check("--format", "json").json) == len(OLD_ONES)
    run = app.check("--diff-base", "main")
    assert (run.code, run.out, run.err) == (0, "All checks passed; 2 older than the change since main.\n", "")


@pytest.mark.parametrize("state", ["committed", "staged", "on the disk"])
def test_changed_lines(app: Any, state: str) -> None:
    """Whether they are committed or not; what is old is shown if its line was changed."""
    edit(
        app,
        "def names",
        "import os\n\n\ndef more(keys):\n    return [db.users.find_one({'_id': k}) for k in keys]\n\n\ndef names",
    )
    edit(app, "        print(", "        print( ")
    if state != "on the disk":
        app.git("add", "--all")
    if state == "committed":
        app.git("commit", "--quiet", "--message", "more")
    expected = [("app/users.py", 12, "MDB101"), ("app/users.py", 17, "MDB503"), ("app/users.py", 17, "MDB101")]
    assert found(app) == expected
    assert found(app, "app/users.py") == expected
    assert found(app, "users.py", cwd="app")[0][1:] == (12, "MDB101")
    assert found(app, "app/main.py") == []
    assert found(app, base="HEAD") == ([] if state == "committed" else expected)


def test_lines_that_only_moved(app: Any) -> None:
    edit(app, "def load", "import os\n\n\ndef first():\n    pass\n\n\ndef load")
    assert found(app) == []
    edit(app, "def names", "def titles")
    assert found(app) == []


def test_caused_elsewhere(app: Any) -> None:
    """An index that is removed uncovers a query; a new call in a loop makes a helper's query one per item."""
    app.commit({"app/indexes.py": "from app.db import db\n"})
    assert found(app) == [("app/users.py", 5, "MDB104")]
    every = "from app.users import load\n\n\ndef every(emails):\n    for each in emails:\n        load(each)\n"
    app.commit({"app/indexes.py": INDEXES, "app/all.py": every})
    assert found(app) == [("app/all.py", 6, "MDB101")]
    assert found(app, "app/users.py") == []


def test_places_that_explain_a_finding(app: Any) -> None:
    """A loop that is edited, and one more query that needs the index which is missing anyway."""
    edit(app, "for key in keys", "for key in sorted(keys)")
    assert found(app) == [("app/users.py", 10, "MDB101")]
    query = "from app.db import db\n\n\ndef by_name(name):\n    return db.users.find_one({'name': name})\n"
    app.commit({"app/users.py": USERS, "app/a.py": query})
    assert found(app, base="HEAD") == []
    app.write({"app/a.py": query + query[query.index("\n\ndef") :].replace("by_name", "again")})
    assert found(app, base="HEAD") == [("app/a.py", 5, "MDB104")]


def test_deleted_file_that_declared_the_index(app: Any) -> None:
    (app.root / "app/indexes.py").unlink()
    edit(app, "import app.indexes\n", "", "app/main.py")
    assert found(app, "app/users.py") == [("app/users.py", 5, "MDB104")]


def test_index_script(app: Any) -> None:
    """Scripts are part of the state before, too: removed, changed, new."""
    app.commit({"app/indexes.py": "", "setup/indexes.js": "db.users.createIndex({email: 1}, {unique: true})\n"})
    assert found(app, base="HEAD") == []
    (app.root / "setup/indexes.js").write_text("db.users.createIndex({name: 1})\n")
    assert found(app, base="HEAD") == [("app/users.py", 5, "MDB104")]
    (app.root / "setup/indexes.js").unlink()
    assert found(app, base="HEAD") == [("app/users.py", 5, "MDB104")]
    app.commit()
    app.write({"setup/new.js": "db.users.createIndex({email: 1})\n"})
    assert found(app, base="HEAD") == []


def test_snapshot_of_indexes(app: Any) -> None:
    def snapshot(key: str) -> str:
        index = {"name": "one", "keys": [[key, 1]], "options": {}, "usage": None}
        collection = {"name": "users", "type": "collection", "documents": 1, "indexes": [index]}
        databases = [{"name": "shop", "collections": [collection]}]
        return json.dumps({"version": 1, "taken": "2026-01-01", "server": "7.0", "databases": databases})

    config = 'indexes = "indexes.json"\n'
    app.commit({"mongolint.toml": config, "app/indexes.py": "", "indexes.json": snapshot("email")})
    run = app.check("app/users.py", "--format", "json")
    assert (run.err, [code for code in run.codes if code == "MDB104"]) == ("", [])
    app.write({"indexes.json": snapshot("other")})
    assert found(app, base="HEAD") == [("app/users.py", 5, "MDB104")]


@pytest.mark.parametrize("how", ["committed", "staged", "untracked"])
def test_renames(app: Any, how: str) -> None:
    (app.root / "people").mkdir()
    (app.root / "app/users.py").rename(app.root / "people/persons.py")
    edit(app, "import app.users", "import people.persons", "app/main.py")
    edit(app, "def load", "def find", "people/persons.py")
    if how != "untracked":
        app.git("add", "--all")
    if how == "committed":
        app.git("commit", "--quiet", "--message", "renamed")
        assert "app/users.py\tpeople/persons.py" in app.git("diff", "-M", "--name-status", "main")
    assert found(app) == []
    assert found(app, "people") == []
    # In another file, it would be a change
    edit(app, "print(", "print( ", "people/persons.py")
    assert [(file, line) for file, line, _ in found(app)] == [("people/persons.py", 10)] * 2


def test_new_files(app: Any) -> None:
    """Untracked ones are part of the change; ignored ones nobody sees."""
    app.write({"app/more.py": USERS, "app/ignored.py": USERS, ".gitignore": "ignored.py\n"})
    assert {file for file, _, _ in found(app)} == {"app/more.py"}
    app.commit()
    assert {file for file, _, _ in found(app)} == {"app/more.py"}


def test_merge_base(app: Any) -> None:
    """What ``main`` does meanwhile is no part of the change."""
    app.commit({"app/more.py": USERS})
    app.git("checkout", "--quiet", "main")
    app.commit({"app/users.py": "from app.db import db\n"})
    app.git("checkout", "--quiet", "work")
    for base in ("main", "main...", "refs/heads/main", app.git("rev-parse", "main")):
        assert {file for file, _, _ in found(app, base=base)} == {"app/more.py"}
    app.git("merge", "--quiet", "--no-edit", "main")
    assert {file for file, _, _ in found(app)} == {"app/more.py"}
    assert found(app, base="HEAD~1") == []


def test_shallow_clone(app: Any, tmp_path: Path) -> None:
    for number in range(3):
        app.commit({"app/more.py": USERS + f"# {number}\n"})
    app.git("checkout", "--quiet", "main")
    app.commit({"readme": ""})
    clone = app.at(tmp_path / "clone")
    app.git("clone", "--quiet", "--depth", "1", "--branch", "work", app.root.as_uri(), clone.root)
    told = "fetch more: 'git fetch --deepen=1000' or '--unshallow', in GitHub Actions 'fetch-depth: 0'\n"
    for base in ("origin/main", "HEAD~2"):
        run = clone.check("--diff-base", base)
        assert (run.code, run.out) == (2, "")
        assert run.err == f"mongolint: --diff-base: '{base}' is no revision; the clone is shallow, {told}"
    clone.git("fetch", "--quiet", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    run = clone.check("--diff-base", "origin/main")
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        "mongolint: --diff-base: HEAD has no commit in common with 'origin/main' here; the clone is shallow, " + told
    )
    clone.git("fetch", "--quiet", "--deepen=1000", "origin", "main", "work")
    assert {file for file, _, _ in found(clone, base="origin/main")} == {"app/more.py"}


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("nope", "'nope' is no revision"),
        ("-x", "'-x' is no revision"),
        ("--output=x", "'--output=x' is no revision"),
        ("", "'' is no revision"),
        ("main..work", "'main..work' is no revision"),
        ("^main", "'^main' is no revision"),
        ("HEAD:app/db.py", "'HEAD:app/db.py' is no revision"),
        ("a\nb", "'a\\nb' is no revision"),
        ("other", "HEAD has no commit in common with 'other'"),
    ],
)
def test_bad_revision(app: Any, base: str, message: str) -> None:
    app.git("checkout", "--quiet", "--orphan", "other")
    app.git("commit", "--quiet", "--message", "other")
    app.git("checkout", "--quiet", "work")
    before = sorted(path for path in app.root.rglob("*") if ".git" not in path.parts)
    run = app.check(f"--diff-base={base}")
    assert (run.code, run.out, run.err) == (2, "", f"mongolint: --diff-base: {message}\n")
    assert sorted(path for path in app.root.rglob("*") if ".git" not in path.parts) == before


def test_no_repository(place: Any, repository: Any) -> None:
    place.write({"alone/mongolint.toml": "", "alone/a.py": USERS})
    for option in (["--diff-base", "main"], ["--staged"]):
        run = place.check("alone", *option)
        name = option[0]
        assert (run.code, run.err) == (2, f"mongolint: {name}: {place.root}/alone is in no git repository\n")
    repository.write(FILES)
    run = repository.check("--diff-base", "HEAD")
    assert (run.code, run.err) == (2, "mongolint: --diff-base: there is no commit yet\n")
    (repository.root / ".git/HEAD").write_text("nonsense")
    run = repository.check("--diff-base", "HEAD")
    assert run.code == 2
    assert run.err.startswith("mongolint: --diff-base: git: not a git repository")


def test_git_is_not_there(app: Any) -> None:
    run = app.check("--diff-base", "main", env={"PATH": "/nowhere"})
    assert (run.code, run.err) == (2, "mongolint: --diff-base: git is not installed\n")


NAMES = ("with space.py", "größe.py", "line\nbreak.py", 'quote".py', "-dash.py", "\\back.py", ":(glob)x.py", b"\xff.py")


@pytest.mark.parametrize("name", NAMES)
def test_names(app: Any, name: str | bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(app.root / "app") + b"/" + os.fsencode(name)))
    path.write_text(USERS)
    app.commit()
    assert found(app, base="HEAD") == []
    path.write_text(USERS.replace("print(", "print( "))
    assert [line for _, line, _ in found(app, base="HEAD")] == [10, 10]
    path.rename(path.with_name("other name.py"))
    assert [(file, line) for file, line, _ in found(app, base="HEAD")] == [("app/other name.py", 10)] * 2


def test_line_breaks(app: Any) -> None:
    """A file is not another because git gave it other line breaks, or because somebody did."""
    app.git("config", "core.autocrlf", "true")
    path = app.root / "app/users.py"
    path.unlink()
    app.git("checkout", "--quiet", "app/users.py")
    assert b"\r\n" in path.read_bytes()
    assert found(app) == []
    path.write_bytes(path.read_bytes().replace(b"print(", b"print( "))
    assert [line for _, line, _ in found(app)] == [10, 10]
    app.git("config", "core.autocrlf", "false")
    assert [line for _, line, _ in found(app)] == [10, 10]
    path.write_bytes(USERS.replace("\n", "\r").encode())
    assert found(app) == []


def test_submodules(app: Any, tmp_path: Path) -> None:
    library = app.at(tmp_path / "library")
    library.root.mkdir()
    library.git("init", "--quiet", "--initial-branch", "main")
    library.commit({"lib/__init__.py": "", "lib/users.py": USERS})
    app.git("submodule", "--quiet", "add", library.root, "vendor")
    app.commit()
    inside = app.at(app.root / "vendor")
    assert found(app, base="HEAD") == []
    assert {file for file, _, _ in found(app)} == {"vendor/lib/users.py"}
    # Changed in the work tree, then committed inside, then outside, too
    edit(app, "print(", "print( ", "vendor/lib/users.py")
    assert {file for file, _, _ in found(app, base="HEAD")} == {"vendor/lib/users.py"}
    inside.commit()
    assert {file for file, _, _ in found(app, base="HEAD")} == {"vendor/lib/users.py"}
    app.commit()
    assert found(app, base="HEAD") == []
    assert {file for file, _, _ in found(app, base="HEAD~1")} == {"vendor/lib/users.py"}
    # A commit that is not here: nothing is claimed of the submodule
    app.git("update-index", "--cacheinfo", f"160000,{'1' * 40},vendor")
    app.git("commit", "--quiet", "--message", "elsewhere")
    assert found(app, base="HEAD") == []
    (app.root / "vendor/mongolint.toml").write_text("")
    assert found(app, "vendor", base="HEAD") == []


def test_links(app: Any) -> None:
    """A file is the same through a link to it, or to its directory."""
    (app.root / "link").symlink_to("app")
    app.commit()
    edit(app, "print(", "print( ")
    assert [(file, line) for file, line, _ in found(app, base="HEAD")] == [("app/users.py", 10)] * 2
    outside = app.root.parent / "way"
    outside.symlink_to(app.root)
    assert [line for _, line, _ in found(app, base="HEAD", cwd="../way")] == [10, 10]


def test_project_below_the_repository(app: Any) -> None:
    app.commit({f"backend/{name}": text for name, text in FILES.items()})
    edit(app, "print(", "print( ", "backend/app/users.py")
    assert found(app, ".", base="HEAD", cwd="backend") == OLD_ONES


def test_worktree_and_detached_head(app: Any, tmp_path: Path) -> None:
    app.git("worktree", "add", "--quiet", "--detach", tmp_path / "other", "work")
    other = app.at(tmp_path / "other")
    edit(other, "print(", "print( ")
    assert [line for _, line, _ in found(other)] == [10, 10]
    assert found(app) == []


def test_standard_input(app: Any) -> None:
    text = USERS.replace("print(", "print( ")
    assert found(app, "--stdin-filename", "app/users.py", stdin=USERS) == []
    assert [line for _, line, _ in found(app, "--stdin-filename", "app/users.py", stdin=text)] == [10, 10]


def test_removed_suppression(app: Any) -> None:
    app.commit({"app/users.py": USERS.replace("key}))", "key}))  # mongolint: ignore[print-call, n-plus-one-query]")})
    app.write({"app/users.py": USERS})
    assert len(found(app, base="HEAD")) == len(OLD_ONES)


def test_with_a_baseline(app: Any) -> None:
    """What is in the baseline is in neither count of the other."""
    app.commit({"app/more.py": USERS})
    assert app.run("baseline", "app/users.py").code == 0
    run = app.check("--diff-base", "HEAD")
    assert run.out == "All checks passed; 2 in the baseline, 2 older than the change since HEAD.\n"


def test_fixes_touch_only_the_change(app: Any) -> None:
    app.write({"app/more.py": USERS})
    run = app.check("--diff-base", "main", "--fix", "--unsafe-fixes")
    assert (run.code, run.err) == (0, "")
    assert run.lines[-1] == "Found 2 findings (2 fixed, 0 remaining); 2 older than the change since main."
    assert (app.root / "app/users.py").read_text() == USERS
    assert (app.root / "app/more.py").read_text() != USERS


def test_nothing_of_the_repository_is_run(app: Any) -> None:
    """Whatever its configuration names, and the work tree and the index stay as they are."""
    trap = f"{sys.executable} -c \"open('{app.root}/../trapped', 'w')\""
    app.commit({".gitattributes": "*.py filter=trap diff=trap merge=trap\n"})
    for key in (
        *("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "diff.trap.textconv", "diff.trap.command"),
        *("diff.external", "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass"),
        *("pager.ls-tree", "pager.cat-file", "pager.rev-parse", "alias.ls-tree", "alias.cat-file", "alias.merge-base"),
        *("credential.helper", "gpg.program", "core.alternateRefsCommand", "uploadpack.packObjectsHook"),
    ):
        app.git("config", key, trap)
    hooks = app.root / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\n{trap}\n")
        (hooks / name).chmod(0o755)
    app.git("config", "core.hooksPath", hooks)
    (app.root / "app/users.py").write_text(USERS.replace("print(", "print( "))
    index = (app.root / ".git/index").read_bytes()
    assert [line for _, line, _ in found(app)] == [10, 10]
    assert len(app.check("--staged", "--format", "json").json) == len(OLD_ONES)
    assert not (app.root.parent / "trapped").exists()
    assert (app.root / ".git/index").read_bytes() == index


def test_sparse_checkout(app: Any) -> None:
    """What is not checked out is not deleted, and no part of the project at any time."""
    app.commit({"other/users.py": USERS, "other/indexes.py": INDEXES, "app/indexes.py": ""})
    app.git("sparse-checkout", "set", "app")
    assert not (app.root / "other").exists()
    assert found(app, base="HEAD") == []
    assert staged(app) == [("app/users.py", 5, "MDB104"), *OLD_ONES]


def test_partial_clone_fetches_nothing(app: Any, tmp_path: Path) -> None:
    """What is missing is told, and not fetched: a remote is a command of the repository's choice."""
    app.commit({"app/users.py": USERS.replace("print(", "print( ")})
    app.git("config", "uploadpack.allowFilter", "true")
    clone = app.at(tmp_path / "clone")
    app.git("clone", "--quiet", "--filter=blob:none", "--branch", "work", app.root.as_uri(), clone.root)
    run = clone.check("--diff-base", "origin/main")
    assert (run.code, run.out) == (2, "")
    told = "this partial clone lacks contents, which 'git diff --stat REV...' fetches"
    assert run.err == f"mongolint: --diff-base: {told}\n"
    clone.git("diff", "--stat", "origin/main...")
    assert [line for _, line, _ in found(clone, base="origin/main")] == [10, 10]


def test_environment_of_a_hook(app: Any) -> None:
    """Git tells its hooks where it is; the project says where it is itself."""
    edit(app, "print(", "print( ")
    env = {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": ".git/nowhere", "GIT_PREFIX": "x/"}
    assert [line for _, line, _ in found(app, env=env)] == [10, 10]


# --staged


def staged(repository: Any, *arguments: str, **options: Any) -> list[tuple[str, int, str]]:
    run = repository.check("--staged", "--format", "json", *arguments, **options)
    assert run.err == ""
    return [(finding["file"], finding["line"], finding["code"]) for finding in run.json]


def test_staged(app: Any) -> None:
    """Contents of the index count: not the disk's, of whatever file of the project."""
    assert staged(app) == OLD_ONES
    # Not staged: another text, a deletion, a new file
    edit(app, "print(", "(")
    assert staged(app, "app/users.py") == OLD_ONES
    app.git("checkout", "--quiet", "app/users.py")
    app.write({"app/indexes.py": ""})
    assert staged(app, "app/users.py") == OLD_ONES
    (app.root / "app/indexes.py").unlink()
    assert staged(app, "app/users.py") == OLD_ONES
    app.git("add", "--all")
    assert ("app/users.py", 5, "MDB104") in staged(app, "app/users.py")
    app.write({"app/indexes.py": INDEXES})
    assert ("app/users.py", 5, "MDB104") in staged(app, "app/users.py")
    assert ("app/users.py", 5, "MDB104") not in [
        tuple(f[k] for k in ("file", "line", "code")) for f in app.check("--format", "json").json
    ]
    app.git("add", "app/indexes.py")
    assert staged(app, "app/users.py") == OLD_ONES


def test_staged_in_part(app: Any) -> None:
    edit(app, "print(", "print( ")
    app.git("add", "app/users.py")
    edit(app, "def load", "\n\n\ndef load")
    assert [line for _, line, _ in staged(app, "app/users.py")] == [10, 10]
    assert [line for _, line, _ in found(app, "--staged")] == [10, 10]
    edit(app, "print( ", "print(")
    assert [line for _, line, _ in found(app, "--staged")] == [10, 10]
    assert found(app) == []
    run = app.check("--staged", "--fix", "--unsafe-fixes", "app/users.py")
    assert run.code == 2
    assert "app/users.py: cannot write: changed on disk" in run.err
    assert "print(" in (app.root / "app/users.py").read_text()


def test_commit_of_some_files(app: Any) -> None:
    """``git commit FILE`` has an index of its own, which its hooks are told of."""
    hook = app.root / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m mongolint check --staged --diff-base HEAD app\n")
    hook.chmod(0o755)
    edit(app, "print(", "print( ")
    app.write({"app/more.py": USERS})
    app.git("add", "app/more.py")
    app.write({"readme": "x"})
    app.git("add", "readme")

    def commit(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {
            f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            ["git", "commit", "--message", "x", *arguments],
            cwd=app.root,
            env=environment,
            capture_output=True,
            text=True,
        )

    done = commit("readme")
    assert done.returncode == 0, done.stderr
    done = commit("app/users.py")
    assert done.returncode == 1
    assert "app/users.py:10:9" in done.stderr
    assert "more.py" not in done.stderr
    done = commit()
    assert "app/more.py:10:9" in done.stderr
    assert "users.py:" not in done.stderr
