"""The report of what is recorded in this repository, in a real browser."""

import base64
from pathlib import Path

import pytest

from edge_emotion_report.command import Outputs, report_files
from helpers.browser import be_a, complaints, need_chromium, prefer, requested

need_chromium()

RECORDED = Path(__file__).parents[2] / "benchmarks/results/report"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.html"
    report_files([RECORDED], outputs=Outputs(page=file))
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_a_complaint_and_asks_for_nothing_else(browser, page, scheme):
    prefer(browser, scheme)
    requested(browser)
    browser.get(page)

    assert requested(browser) == [page]
    assert complaints(browser) == []
    drawn = "return getComputedStyle(document.querySelector('figure svg text')).fill"
    shade = int(browser.execute_script(drawn).removeprefix("rgb(").partition(",")[0])
    assert (shade > 128) == (scheme == "dark")


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(browser, page, width):
    be_a(browser, width, 900)
    browser.get(page)

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    boxes = browser.execute_script(
        "return [...document.querySelectorAll('body > div > section > .charts svg')]"
        ".map(chart => chart.getBoundingClientRect().width)"
    )
    assert len(boxes) >= 6 and min(boxes) > 0.7 * min(width, 450)


def test_every_link_leads_to_what_it_names(browser, page):
    browser.get(page)
    links = (
        "return [...document.links].map(link => link.hash && !!document.querySelector(link.hash))"
    )

    assert len(found := browser.execute_script(links)) > 20 and all(found)


def test_it_prints_on_a_few_sheets(browser, page):
    browser.get(page)
    told = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})

    assert 5 <= base64.b64decode(told["data"]).count(b"/Type /Page\n") <= 25
