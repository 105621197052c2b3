"""The page of a review, as a person uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mongolint.report.review import page

ROOT = Path(__file__).parents[2]
MARKUP = "<img src=x onerror=alert(1)>\"'&</script><script>alert(2)</script>"
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def review(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of the example backend."""
    file = tmp_path_factory.mktemp("review") / "review.json"
    command = [sys.executable, "-m", "mongolint", "review", "examples/bookshelf", "-o", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a review; whatever goes wrong in the page, or asks for the network, fails the test."""
    contexts = []
    wrong: list[str] = []

    def opened(review: dict[str, Any], hash: str = "", **options: Any) -> Any:
        file = tmp_path / "review.html"
        file.write_text(page.render(review), encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.on("dialog", lambda dialog: wrong.append(dialog.message))
        tab.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
        tab.goto(file.as_uri() + hash)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def test_links_lead_where_they_say(open_page: Open, review: dict[str, Any]) -> None:
    """Places above that have not been in sight yet have a guessed height."""
    large = deepcopy(review)
    places = [place for issue in large["issues"] for place in issue["places"]]
    large["issues"][0]["places"] = [
        {**place, "fingerprint": f"{number}-{place['fingerprint']}", "message": f"{place['message']} " * 3}
        for number in range(5)
        for place in places
    ]
    for width in (1200, 390):
        for issue in large["issues"][1::6]:
            tab = open_page(large, viewport={"width": width, "height": 800})
            tab.locator(f"#plan a[href='#issue-{issue['id']}']").first.evaluate("link => link.click()")
            tab.wait_for_timeout(700)
            box = tab.locator(f"#issue-{issue['id']}").bounding_box()
            assert 0 <= box["y"] < 300, (width, issue["id"], box)


def shown(tab: Any) -> int:
    return int(tab.locator(".place:not([hidden])").count())


def total(review: dict[str, Any]) -> int:
    return sum(len(issue["places"]) for issue in review["issues"])


def test_all_is_shown(open_page: Open, review: dict[str, Any]) -> None:
    tab = open_page(review)
    assert shown(tab) == total(review) > 20
    assert tab.locator("#shown").text_content() == f"{total(review)} of {total(review)} shown"
    assert tab.locator(".issue").count() == len(review["issues"])


def test_who_runs_a_place_stands_beside_it(open_page: Open, review: dict[str, Any]) -> None:
    told = deepcopy(review)
    first, second, third = [place for issue in told["issues"] for place in issue["places"]][:3]
    first.update(script=True, idle=False)
    second.update(script=False, idle=True)
    third.update(script=False, idle=False)
    tab = open_page(told)
    shown = [tab.locator(f"#f-{place['fingerprint']} .badge.soft") for place in (first, second, third)]
    assert [each.all_text_contents() for each in shown] == [["script"], ["not called"], []]


def test_collections_and_plan(open_page: Open, review: dict[str, Any]) -> None:
    """What the record says of validators, idle indexes, evidence and steps is there to be read."""
    review = deepcopy(review)
    held = review["collections"][0]
    held.update(validator=None)
    asked = {"concern": "integrity", "question": "May <b>it</b> go below zero?", "ground": "No filter asks."}
    places = [{"file": "shop.py", "line": line, "column": 1} for line in (7, 3, 5, 9)]
    review["questions"].insert(0, {**asked, "of": [{"collection": "goods", "details": ["stock"], "places": places}]})
    review["operations"][0]["shown"] = [{"file": "backup.sh", "line": 2, "column": 1, "text": "mongodump --uri <uri>"}]
    tab = open_page(review)
    section = tab.locator("#collections details", has_text=held["name"]).first
    assert "Validator: known only at run time." in str(section.text_content())
    first = tab.locator("#questions li").first
    assert str(first.text_content()).startswith("May <b>it</b> go below zero? No filter asks. goods (stock)")
    assert str(first.text_content()).endswith("(shop.py:3, shop.py:5, shop.py:7) and 1 more")
    assert tab.locator("#questions h4").all_text_contents()[0] == "Integrity of the data"
    assert "mongodump --uri <uri> (backup.sh:2)" in str(tab.locator("#operation").text_content())
    steps = tab.locator("#plan tbody tr").all_text_contents()
    assert len(steps) == len(review["plan"])
    assert all(step["step"] in row for step, row in zip(review["plan"], steps, strict=True))


def test_filters(open_page: Open, review: dict[str, Any]) -> None:
    tab = open_page(review)
    places = [(issue, place) for issue in review["issues"] for place in issue["places"]]
    issue, place = next((i, p) for i, p in places if p["collections"])

    tab.locator("select[name=rule]").select_option(issue["code"])
    assert shown(tab) == len(issue["places"])
    assert tab.locator(".issue:not([hidden])").count() == 1
    tab.get_by_role("button", name="Show all").click()
    tab.wait_for_function("document.querySelectorAll('.place[hidden]').length === 0")

    tab.locator("select[name=collection]").select_option(place["collections"][0])
    assert shown(tab) == sum(place["collections"][0] in p["collections"] for _, p in places)
    tab.locator("select[name=file]").select_option(place["file"])
    wanted = [p for _, p in places if p["file"] == place["file"] and place["collections"][0] in p["collections"]]
    assert shown(tab) == len(wanted)


def test_severity_and_words(open_page: Open, review: dict[str, Any]) -> None:
    tab = open_page(review)
    tab.get_by_label("low", exact=True).uncheck()
    low = sum(p["severity"] == "low" for issue in review["issues"] for p in issue["places"])
    assert low
    assert shown(tab) == total(review) - low
    tab.get_by_label("Words").fill("no such words anywhere")
    assert shown(tab) == 0
    assert tab.locator(".issue:not([hidden])").count() == 0


def test_the_filter_is_in_the_address(open_page: Open, review: dict[str, Any]) -> None:
    code = review["issues"][0]["code"]
    tab = open_page(review)
    tab.locator("select[name=rule]").select_option(code)
    address = tab.url
    assert address.endswith(f"#?rule={code}")
    again = open_page(review, "#" + address.partition("#")[2])
    assert shown(again) == len(review["issues"][0]["places"])


def test_deep_link(open_page: Open, review: dict[str, Any]) -> None:
    """A link opens a place, even one that is closed."""
    place = next(issue for issue in review["issues"] if len(issue["places"]) > 2)["places"][2]
    tab = open_page(review, f"#f-{place['fingerprint']}")
    target = tab.locator(f"#f-{place['fingerprint']}")
    assert target.get_attribute("open") is not None
    assert tab.evaluate("scrollY") > 0
    assert target.is_visible()


def test_keyboard(open_page: Open, review: dict[str, Any]) -> None:
    tab = open_page(review)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "To the review"
    closed = tab.locator("details.place:not([open]) > summary").first
    closed.focus()
    before = tab.locator("details.place[open]").count()
    tab.keyboard.press("Enter")
    assert tab.locator("details.place[open]").count() == before + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_accessible(open_page: Open, review: dict[str, Any], scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = open_page(review, color_scheme=scheme, viewport={"width": width, "height": 900})
    tab.evaluate("document.querySelectorAll('details').forEach((each, i) => { if (i < 60) each.open = true })")
    found = [
        (each["id"], each["impact"], [node["target"] for node in each["nodes"]][:3])
        for each in axe.run(tab).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert not found


def test_phone(open_page: Open, review: dict[str, Any]) -> None:
    """Nothing makes the page itself scroll sideways."""
    tab = open_page(review, viewport={"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_markup_is_text(open_page: Open, review: dict[str, Any]) -> None:
    hostile = _replaced(deepcopy(review))
    tab = open_page(hostile)
    assert tab.locator("img").count() == 0
    assert tab.locator("script").count() == 1
    assert MARKUP in tab.locator(".place > summary").first.text_content()
    tab.get_by_label("Words").fill("onerror")
    assert shown(tab) > 0


def _replaced(value: Any, key: str = "") -> Any:
    """A record whose free texts are markup."""
    if isinstance(value, dict):
        return {name: _replaced(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, key) for each in value]
    free = ("message", "file", "text", "name", "mongosh", "reason", "step", "title", "collections", "command")
    return MARKUP if isinstance(value, str) and key in free else value


def test_large(open_page: Open, review: dict[str, Any]) -> None:
    """Two thousand findings are filtered while one types."""
    large = deepcopy(review)
    first = large["issues"][0]["places"][0]
    large["issues"][0]["places"] = [{**first, "fingerprint": f"{n:016x}", "line": n} for n in range(2000)]
    tab = open_page(large)
    assert shown(tab) == total(large)
    tab.get_by_label("Words").fill(":1999 ")
    tab.wait_for_function("document.querySelectorAll('.place:not([hidden])').length < 10")
    assert 0 < shown(tab) < 10


def test_print(open_page: Open, review: dict[str, Any], tmp_path: Path) -> None:
    tab = open_page(review)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details.place:not([open])").count() == 0
    assert tab.pdf(path=tmp_path / "review.pdf").startswith(b"%PDF")
