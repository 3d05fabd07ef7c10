"""The files of the page, without a browser."""

import re

from edge_emotion.labels import EMOTIONS
from edge_emotion.palette import COLORS
from edge_emotion_device.web.app import page_file


def test_the_colours_are_the_palette():
    style = page_file("style.css")
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))

    assert {name: found[name.lower()].upper() for name in EMOTIONS} == COLORS
    for name in EMOTIONS:
        assert f'[data-emotion="{name}"] {{ --emotion: var(--{name.lower()}); }}' in style


def test_nothing_comes_from_elsewhere_and_nothing_stands_in_the_markup_that_its_policy_forbids():
    for name in ("index.html", "login.html", "style.css", "app.js", "icon.svg"):
        text = page_file(name).replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*|(?<=[;,)}{]) //.*", "", text, flags=re.MULTILINE)
        assert not re.search(r"\sstyle=|\son\w+=|innerHTML|<style|<script>", text)
