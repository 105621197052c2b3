"""The hooks in a real repository, run by the real pre-commit: block a bad commit, fix it, pass a good one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STORE = """\
from pymongo import MongoClient

client = MongoClient(timeoutMS=5000, maxPoolSize=50)
users = client["app"].users
users.create_index("email", unique=True)
"""
# The collection is known only from store.py, which the commit does not touch
BAD = """\
from store import users


def load(emails):
    return [users.find_one({"email": email}) for email in emails]
"""
GOOD = """\
from store import users


def load(emails):
    return list(users.find({"email": {"$in": emails}}).limit(1000))
"""


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with the present state of the tree, and its revision: what ``repo`` and ``rev`` name."""
    repo = tmp_path_factory.mktemp("hook") / "mongolint"
    shutil.copytree(ROOT, repo, ignore=_ignore, symlinks=True)
    _git(repo, "init", "--quiet")
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--message", "mongolint")
    return repo, _git(repo, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps its environments: one for all tests."""
    return tmp_path_factory.mktemp("pre-commit")


def test_hook(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    repo = _repository(tmp_path, home, hook, "mongolint")

    blocked, output = _commit(repo, home, "store.py", STORE)
    assert not blocked, output
    assert "Passed" in output

    blocked, output = _commit(repo, home, "api.py", BAD)
    assert blocked, output
    assert "Failed" in output
    assert "MDB101" in output
    assert "api.py" in output
    assert "store.py" not in _git(repo, "status", "--short").stdout

    blocked, output = _commit(repo, home, "api.py", GOOD)
    assert not blocked, output
    assert "Passed" in output
    assert _git(repo, "rev-list", "--count", "HEAD").stdout.strip() == "2"

    # Rules that the repository brings along do not run because its own file says so
    (repo / "rules").mkdir()
    (repo / "rules/found.py").write_text("open('executed', 'w').close()\n")
    (repo / "mongolint.toml").write_text("local-rules = ['rules']\n")
    blocked, output = _commit(repo, home, "api.py", f"{GOOD}\n\nDONE = True\n")
    assert not blocked, output
    assert not (repo / "executed").exists()


def test_fixing_hook(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    repo = _repository(tmp_path, home, hook, "mongolint-fix")
    comment = "  # noqa: MDB101"
    useless = GOOD.replace(".limit(1000))", f".limit(1000)){comment}")
    assert comment in useless
    (repo / "store.py").write_text(STORE)
    # Neither what git does not know nor what is not staged is touched
    (repo / "untracked.py").write_text(useless)
    blocked, output = _commit(repo, home, "api.py", useless)
    assert blocked, output
    assert "files were modified by this hook" in output
    assert (repo / "api.py").read_text() == GOOD
    assert (repo / "untracked.py").read_text() == useless
    blocked, output = _commit(repo, home, "api.py", GOOD)
    assert not blocked, output

    # Of a file that is staged in part, the rest is kept
    edited = GOOD.replace("1000", "500") + "\n\nDRAFT = 1\n"
    (repo / "api.py").write_text(edited)
    other = useless.replace("def load", "def fetch")
    blocked, output = _commit(repo, home, "other.py", other)
    assert blocked, output
    assert (repo / "other.py").read_text() == other.replace(comment, "")
    assert (repo / "api.py").read_text() == edited
    staged = useless.replace("import users", "import users  # noqa: MDB103")
    (repo / "api.py").write_text(staged)
    _git(repo, "add", "api.py")
    (repo / "api.py").write_text(staged + "\n\nDRAFT = 1\n")
    run = _git(repo, "commit", "--message", "half", home=home, check=False)
    assert run.returncode != 0, run.stdout
    assert (repo / "api.py").read_text().endswith("\n\nDRAFT = 1\n")
    assert _git(repo, "rev-list", "--count", "HEAD").stdout.strip() == "1"


def _repository(folder: Path, home: Path, hook: tuple[Path, str], name: str) -> Path:
    """A new repository with a hook in it."""
    repo = folder / "app"
    repo.mkdir()
    _git(repo, "init", "--quiet")
    config = f"repos:\n- repo: {hook[0]}\n  rev: {hook[1]}\n  hooks:\n  - id: {name}\n"
    (repo / ".pre-commit-config.yaml").write_text(config)
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=repo,
        env=_environment(home),
        check=True,
        capture_output=True,
    )
    return repo


def _commit(repo: Path, home: Path, name: str, text: str) -> tuple[bool, str]:
    """Commit one file: whether the hook blocked it, and what was printed."""
    (repo / name).write_text(text)
    _git(repo, "add", name)
    run = _git(repo, "commit", "--message", name, home=home, check=False)
    return run.returncode != 0, run.stdout + run.stderr


def _git(repo: Path, *arguments: str, home: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(["git", *arguments], cwd=repo, env=_environment(home), capture_output=True, text=True)
    assert not check or run.returncode == 0, run.stdout + run.stderr
    return run


def _environment(home: Path | None) -> dict[str, str]:
    """This process's environment without what ties git to the repository around the tests or to a user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    person = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Tester"), ("EMAIL", "tester@example.com"))
    }
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {**kept, **person, **git, **({"PRE_COMMIT_HOME": str(home)} if home else {})}


