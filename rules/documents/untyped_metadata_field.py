"""A field of a model that may hold any object, and is stored.

What it flags
    Fields of Pydantic models, dataclasses and TypedDicts that are annotated `dict` or `Dict[str, Any]`, where such an
    object reaches an insert or an update. One finding per field. Review tier: now and then that is what is meant.

Why it hurts
    Nothing says which keys there are and of which types, so neither a validator nor an index can be made for them, and
    each place that writes makes up its own.

What it leaves alone
    Dicts whose values have a type (`dict[str, int]`), fields that are lists, models that are never stored.

Fix and its safety
    None is written: the fields that are needed are known to the author alone.

Sources
    MongoDB manual, "Specify JSON Schema Validation"; Pydantic documentation, "Models".
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB221", "untyped-metadata-field", Severity.LOW, tier="review", fix=Applicability.DISPLAY, asks_documents=True
)

_SHOWN = 6


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.fields.untyped:
        model = project.function_name(*found.cls)
        keys = _keys(project, found)
        told = f"; the code writes {', '.join(keys[:_SHOWN])}{' …' if len(keys) > _SHOWN else ''}" if keys else ""
        spans = dict.fromkeys(use.span for use in found.uses)
        yield rule.finding(
            project.token(found.annotation.module, found.annotation.row),
            f"{model}.{found.name} takes any object and is stored in {found.collection}: nothing says what is in it"
            f"{told}; give it a model of its own",
            related=project.related((span, f"{found.name} is stored here") for span in list(spans)[:_SHOWN]),
            fix=rule.repair(
                "give the field a model",
                _none,
                text=f"class {found.name.title().replace('_', '')}(BaseModel): …  # {', '.join(keys) or 'its fields'}",
            ),
        )


def _keys(project: Project, found: Any) -> list[str]:
    """What the code itself puts into the field."""
    fields = project.fields.of(found.collection).fields
    return [name.partition(".")[2] for name in fields if name.startswith(f"{found.name}.") and name.count(".") == 1]


def _none(draft: Draft) -> None:
    raise NoFix("which fields are needed is not known")


EXAMPLES = [
    Bad(
        """\
        from typing import Any

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Visit(BaseModel):
            page: str
            metadata: dict[str, Any] = {}


        def visit(page: str, browser: str):
            db.visits.insert_one(Visit(page=page, metadata={"browser": browser}).model_dump())
        """,
        at=("metadata",),
        message="Visit.metadata takes any object and is stored in visits: nothing says what is in it; the code writes "
        "browser",
    ),
    Good(
        """\
        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Browser(BaseModel):
            name: str
            version: str | None = None


        class Visit(BaseModel):
            page: str
            browser: Browser
            counts: dict[str, int] = {}


        class Answer(BaseModel):
            anything: dict


        def visit(entry: Visit) -> Answer:
            db.visits.insert_one(entry.model_dump())
            return Answer(anything={})
        """,
        why="typed all through; the other model is never stored",
    ),
]
