"""The page that explains a function: complete, the same in every run, safe, and alive in a browser."""

import base64
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc

TITLE = "</title><script>alert(1)</script> \"Größe\" '数字' @PAYLOAD@"


def network() -> gc.Function:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, 20], name="x")
        w = gc.Variable(np.ones((20, 12), np.float32), name="kernel")
        hidden = gc.nn.relu(gc.matmul(x, w))
        loss = gc.reduce_mean(gc.reduce_sum(gc.exp(-hidden), axis=1) * 1.0)
        (slope,) = gc.gradients(loss, [w])
        return gc.function([x], loss, updates={w: w - 0.1 * slope}, name="step")


def unpacked(text: str) -> dict[str, Any]:
    (payload,) = re.findall(r'id="payload">([^<]*)<', text)
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(payload)))
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    step = network()
    profile = step.profile([np.ones((7, 20), np.float32)], seconds=0.01)
    return gc.explain(step, tmp_path_factory.mktemp("page") / "step.html", profile=profile, title=TITLE)


def test_stages_are_the_programs_of_the_passes(written: Path) -> None:
    data, step = unpacked(written.read_text()), network()
    ids: list[str] = []
    assert data["stages"][-1]["name"] == "fused"
    for stage in data["stages"][:-1]:
        ids = stage["order"] or ids
        lines = [line for line in step.text(stage["name"]).splitlines() if line.startswith("%")]
        assert [data["nodes"][i]["op"] for i in ids] == [re.sub(r"%\d+ = (\w+)\(.*", r"\1", line) for line in lines]
    fired = {rule for stage in data["stages"] for rule in stage["rules"]}
    assert fired
    assert data["stages"][0]["name"] == "lowered"


def test_every_change_has_its_rule_and_both_sides(written: Path) -> None:
    data = unpacked(written.read_text())
    for stage in data["stages"]:
        rules = [rule for rule, _, _ in stage["changes"]]
        counted = {rule: times for rule, times in stage["rules"].items() if rule in rules}
        assert {rule: rules.count(rule) for rule in rules} == counted
        for _, before, after in stage["changes"]:
            assert before != after
            assert {before, after} <= set(data["nodes"])
    assert any(stage["changes"] for stage in data["stages"])


def test_fused_stage_puts_nodes_into_the_kernels_that_compute_them(written: Path) -> None:
    data = unpacked(written.read_text())
    clusters = data["stages"][-1]["clusters"]
    for key, name in clusters.items():
        assert key in data["kernels"][int(name.split(" ")[0])]["nodes"]
    assert len(set(clusters.values())) == len(data["kernels"])


def test_derivatives_are_a_part_of_their_own(written: Path) -> None:
    data = unpacked(written.read_text())
    by_op = {facts["op"]: facts for facts in data["nodes"].values()}
    assert by_op["gradient"]["part"] == "gradient"
    assert "part" not in by_op["input"]


def test_kernels_show_their_nodes_and_code(written: Path) -> None:
    data = unpacked(written.read_text())
    report_calls = len(data["kernels"])
    assert report_calls > 1
    for kernel in data["kernels"]:
        assert kernel["nodes"]
        texts = data["texts"][kernel["text"]]
        assert "def kernel(" in texts["loops"]
        assert "define" in texts["LLVM"]
        assert "kernel:" in texts["assembly"]
    assert {u["reason"] for u in data["unfused"]}
    assert len(data["times"]) == report_calls


def test_temporaries_alive_together_share_no_byte(written: Path) -> None:
    memory = unpacked(written.read_text())["memory"]
    buffers = memory["buffers"]
    assert max(b["offset"] + b["bytes"] for b in buffers) <= memory["size"]
    for i, a in enumerate(buffers):
        for b in buffers[i + 1 :]:
            apart = a["last"] < b["first"] or b["last"] < a["first"]
            assert apart or a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"]


def test_ids_are_the_same_in_another_build(tmp_path: Path) -> None:
    first, second = (gc.explain(network(), tmp_path / f"{i}.html", title="t").read_text() for i in range(2))
    assert first == second


