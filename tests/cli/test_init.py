"""``mongolint init``: what it says of a project is true, and what it writes leaves the rest as it was."""

from __future__ import annotations

from typing import Any

import pytest

from mongolint.config import toml

APP = """\
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

app = FastAPI()
db = AsyncIOMotorClient().shop


@app.get("/")
async def orders(owner):
    return await db.orders.find_one({"owner": owner})
"""
INDEXES = "from app.main import db\n\n\nasync def make():\n    await db.orders.create_index('owner')\n"
TOOL = "from app.main import db\n\nif __name__ == '__main__':\n    print(db.orders)\n"
COMPOSE = (
    "services:\n  db:\n    image: docker.io/library/mongo:6.0.5 # pinned\n  other:\n    image: mongo-express:1.0\n"
)


@pytest.fixture
def project(place: Any) -> Any:
    return place.write(
        {
            ".git/HEAD": "",
            "app/__init__.py": "",
            "app/main.py": APP,
            "app/indexes.py": INDEXES,
            "bin/tool.py": TOOL,
            "test/helper.py": "import flask\nimport celery\n",
            "deploy/docker-compose.yml": COMPOSE,
        }
    )


def seen(run: Any) -> dict[str, str]:
    lines = (line.split(None, 1) for line in run.lines if line.startswith("  "))
    return {words[0]: words[1] for words in lines}


def test_it_says_what_it_sees(project: Any) -> None:
    run = project.run("init", "--dry-run")
    assert (run.code, run.err) == (0, "")
    assert seen(run) == {
        "files": "5 Python files, 4 of them near the driver",
        "driver": "Motor",
        "frameworks": "FastAPI",
        "operations": "2, on 1 known collection",
        "indexes": "1 declared in app/indexes.py",
        "server": "MongoDB 6.0.5 (deploy/docker-compose.yml:3)",
        "folders": "bin/, test/",
    }
    assert not (project.root / "mongolint.toml").exists()


def test_it_writes_a_file_of_its_own(project: Any) -> None:
    run = project.run("init")
    assert run.lines[-1] == "written to mongolint.toml; next: mongolint check"
    options = toml.parse((project.root / "mongolint.toml").read_text())
    assert options["script-files"] == ["scripts/", "migrations/", "bin/"]
    assert options["test-patterns"][-1] == "test/"
    assert "defer-to" not in options
    again = project.run("init")
    assert (again.code, again.out) == (2, "")
    assert again.err == "mongolint: mongolint.toml: the project is configured already; 'mongolint config' shows how\n"
    assert project.run("init", cwd="app").code == 2


@pytest.mark.parametrize(("before", "gap"), [("[project]  # of ours\nname = 'x'\n", "\n"), ("x = 1", "\n\n"), ("", "")])
def test_it_adds_to_a_pyproject(project: Any, before: str, gap: str) -> None:
    project.write({"pyproject.toml": before})
    shown = project.run("init", "--dry-run").out
    assert (project.root / "pyproject.toml").read_text() == before
    assert project.run("init", cwd="app").code == 0
    after = (project.root / "pyproject.toml").read_text()
    assert after.startswith(f"{before}{gap}[tool.mongolint]\n")
    assert after.removeprefix(before).strip() in shown
    assert project.run("config", "script-files").out.count("pyproject.toml:") == 1


def test_line_breaks_stay(project: Any) -> None:
    project.write({"pyproject.toml": b"[project]\r\nname = 'x'\r\n"})
    assert project.run("init").code == 0
    data = (project.root / "pyproject.toml").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 3


def test_a_pyproject_that_takes_no_table(project: Any) -> None:
    project.write({"pyproject.toml": "tool = {}\n"})
    run = project.run("init")
    assert run.err == "mongolint: pyproject.toml takes no further table\n"
    assert (project.root / "mongolint.toml").exists()
    (project.root / "mongolint.toml").unlink()
    project.write({"pyproject.toml": "tool = [\n"})
    run = project.run("init")
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert run.err.startswith("mongolint: pyproject.toml: cannot be added to: ")


def test_ruff_is_offered_and_taken(project: Any) -> None:
    project.write({"ruff.toml": "lint.select = ['E']\n"})
    run = project.run("init", "--dry-run")
    assert seen(run)["Ruff"] == "ruff.toml: selects E722, does not select T201"
    assert '# defer-to = ["ruff"]' in run.lines
    assert 'defer-to = ["ruff"]' in project.run("init", "--dry-run", "--defer-to", "ruff").lines
    project.write({"ruff.toml": "lint.select = ['I']\n"})
    assert "defer-to" not in project.run("init", "--dry-run").out


def test_indexes_that_are_declared_nowhere(project: Any) -> None:
    (project.root / "app/indexes.py").unlink()
    run = project.run("init")
    assert seen(run)["indexes"] == "none declared in the code"
    text = (project.root / "mongolint.toml").read_text()
    assert '# index-source = "external"' in text
    # What is offered in comments is valid, too
    (project.root / "mongolint.toml").write_text(text.replace('# index-source = "', 'index-source = "'))
    assert project.run("config").code == 0


def test_a_project_without_the_driver(place: Any) -> None:
    place.write({"a.py": "import flask\n"})
    run = place.run("init")
    assert seen(run) == {
        "files": "1 Python file, 0 of them near the driver",
        "driver": "none seen: nothing is reported before one is used",
        "frameworks": "Flask",
    }
    assert run.code == 0
    assert place.run("init", "gone").code == 2