def _ignore(folder: str, names: Collection[str]) -> set[str]:
    """Environments, caches and what a build left behind: nothing of it belongs to a checkout."""
    left = (".git", ".venv", "build", "dist", "node_modules", "__pycache__")
    return {name for name in names if name in left or name.endswith(("_cache", ".egg-info"))}


# One query that only an index in another file serves
QUERY = """\
from store import users


def load(email):
    return users.find_one({"name": email})
"""
INDEX = 'from store import users\n\nusers.create_index("name", unique=True)\n'


def test_only_what_is_staged_counts(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    """The commit is judged by what it holds: not by files that are not in it, nor by what is changed beside it."""
    repo = _repository(tmp_path, home, hook, "mongolint")
    (repo / "store.py").write_text(STORE)
    _git(repo, "add", "store.py", ".pre-commit-config.yaml")

    (repo / "indexes.py").write_text(INDEX)  # never added
    blocked, output = _commit(repo, home, "api.py", QUERY)
    assert blocked, output
    assert "MDB104" in output
    assert (repo / "indexes.py").read_text() == INDEX

    _git(repo, "add", "indexes.py")
    blocked, output = _commit(repo, home, "api.py", QUERY)
    assert not blocked, output

    # The index goes, in the commit only
    (repo / "indexes.py").write_text("")
    _git(repo, "add", "indexes.py")
    (repo / "indexes.py").write_text(INDEX)
    blocked, output = _commit(repo, home, "api.py", f"{QUERY}\n\nMORE = 1\n")
    assert blocked, output
    assert "MDB104" in output
    assert (repo / "indexes.py").read_text() == INDEX

    # It goes on the disk only
    _git(repo, "add", "indexes.py")
    (repo / "indexes.py").write_text("")
    blocked, output = _commit(repo, home, "api.py", f"{QUERY}\n\nMORE = 2\n")
    assert not blocked, output
    assert (repo / "indexes.py").read_text() == ""


def test_commit_of_named_files(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    """``git commit FILE`` leaves what else is staged where it is, also for its hooks."""
    repo = _repository(tmp_path, home, hook, "mongolint")
    blocked, output = _commit(repo, home, "store.py", STORE)
    assert not blocked, output
    for name, text in (("indexes.py", INDEX), ("api.py", QUERY)):
        (repo / name).write_text(text)
        _git(repo, "add", name)
    run = _git(repo, "commit", "--message", "api", "api.py", home=home, check=False)
    assert run.returncode != 0, run.stdout + run.stderr
    assert "MDB104" in run.stdout + run.stderr
    run = _git(repo, "commit", "--message", "both", "api.py", "indexes.py", home=home, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_baseline(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    """Old findings block no commit, neither of a part of the files nor of all; new ones do."""
    repo = _repository(tmp_path, home, hook, "mongolint")
    for name, text in (("store.py", STORE), ("api.py", BAD), ("old.py", BAD.replace("load", "old"))):
        (repo / name).write_text(text)
    subprocess.run([sys.executable, "-m", "mongolint", "baseline"], cwd=repo, check=True, capture_output=True)
    _git(repo, "add", "--all")
    run = _git(repo, "commit", "--message", "all", home=home, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    blocked, output = _commit(repo, home, "api.py", f"import os\n{BAD}")
    assert not blocked, output
    blocked, output = _commit(repo, home, "api.py", f"{BAD}\n\n{BAD[BAD.index('def') :].replace('load', 'more')}")
    assert blocked, output
    assert "api.py:9:" in output
    assert "api.py:5:" not in output


def test_fixing_hook_leaves_other_files_alone(hook: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    """A file that is staged and then deleted, one that is not staged, and one that git does not know."""
    repo = _repository(tmp_path, home, hook, "mongolint-fix")
    useless = GOOD.replace(".limit(1000))", ".limit(1000))  # noqa: MDB101")
    for name in ("store.py", "tracked.py"):
        (repo / name).write_text(STORE if name == "store.py" else GOOD)
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--no-verify", "--message", "before")
    for name in ("tracked.py", "untracked.py"):
        (repo / name).write_text(useless)
    (repo / "gone.py").write_text(GOOD)
    _git(repo, "add", "gone.py")
    (repo / "gone.py").unlink()
    blocked, output = _commit(repo, home, "api.py", useless)
    assert blocked, output
    assert (repo / "api.py").read_text() == GOOD
    assert (repo / "tracked.py").read_text() == useless
    assert (repo / "untracked.py").read_text() == useless
    assert not (repo / "gone.py").exists()
