"""Discovery on real directory trees, with git itself as the judge of what it ignores."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.source.files import Discovery, Problem, discover, project_root, relative

GIT = shutil.which("git")


def plant(root: Path, *names: str, **texts: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="utf-8")
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")


def ignore(folder: Path, *patterns: str, name: str = ".gitignore") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(patterns) + "\n", encoding="utf-8")


def found(result: Discovery, root: Path) -> list[str]:
    return [relative(file, root) for file in result.files]


def names(root: Path, *paths: str, **options: Any) -> list[str]:
    """What is found; there must be no problem."""
    result = discover([Path(path) for path in paths or (".",)], cwd=root, **options)
    assert result.problems == []
    return found(result, root)


def test_finds_python_files_sorted_and_once(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "b.py",
        "a.py",
        "app/x.py",
        "app/stub.pyi",
        "app/data.json",
        "app/.hidden.py",
        "odd.py/inner.py",
    )
    everything = ["a.py", "app/.hidden.py", "app/x.py", "b.py", "odd.py/inner.py"]
    assert names(tmp_path) == everything
    assert names(tmp_path, "b.py", "app", ".", "app/x.py", "./b.py", str(tmp_path)) == everything


def test_takes_a_named_file_whatever_its_suffix(tmp_path: Path) -> None:
    plant(tmp_path, "stub.pyi", "script", "x.py")
    assert names(tmp_path, "stub.pyi", "script") == ["script", "stub.pyi"]


def test_leaves_out_what_is_not_the_projects_code(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "x.py",
        "venv/a.py",
        ".venv/a.py",
        "node_modules/a/b.py",
        "app/__pycache__/a.py",
        "build/a.py",
    )
    plant(
        tmp_path,
        "env/pyvenv.cfg",
        "env/lib/a.py",
        "app/build.py",
        "lib/site-packages/a.py",
        ".git/hooks/a.py",
    )
    assert names(tmp_path) == ["app/build.py", "x.py"]
    assert names(tmp_path, "build", "env") == ["build/a.py", "env/lib/a.py"]


def test_excludes_names_and_paths_from_the_root_given(tmp_path: Path) -> None:
    plant(tmp_path, "x.py", "gen/a.py", "app/gen/b.py", "app/keep.py", "app/b_pb2.py")
    assert names(tmp_path, exclude=["gen", "*_pb2.py"]) == ["app/keep.py", "x.py"]
    assert names(tmp_path, exclude=["/gen"]) == ["app/b_pb2.py", "app/gen/b.py", "app/keep.py", "x.py"]
    assert names(tmp_path / "app", exclude=["app/gen"], exclude_root=tmp_path) == ["b_pb2.py", "keep.py"]
    assert names(tmp_path, exclude=["*.py", "!keep.py"]) == ["app/keep.py"]


def test_excludes_a_named_path_only_by_force(tmp_path: Path) -> None:
    plant(tmp_path, "gen/a.py", "gen/sub/b.py")
    assert names(tmp_path, "gen/a.py", "gen/sub", exclude=["gen/"]) == ["gen/a.py", "gen/sub/b.py"]
    assert names(tmp_path, "gen/a.py", "gen/sub", exclude=["gen/"], force_exclude=True) == []


def test_a_malformed_exclude_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="malformed pattern"):
        discover([tmp_path], cwd=tmp_path, exclude=["[z-a]"])


def test_reads_gitignore_files_from_the_git_root_down(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "x.py",
        "gen.py",
        "app/gen.py",
        "app/deep/gen.py",
        "app/deep/y.py",
        "app/local.py",
        "app/z.py",
    )
    ignore(tmp_path, "gen.py", "# comment", "", "z.py ")
    ignore(tmp_path / "app", "/deep/y.py")
    ignore(tmp_path / "app/deep", "!gen.py")
    ignore(tmp_path, "local.py", name=".git/info/exclude")
    assert names(tmp_path) == ["app/deep/gen.py", "x.py"]
    assert names(tmp_path / "app", ".") == ["deep/gen.py"]
    assert names(tmp_path, "gen.py") == ["gen.py"]
    assert len(names(tmp_path, respect_gitignore=False)) == 7


def test_a_directory_named_inside_an_ignored_one_is_walked(tmp_path: Path) -> None:
    plant(tmp_path, "out/app/x.py", "out/app/y.py")
    ignore(tmp_path, "out/")
    ignore(tmp_path / "out/app", "y.py")
    (tmp_path / ".git").mkdir()
    assert names(tmp_path) == []
    assert names(tmp_path, "out/app") == ["out/app/x.py"]


def test_without_git_only_the_given_directory_counts(tmp_path: Path) -> None:
    plant(tmp_path, "app/x.py", "app/y.py")
    ignore(tmp_path, "x.py")
    ignore(tmp_path / "app", "y.py")
    assert names(tmp_path, "app") == ["app/x.py"]


def test_a_repository_in_a_repository_has_its_own_rules(tmp_path: Path) -> None:
    plant(tmp_path, "x.py", "sub/x.py", "sub/y.py")
    (tmp_path / ".git").mkdir()
    ignore(tmp_path, "x.py")
    plant(tmp_path / "sub", ".git")
    (tmp_path / "sub/.git").write_text("gitdir: ../.git/modules/sub\n", encoding="utf-8")
    ignore(tmp_path, "y.py", name=".git/modules/sub/info/exclude")
    assert names(tmp_path) == ["sub/x.py"]


def test_a_worktree_uses_the_excludes_of_its_repository(tmp_path: Path) -> None:
    ignore(tmp_path / "main", "y.py", name=".git/info/exclude")
    ignore(tmp_path / "main", "../..", name=".git/worktrees/w/commondir")
    plant(tmp_path, "w/x.py", "w/y.py")
    (tmp_path / "w/.git").write_text("gitdir: ../main/.git/worktrees/w\n", encoding="utf-8")
    assert names(tmp_path / "w") == ["x.py"]


def test_links_inside_the_given_paths_are_no_second_file(tmp_path: Path) -> None:
    plant(tmp_path, "app/x.py", "app/text")
    (tmp_path / "a_link.py").symlink_to("app/x.py")
    (tmp_path / "a_folder").symlink_to("app")
    (tmp_path / "named.py").symlink_to("app/text")
    assert names(tmp_path) == ["app/x.py", "named.py"]
    assert names(tmp_path, "a_link.py", "app") == ["app/x.py"]


def test_links_out_of_the_given_paths_are_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, "in/x.py", "out/y.py")
    (tmp_path / "in/y.py").symlink_to("../out/y.py")
    (tmp_path / "in/out").symlink_to("../out")
    result = discover([Path("in")], cwd=tmp_path)
    assert found(result, tmp_path) == ["in/x.py"]
    assert result.problems == []
    assert sorted(problem.path for problem in result.skipped) == ["in/out", "in/y.py"]
    assert names(tmp_path, "in", "out") == ["in/x.py", "out/y.py"]

    named = discover([Path("in/x.py"), Path("in/y.py")], cwd=tmp_path)
    assert found(named, tmp_path) == ["in/x.py"]
    message = "link leads out of the given paths, to out/y.py: not followed"
    assert named.problems == [Problem("in/y.py", message)]


def test_a_named_link_to_a_directory_is_followed(tmp_path: Path) -> None:
    plant(tmp_path, "releases/7/x.py")
    (tmp_path / "current").symlink_to("releases/7")
    assert names(tmp_path, "current") == ["current/x.py"]


def test_links_to_nowhere_and_in_circles_are_problems(tmp_path: Path) -> None:
    plant(tmp_path, "app/x.py")
    for link, target in {
        "app/dangling.py": "gone.py",
        "app/.#x.py": "user@host.1",
        "app/data": "gone",
        "app/a": "b",
        "app/b": "a",
        "app/up": "..",
        "app/self": ".",
        "venv": "gone.py",
    }.items():
        (tmp_path / link).symlink_to(target)
    result = discover([Path(".")], cwd=tmp_path)
    assert found(result, tmp_path) == ["app/x.py"]
    assert sorted((problem.path, problem.message) for problem in result.problems) == [
        ("app/a", "link loop: leads to itself"),
        ("app/b", "link loop: leads to itself"),
        ("app/dangling.py", "dangling link: gone.py does not exist"),
        ("app/self", "link loop: leads back to app"),
        ("app/up", "link loop: leads back to ."),
    ]


def test_an_excluded_or_ignored_link_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    ignore(tmp_path, "a.py")
    (tmp_path / "a.py").symlink_to("gone.py")
    (tmp_path / "b.py").symlink_to("gone.py")
    assert names(tmp_path, exclude=["b.py"]) == []


def test_a_link_into_an_excluded_directory_is_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, "node_modules/tool/x.py")
    (tmp_path / "tool").symlink_to("node_modules/tool")
    assert names(tmp_path) == []


def test_given_paths_that_lead_nowhere_are_problems(tmp_path: Path) -> None:
    plant(tmp_path, "x.py")
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe.py")
    result = discover([Path(name) for name in ("gone.py", "x.py", "x.py/y", "dangling", "pipe.py")], cwd=tmp_path)
    assert found(result, tmp_path) == ["x.py"]
    assert result.problems == [
        Problem("gone.py", "no such file or directory"),
        Problem("x.py/y", "not a directory"),
        Problem("dangling", "dangling link: gone does not exist"),
        Problem("pipe.py", "not a regular file"),
    ]
    assert names(tmp_path) == ["x.py"]


def test_a_directory_that_cannot_be_listed_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "x.py", "secret/y.py")
    scandir = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("mongolint.source.files.os.scandir", guarded)
    result = discover([tmp_path], cwd=tmp_path)
    assert found(result, tmp_path) == ["x.py"]
    assert result.problems == [Problem("secret", "cannot list directory: permission denied")]


def test_an_ignore_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    plant(tmp_path, "x.py")
    (tmp_path / ".gitignore").mkdir()
    result = discover([tmp_path], cwd=tmp_path)
    assert found(result, tmp_path) == ["x.py"]
    assert result.problems == [Problem(".gitignore", "cannot read: is a directory")]


def test_a_deep_tree_is_walked(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 1200)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(400):
            os.mkdir("d", dir_fd=folder)
            below = os.open("d", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = below
        os.close(os.open("x.py", os.O_CREAT, dir_fd=folder))
    finally:
        os.close(folder)
    assert names(tmp_path) == [deep[: 400 * 2] + "x.py"]


def test_relative_paths_are_posix_and_may_lead_upwards() -> None:
    assert relative("/p/app/x.py", "/p") == "app/x.py"
    assert relative("/p/app/x.py", Path("/p/app")) == "x.py"
    assert relative("/pq/x.py", "/p") == "../pq/x.py"
    assert relative("/p", "/p") == "."
    assert relative("/p/x.py", "/") == "p/x.py"


def test_project_root_is_marked_by_options_or_git(tmp_path: Path) -> None:
    plant(tmp_path, "repo/app/db/x.py", "repo/app/__init__.py", "repo/app/db/__init__.py")
    repo = tmp_path / "repo"
    assert project_root(repo / "app/db/x.py") == repo / "app"
    assert project_root(repo) == repo
    (repo / ".git").mkdir()
    assert project_root(repo / "app/db/x.py") == repo
    plant(repo, **{"app/pyproject.toml": "[project]\nname = 'mongolint-user'\n"})
    assert project_root(repo / "app/db/x.py") == repo
    plant(repo, **{"app/pyproject.toml": "[tool.mongolint]\n"})
    assert project_root(repo / "app/db/x.py") == repo / "app"
    plant(repo, "app/db/mongolint.toml")
    assert project_root(repo / "app/db") == repo / "app/db"


NAMES = ["a", "b", "foo", "x.py", "y.py"]
PARTS = ["a", "b", "foo", "*.py", "x.py", "*", "**", "[ab]", "?", "f*", "[!a]", "\\a", "[z-a]", "#a", "!b"]
PATTERN = st.builds(
    lambda bang, root, parts, tail: bang + root + "/".join(parts) + tail,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " "]),
)


@pytest.fixture(scope="module")
def repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        subprocess.run(["git", "init", "-q", folder], check=True)
        for one in ("", "a/", "b/", "foo/"):
            for two in ("", "a/", "b/", "foo/"):
                plant(root, *(f"{one}{two}{name}" for name in ("x.py", "y.py")))
        yield root


@pytest.mark.skipif(GIT is None, reason="git is the judge")
@settings(max_examples=150, deadline=None)
@given(
    st.lists(PATTERN, min_size=1, max_size=4),
    st.lists(PATTERN, max_size=3),
    st.sampled_from([".", "a", "foo/b"]),
)
def test_agrees_with_git(repository: Path, top: list[str], nested: list[str], start: str) -> None:
    ignore(repository, *top)
    ignore(repository / "a", *nested)
    command = [
        "git",
        "-c",
        "core.excludesFile=",
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
        "--",
        start,
    ]
    listed = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout
    expected = sorted(name for name in listed.split("\0") if name.endswith(".py"))
    result = names(repository, start, exclude=[])
    if start == "." or expected:
        assert result == expected
    # Else git ignores the directory itself; that it is named is then reason enough to look into it.


def test_a_suffix_pattern_leaves_a_directory_of_that_name_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.db\n")
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "base.py").touch()
    (tmp_path / "old.db").mkdir()
    (tmp_path / "old.db" / "base.py").touch()
    assert discover([tmp_path], cwd=tmp_path).files == [tmp_path / "db" / "base.py"]


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_a_tracked_file_is_not_ignored(tmp_path: Path, version: str) -> None:
    def git(*args: str) -> None:
        subprocess.run(["git", "-c", f"index.version={version}", *args], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in ("fill_a.py", "fill_b.py", "kept.py", "made/deep/c.py", "made/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("fill_*.py\nmade/\n")
    git("add", "--force", "fill_a.py", "kept.py", "made/deep/c.py")
    found = [path.relative_to(tmp_path).as_posix() for path in discover([tmp_path], cwd=tmp_path).files]
    assert found == ["fill_a.py", "kept.py", "made/deep/c.py"]