def test_page_holds_no_foreign_markup_and_no_address(written: Path) -> None:
    text = written.read_text()
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("</script") == 2
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert len(text) < 2_000_000


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in '\.html'"):
        gc.explain(network(), tmp_path / "step.svg")


@pytest.fixture
def browser_page() -> Iterator[tuple[Any, list[str]]]:
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium")
    with browsers.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, seen = browser.new_page(viewport={"width": 1400, "height": 900}), []
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda request: seen.append(request.url))
        yield page, seen
        browser.close()


@pytest.fixture
def opened(browser_page: tuple[Any, list[str]], written: Path) -> tuple[Any, list[str]]:
    page, _ = browser_page
    page.goto(written.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=20_000)
    return browser_page


def test_views_light_up_together_in_a_browser(opened: tuple[Any, list[str]], written: Path) -> None:
    page, seen = opened
    last = int(page.get_attribute("#slider", "max"))
    for _ in range(last):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#stage") == unpacked(written.read_text())["stages"][last]["name"]
    assert page.inner_text("#stage") == "fused"
    groups = page.locator("#graph .group").count()
    assert groups > 0
    page.locator("#graph .group").first.dispatch_event("click")
    assert page.locator("#graph .group").count() == groups - 1
    page.locator("#graph .node.folded").first.dispatch_event("click")
    assert page.locator("#graph .group").count() == groups
    page.locator("#kernels .row").first.click()
    for view in ("#lines .row.lit", "#graph .node.lit", "#kernels .row.lit", "#memory .bytes.lit", "#time .row.lit"):
        assert page.locator(view).count() > 0, view
    node = page.locator("#graph .node.lit").first
    key = node.get_attribute("data-key")
    node.dispatch_event("click")
    assert page.url.endswith("#" + key)
    assert page.locator("#graph .node.lit").count() == 1
    page.keyboard.press("/")
    page.keyboard.type("matmul")
    assert page.inner_text("#found") != "0 found"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.locator(".lit").count() == 0
    assert seen == [written.as_uri()]


def test_rules_are_stepped_through_with_both_sides(opened: tuple[Any, list[str]], written: Path) -> None:
    page, seen = opened
    stages = unpacked(written.read_text())["stages"]
    at = next(i for i, stage in enumerate(stages) if stage["changes"])
    for _ in range(at):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("]")
    assert stages[at]["changes"][0][0] in page.inner_text("#rulename")
    for side in ("#before", "#after"):
        assert page.locator(f"{side} .node.lit").count() > 0
    page.keyboard.press("[")
    assert not page.is_visible("#changed")
    assert seen == [written.as_uri()]


def test_picture_page_opens_its_scopes(browser_page: Any, tmp_path: Path) -> None:
    with gc.Graph().as_default() as graph:
        total = gc.placeholder(gc.float32, [], name="start")
        for block in range(8):
            with gc.name_scope(f"block_{block}"):
                for _ in range(30):
                    total = gc.exp(total)
    path = gc.viz.export(graph, tmp_path / "graph.html", TITLE)
    page, seen = browser_page
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=20_000)
    folded = page.locator("#graph .node.folded").count()
    assert 6 <= folded <= 8
    page.keyboard.press("/")
    page.keyboard.type("block_5/exp_3")
    page.keyboard.press("Enter")
    assert page.locator("#graph .group").count() == 8 - folded + 1
    assert seen == [path.as_uri()]


def test_boxes_of_the_page_do_not_overlap(opened: tuple[Any, list[str]]) -> None:
    page, _ = opened
    measure = "const b = r.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]"
    boxes = page.evaluate(f"[...document.querySelectorAll('.node rect.body')].map(r => {{{measure}}})")
    for i, (left, top, right, bottom) in enumerate(boxes):
        for l2, t2, r2, b2 in boxes[i + 1 :]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top


def test_address_of_a_node_selects_it(opened: tuple[Any, list[str]], written: Path) -> None:
    page, _ = opened
    page.goto("about:blank")
    page.goto(written.as_uri() + "#kernel%200")
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#kernels .row.lit").first.inner_text().startswith("0 ")
