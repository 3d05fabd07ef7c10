"""What the layers of a network leave to gain, in figures, in words and on the page."""

import re

import pytest

from edge_emotion_report import drawing
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from edge_emotion_report.goals import Goal
from edge_emotion_report.markdown import report_markdown
from edge_emotion_report.page import report_page
from edge_emotion_report.recommend import recommend
from edge_emotion_report.roofline import gains
from edge_emotion_report.style import svg
from helpers.measurements import benchmark, layer, layers, network, timing, write

TITLE = "<h2>What is left to gain</h2>"


def gathered(folder, told, models=None, networks=None):
    models = models or [network()]
    file = benchmark(models, networks or [timing(models[0]["id"], 0.06)], layers=told)
    return gather(read_files([write(folder, {"pi.json": file})]))


def roofline_of(folder, *timed):
    entry = {"model": network()["id"], "status": "ok", "layers": list(timed)}
    return gathered(folder, layers(models=[entry])).devices[0].rooflines[0]


@pytest.mark.parametrize(
    ("us", "macs", "at_peak_us", "left_us", "share"),
    [
        (40.0, 1_000_000, 10.0, 30.0, 0.25),
        (10.0, 1_000_000, 10.0, 0.0, 1.0),
        (8.0, 1_000_000, 10.0, -2.0, 1.25),  # the peak is not the last word
        (2.0, 0, 0.0, 2.0, None),  # multiplies nothing
        (0.2, 1_000_000, 10.0, -9.8, None),  # noise
        (-3.0, 1_000_000, 10.0, -13.0, None),
        (2.0, None, None, None, None),  # not told
    ],
)
def test_a_layer_against_the_peak(tmp_path, us, macs, at_peak_us, left_us, share):
    roofline = roofline_of(tmp_path, layer(1, us, macs))  # at 100 GMAC/s
    [one] = roofline.layers

    assert gains.at_peak_us(one, roofline) == at_peak_us
    assert gains.left_us(one, roofline) == left_us
    assert gains.share_of_peak(one, roofline) == share


def test_what_is_below_a_microsecond_is_the_rest(tmp_path):
    found = gains.gain(roofline_of(tmp_path, layer(1, 5.0), layer(2, 0.9), layer(3, -4.0)))

    assert [one.number for one in found.layers] == [1]
    assert [one.number for one in found.rest] == [2, 3]
    assert gains.together_us(found.rest) == 0.0


def test_the_words_give_what_the_peak_allows_and_where_most_is_left(tmp_path):
    told = gathered(tmp_path, layers(network()["id"]))
    [one] = told.devices[0].rooflines

    assert gains.in_words(one, gains.whole_us(told.devices[0], told.models[0])) == (
        "At the peak of 100 GMAC/s the network would take 30.0 µs of the 54.7 µs that its layers "
        "take together (55%). Most is left in layer 2 CONV_2D, 24×24×32: 30.0 µs of its 40.0 µs, "
        "for it is at 25% of the peak. Uncut, it takes 60.0 µs."
    )


def test_a_layer_that_multiplies_nothing_may_have_most_to_gain(tmp_path):
    one = roofline_of(tmp_path, layer(1, 9.0, 0, operator="QUANTIZE"), layer(2, 11.0))

    assert "layer 1 QUANTIZE, 24×24×32: 9.00 µs of its 9.00 µs, for it multiplies nothing" in (
        gains.in_words(one, None)
    )


def test_the_page_has_both_charts_the_words_and_every_layer(tmp_path):
    found = gathered(tmp_path, layers(network()["id"]))
    page = report_page(found, Goal(), recommend(found, Goal()))
    section = page.partition(TITLE)[2].partition("<section>")[0]

    assert section.count("<figure") == 2
    assert "cut off after each operator" in section
    assert "At the peak of 100 GMAC/s" in section
    assert [cells.count("<td") for cells in re.findall(r"<tr><td.*?</tr>", section)] == [
        7,
        *[9] * 4,
    ]


def test_without_layers_there_is_no_such_section(tmp_path):
    found = gathered(tmp_path, None)

    assert TITLE not in report_page(found, Goal(), recommend(found, Goal()))


def test_networks_in_other_formats_stand_behind_those_that_the_peak_suits(tmp_path):
    models = [network(), network(fmt="float32")]
    found = gathered(tmp_path, layers(*(one["id"] for one in models)), models)
    page = report_page(found, Goal(), recommend(found, Goal()))

    first, _, others = page.partition("<summary>1 further network")
    assert "emotion-edge int8 on Raspberry Pi 4</h3>" in first
    assert "emotion-edge float32 on Raspberry Pi 4</h3>" in others
    [full] = gains.told_in_full(found, found.devices[0])
    assert found.model(full.model).format == "int8"


def test_a_network_that_failed_is_a_line_with_its_reason(tmp_path):
    entry = {"model": network()["id"], "status": "failed", "error": "no <such> graph"}
    found = gathered(tmp_path, layers(models=[entry]))
    page = report_page(found, Goal(), recommend(found, Goal()))

    assert "no &lt;such&gt; graph" in page
    assert "no \\<such\\> graph" in report_markdown(found, "", "", recommend(found, Goal()))


@pytest.mark.parametrize(
    ("below_us", "noisy"), [(0.9, False), (4.0, False), (6.0, True), (300.0, True)]
)
def test_a_network_whose_layers_take_less_than_nothing_is_too_noisy_to_tell(
    tmp_path, below_us, noisy
):
    timed = [layer(1, 100.0), layer(2, -below_us)]
    entry = {"model": network()["id"], "status": "ok", "layers": timed}
    found = gathered(tmp_path, layers(models=[entry]))
    page = report_page(found, Goal(), recommend(found, Goal()))

    assert (gains.NOISY in page) == noisy
    assert ("<h3>emotion-edge int8 on Raspberry Pi 4</h3>" in page) == (not noisy)


@pytest.mark.parametrize(
    ("timed", "charts"),
    [
        ([layer(1, 0.5), layer(2, 0.1)], ["layer-times-emotion-1-1"]),  # all of it is noise
        ([layer(1, -0.5)], []),
        ([layer(1, 2.0, 0)], ["layer-times-emotion-1-1"]),
        ([layer(1, 2.0) | {"read_bytes": None}], ["layer-times-emotion-1-1"]),
        (
            [layer(n, 3.0 * n) for n in range(1, 90)],
            ["layer-times-emotion-1-1", "roofline-emotion-1-1"],
        ),
        (
            [layer(1, 1e9, 1), layer(2, 1.0, 10**15)],
            ["layer-times-emotion-1-1", "roofline-emotion-1-1"],
        ),
    ],
)
def test_charts_are_drawn_of_what_there_is(tmp_path, timed, charts):
    entry = {"model": network()["id"], "status": "ok", "layers": timed}
    found = gathered(tmp_path, layers(models=[entry]))
    device = found.devices[0]
    drawn = list(drawing.rooflines(found, device, device.rooflines[0]))

    assert [chart.name for chart in drawn] == charts
    for chart in drawn:
        assert svg(chart.figure, chart.name, chart.title).startswith("<svg")


def test_without_the_memorys_speed_the_roof_is_flat(tmp_path):
    found = gathered(tmp_path, layers(network()["id"], memory_bytes_per_s=None))
    device = found.devices[0]
    *_, roof = drawing.rooflines(found, device, device.rooflines[0])

    assert "int8 peak, 100 GMAC/s" in (text := svg(roof.figure, roof.name, roof.title))
    assert "GB/s" not in text
