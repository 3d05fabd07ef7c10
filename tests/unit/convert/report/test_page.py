"""The page, the Markdown and the table: whole, self-contained, and safe from what files hold."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge_emotion_report.files import read_files
from edge_emotion_report.flat import report_csv
from edge_emotion_report.gathered import gather
from edge_emotion_report.goals import Goal
from edge_emotion_report.markdown import report_markdown
from edge_emotion_report.page import report_page
from edge_emotion_report.poster import poster
from edge_emotion_report.recommend import recommend
from helpers.measurements import (
    benchmark,
    contender,
    contest,
    conversion,
    evaluation,
    everything,
    explanation,
    exported,
    frame,
    network,
    timing,
    write,
)

HOSTILE = "$\\frac{$<img src=x onerror=alert(1)>\"'&|`[x](javascript:alert(1))\u202e\x00"


class Outline(HTMLParser):
    """Tags, anchors and links of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []


def page_of(gathered, goal=None):
    goal = goal or Goal()
    return report_page(gathered, goal, recommend(gathered, goal))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return gather(read_files([write(tmp_path_factory.mktemp("files"), everything())]))


@pytest.fixture(scope="module")
def page(whole):
    return page_of(whole)


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!#|data:)[^"'>\s]""", page)
    assert not re.search(r"url\((?!#)|@import|<script|<iframe|<link", page)


def test_the_page_is_small_enough_to_send(page):
    assert len(page.encode()) < 2_000_000


def test_every_link_has_its_place_and_every_place_its_own_name(page):
    outline = Outline(page)

    assert len(set(outline.ids)) == len(outline.ids)
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


def test_every_section_is_there(page):
    for title in (
        "What to run", "Accuracy against speed and size", "What each format loses",
        "The dearest layers", "Threads and delegates", "Where a frame’s time goes",
        "Devices side by side", "Everything", "Where the figures come from",
    ):  # fmt: skip
        assert f"<h2>{title}</h2>" in page


def test_every_chart_has_a_title_and_a_line_that_says_where_it_is_from(page):
    figures = re.findall(r'<figure id="[^"]+">.*?</figure>', page, re.DOTALL)

    assert len(figures) >= 12
    for figure in figures:
        assert re.search(r"<svg [^>]*aria-label=\"[^\"]+\"[^>]*><title>[^<]+</title>", figure)
        assert re.search(r'class="source">.*From .*href="#file-\d+"', figure)


def test_charts_follow_the_page_from_light_to_dark(page):
    assert "var(--ink, #333333)" in page
    assert "var(--blue, #0072b2)" in page
    assert "<text" in page


def test_a_section_without_figures_is_left_out(tmp_path):
    found = gather(read_files([write(tmp_path, {"a.json": evaluation(network(), 0.8)})]))
    page = page_of(found)

    for title in ("The dearest layers", "Threads and delegates", "Devices side by side", "Notes"):
        assert f"<h2>{title}</h2>" not in page


def test_what_was_not_measured_is_said_to_be_that_and_never_zero(tmp_path):
    timings = [timing() | {"p90_ms": None, "p99_ms": None, "memory_mb": None, "per_s": None}]
    found = gather(read_files([write(tmp_path, {"a.json": benchmark(networks=timings)})]))

    row = re.search(r"<td class=\"\">emotion int8</td>.*?</tr>", page_of(found), re.DOTALL)[0]
    cells = re.findall(r"<td[^>]*>([^<]*)", row)
    assert cells.count("not measured") == 4
    assert "0" not in cells
    [line] = csv.DictReader(io.StringIO(report_csv(found)))
    assert (line["p50_ms"], line["p90_ms"], line["value"]) == ("1", "", "")


def test_a_model_that_is_missing_on_a_chart_is_named_under_it(tmp_path):
    models = [network(), network(fmt="float32")]
    files = {
        "pi.json": benchmark(models, [timing(models[0]["id"])]),
        "a.json": evaluation(models[0], 0.8),
        "b.json": evaluation(models[1], 0.8),
    }
    page = page_of(gather(read_files([write(tmp_path, files)])))

    assert "Not measured: latency of float32." in page


def test_of_one_model_every_setting_is_a_point_and_what_adds_points_is_told(tmp_path):
    times = [timing(threads=n, p50_ms=1.0 / n) for n in (1, 2)]
    files = {"pi.json": benchmark([network()], times), "a.json": evaluation(network(), 0.8)}
    page = page_of(gather(read_files([write(tmp_path, files)])))
    chart = re.search(r'<figure id="pareto-emotion-latency-1">.*?</figure>', page, re.DOTALL)[0]

    assert "cpu, 1 thread<" in chart and "cpu, 2 threads<" in chart
    assert "More points: the other formats" in chart
    assert 'id="pareto-emotion-size"' not in page


def test_of_one_model_without_a_time_is_told_what_adds_points(tmp_path):
    files = {"a.json": evaluation(network(), 0.8)}
    page = page_of(gather(read_files([write(tmp_path, files)])))

    assert "Nothing to draw yet" in page and "More points: the other formats" in page


