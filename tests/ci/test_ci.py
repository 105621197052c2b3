"""What runs mongolint in CI: valid by the schemas of those who read it, and its steps run as they would there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "tests" / "report" / "schemas"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
CODE = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).shop


def names(orders):
    return [db.customers.find_one({"_id": order}) for order in orders]
"""


class _Loader(yaml.SafeLoader):
    """YAML 1.2, as GitHub and GitLab read it: ``on`` is a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in held if tag != "tag:yaml.org,2002:bool" or first not in "oOyYnN"]
    for first, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> Any:
    return yaml.load(text, _Loader)


ACTION = load((ROOT / "action.yml").read_text(encoding="utf-8"))
TEMPLATE = load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def valid() -> Callable[[str, Any], None]:
    def check(name: str, document: Any) -> None:
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        errors = jsonschema.Draft7Validator(schema).iter_errors(document)
        assert not [f"{error.json_path}: {error.message[:300]}" for error in errors]

    return check


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project as a CI system checks it out."""
    (tmp_path / "backend" / "new part").mkdir(parents=True)
    (tmp_path / "backend" / "shop.py").write_text(CODE)
    (tmp_path / "other.py").write_text(CODE)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_action_is_valid(valid: Callable[[str, Any], None]) -> None:
    valid("github-action", ACTION)


def test_template_is_valid(valid: Callable[[str, Any], None]) -> None:
    valid("gitlab-ci", TEMPLATE)


def blocks() -> list[tuple[str, Any]]:
    """The files that the page shows, by the name in their first line."""
    found = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == PAGE.count("```yaml")
    return [(name, load(text)) for name, text in found]


@pytest.mark.parametrize(("name", "document"), blocks(), ids=lambda value: value if isinstance(value, str) else "")
def test_page(name: str, document: Any, valid: Callable[[str, Any], None], tmp_path: Path) -> None:
    """What is copied from it is right: the schema, the inputs and the variables that there are."""
    if name.startswith(".github/"):
        valid("github-workflow", document)
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        ours = [step for step in steps if step["uses"].startswith("mongolint/")]
        assert ours
        for step in ours:
            assert set(step["with"]) <= set(ACTION["inputs"])
    elif name == ".gitlab-ci.yml":
        valid("gitlab-ci", document)
        assert set(document["mongolint"].get("variables", {})) <= set(TEMPLATE["mongolint"]["variables"])
        if "include" in document:
            assert document["include"][0]["remote"].endswith("/ci/gitlab.yml")
    else:
        file = tmp_path / name
        file.write_text(yaml.safe_dump(document))
        subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", str(file)], check=True)
        hooks = {hook["id"] for hook in load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
        assert {hook["id"] for hook in document["repos"][0]["hooks"]} <= hooks


def test_options_in_pages_exist() -> None:
    """In ``args``, which the shell commands of the page are not."""
    text = subprocess.run(
        [sys.executable, "-m", "mongolint", "check", "--help"], capture_output=True, text=True, check=True
    ).stdout
    used = re.findall(r"(?:args|ARGS): (.*)", PAGE)
    assert len(used) > 3
    for option in re.findall(r"--[\w-]+", " ".join(used)):
        assert option in text


def test_inputs_are_documented() -> None:
    for name in ACTION["inputs"]:
        assert f"| `{name}` |" in PAGE


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's directory for temporary files, after the first step has installed this checkout."""
    folder = tmp_path_factory.mktemp("runner")
    checkout = folder / "action"
    shutil.copytree(ROOT, checkout, ignore=_ignore, symlinks=True)
    done = run_step(0, folder, checkout, {}, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def run_step(
    number: int, runner: Path, checkout: Path, inputs: Mapping[str, str], *, cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """A step as GitHub's runner runs it: its expressions filled in, bash with its options."""
    step = ACTION["runs"]["steps"][number]
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | {"python": sys.executable} | inputs
    held = {f"inputs.{name}": value for name, value in given.items()} | {"github.action_path": str(checkout)}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: held[match[1]], text)

    # An input within a script would be run as a part of it
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"
    environment = {key: value for key, value in os.environ.items() if key not in ("CI_PROJECT_DIR", "PYTHONPATH")}
    environment |= {"RUNNER_TEMP": str(runner), "GITHUB_WORKSPACE": str(cwd), **more}
    environment |= {name: filled(value) for name, value in step["env"].items()}
    environment.pop("GITHUB_STEP_SUMMARY", None) if "GITHUB_STEP_SUMMARY" not in more else None
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_action_annotates_and_fails(runner: Path, repository: Path) -> None:
    summary = repository / "summary.md"
    done = run_step(1, runner, runner, {}, cwd=repository, GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == [
        "::error file=backend/shop.py",
        "::error file=other.py",
    ]
    assert "Found 2 findings" in summary.read_text()


def test_action_inputs(runner: Path, repository: Path) -> None:
    """Several words each, and none of them is run or expanded."""
    inputs = {"paths": "backend $(touch hacked) *", "args": "--exit-zero --fail-on high", "sarif-file": "a b.sarif"}
    done = run_step(1, runner, runner, inputs, cwd=repository)
    assert done.returncode == 2
    assert "$(touch: no such file or directory" in done.stderr
    assert not (repository / "hacked").exists()
    done = run_step(1, runner, runner, {**inputs, "paths": "backend"}, cwd=repository)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("::error file=backend/shop.py,")
    assert len(json.loads((repository / "a b.sarif").read_text())["runs"][0]["results"]) == 1


def test_action_installs_a_version(runner: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """From an index, not from its own checkout."""
    folder = tmp_path_factory.mktemp("index")
    environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_NO_DEPS": "1"}
    missing = run_step(0, folder, runner / "action", {"version": "0.0.7"}, cwd=repository, **environment)
    assert missing.returncode != 0
    assert "mongolint==0.0.7" in missing.stderr
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(runner / "action")], check=True)
    version = next(folder.glob("*.whl")).name.split("-")[1]
    done = run_step(0, folder, folder / "nowhere", {"version": version}, cwd=repository, **environment)
    assert done.returncode == 0, done.stderr
    assert (folder / "mongolint" / "bin" / "mongolint").is_file()


def test_gitlab_job(runner: Path, repository: Path) -> None:
    """The script as the runner runs it, with the mongolint that the action installed."""
    job = TEMPLATE["mongolint"]
    path = f"{runner / 'mongolint' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for variables, files in (
        ({}, ["backend/shop.py", "other.py"]),
        ({"MONGOLINT_PATHS": "backend"}, ["backend/shop.py"]),
    ):
        environment = {**os.environ, **job["variables"], **variables, "PATH": path, "CI_PROJECT_DIR": str(repository)}
        environment.pop("GITHUB_WORKSPACE", None)
        script = "\n".join(["set -eo pipefail", *job["script"]])
        done = subprocess.run(["bash", "-c", script], cwd=repository, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (1, "")
        assert "MDB101" in done.stdout
        report = repository / job["artifacts"]["reports"]["codequality"]
        assert [each["location"]["path"] for each in json.loads(report.read_text())] == files


def _ignore(folder: str, names: list[str]) -> set[str]:
    left = (".git", ".venv", "build", "dist", "node_modules", "__pycache__", "tests", "examples", "editors")
    return {name for name in names if name in left or name.endswith(("_cache", ".egg-info"))}