@pytest.mark.parametrize(("sets", "told"), [(1, False), (2, True)])
def test_why_a_model_has_several_accuracies_is_told_where_it_has(tmp_path, sets, told):
    table = evaluation(network(), 0.8)
    table["parts"] += [{**table["parts"][0], "rows_of": "without near twins"}] * (sets - 1)
    found = gather(read_files([write(tmp_path, {"a.json": table})]))
    text = report_markdown(found, "title", "subtitle", recommend(found, Goal()))

    assert ("near twin" in page_of(found).replace("without near twins", "")) is told
    assert ("near twin" in text.replace("without near twins", "")) is told


def test_a_number_of_faces_stands_once_in_a_row(tmp_path):
    files = {"a.json": evaluation(network(), 0.8, rows_of="1000 validation faces of drawn")}
    page = page_of(gather(read_files([write(tmp_path, files)])))

    assert ">1,000 validation faces of drawn</td>" in page


def test_files_are_named_as_they_were_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"results/today/pi.json": benchmark()})
    page = page_of(gather(read_files([Path("results/today")])))

    assert '">results/today/pi.json</a> (<code>edge-emotion benchmark --threads 1' in page


def test_the_loss_in_the_tables_is_that_of_the_main_figure(tmp_path):
    model = network()
    entry = exported(model, {"recall.Sad": 9.0, "accuracy": 0.2})
    files = {"pi.json": benchmark([model]), "conversion.json": conversion([entry])}
    found = gather(read_files([write(tmp_path, files)]))

    [line] = csv.DictReader(io.StringIO(report_csv(found)))
    assert (line["lost"], line["lost_unit"]) == ("0.2", "points")
    assert '<td class="count">+0.20 (+0.10 to +0.30)</td>' in page_of(found)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Every text of every file is an attack."""
    model = network(HOSTILE, file=HOSTILE.replace("/", "") + ".tflite", fmt=HOSTILE)
    points = network(HOSTILE, "keypoints", id="points", file="=cmd()|x.tflite")
    bench = benchmark(
        [model, points],
        [timing(model["id"], delegate=HOSTILE), timing("points", threads=2)],
        [frame(model["id"], "points", detector=HOSTILE, stages_ms={HOSTILE: 1.0})],
        HOSTILE,
        command=HOSTILE,
        made=HOSTILE,
        tool=HOSTILE,
    )
    bench["conditions"]["warnings"] = [HOSTILE]
    failed = timing("points") | {"status": "failed", "error": HOSTILE}
    bench["networks"].append(failed)
    why = explanation(HOSTILE)
    why[HOSTILE]["cause"]["text"] = HOSTILE
    why[HOSTILE]["layers"][0]["layer"] = HOSTILE
    files = {
        "pi.json": bench,
        "a.json": evaluation(model, 0.8, rows_of=HOSTILE),
        "b.json": evaluation(points, 2.0, rows_of=HOSTILE),
        "c/conversion.json": conversion([exported(model, {HOSTILE: 1.0})], HOSTILE),
        "why.json": why,
        "detectors.json": contest(
            contender(HOSTILE, rows_of=HOSTILE),
            machine={"cpu": HOSTILE},
            command=HOSTILE,
            photographs_of=HOSTILE,
            conditions={"warnings": [HOSTILE]},
        ),
        "<b>$x_y.json": "{",
    }
    return gather(read_files([write(tmp_path_factory.mktemp("hostile"), files)]))


def test_names_in_files_are_text_on_the_page(hostile):
    page = page_of(hostile)
    outline = Outline(page)

    assert not [tag for tag, _ in outline.tags if tag in ("img", "script", "b")]
    assert not [found for _, found in outline.tags for name in found if name.startswith("on")]
    assert not [link for link in outline.links if link.startswith("javascript")]
    assert "\u202e" not in page and "\x00" not in page
    for svg in re.findall(r"<svg .*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)


def test_names_in_files_are_text_in_markdown(hostile):
    text = report_markdown(hostile, "title", "subtitle", recommend(hostile, Goal()))
    tables = [line for line in text.splitlines() if line.startswith("|")]

    assert not re.search(r"(?<!\\)<img|(?<!\\)\]\(", re.sub(r"^    .*$", "", text, flags=re.M))
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    heads = [at for at, line in enumerate(tables) if set(line) <= set("|-:")]
    for start, end in zip(heads, [*(at - 1 for at in heads[1:]), len(tables)], strict=True):
        assert set(widths[start - 1 : end]) == {widths[start]}


def test_names_in_files_are_no_formulas_in_a_spreadsheet(hostile):
    for line in csv.DictReader(io.StringIO(report_csv(hostile))):
        assert not [cell for cell in line.values() if cell.startswith(("=", "@", "+"))]


def test_the_markdown_has_every_table(whole):
    text = report_markdown(whole, "title", "subtitle", recommend(whole, Goal()))

    for title in ("What to run", "Models", "What each format loses", "Networks alone", "Files"):
        assert f"## {title}\n" in text
    assert "| dynamic | emotion\\_dynamic.tflite | 700 |" in text


def test_the_table_has_a_line_for_each_setting(whole):
    lines = list(csv.DictReader(io.StringIO(report_csv(whole))))

    assert len(lines) == 11 * 2 * 2  # models, threads, devices
    assert {line["device"] for line in lines} == {"Raspberry Pi 4", "a PC"}
    assert lines[0]["lost"] == "0.5"


def test_the_picture_is_the_first_chart_alone(whole):
    svg, png = poster(whole, ".svg").decode(), poster(whole, ".png")

    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "var(" not in svg
    assert png.startswith(b"\x89PNG")
