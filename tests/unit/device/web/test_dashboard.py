"""The example Grafana dashboard asks only for what a run exposes."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from edge_emotion_device.web.metrics import exposition
from helpers.vitals import vitals

FILE = Path(__file__).parents[4] / "device" / "grafana-dashboard.json"
BOARD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
QUERIES = [
    *(target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])),
    *(variable["query"]["query"] for variable in BOARD["templating"]["list"]),
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_names_metrics_that_are_exposed(query):
    families = text_string_to_metric_families(exposition(vitals())[0].decode())
    exposed = {sample.name for family in families for sample in family.samples}
    asked = set(re.findall(r"\b(?:edge_emotion|process)_\w+", query))
    assert asked
    assert asked <= exposed


def test_every_query_is_promql(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: sudo apt install prometheus")
    queries = [
        query.replace("$__rate_interval", "1m").replace("$instance", ".*")
        for query in QUERIES
        if not query.startswith("label_values")  # Grafana's own
    ]
    rules = [{"record": f"query_{place}", "expr": query} for place, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout


def test_it_can_be_imported_into_any_grafana():
    """The data source is asked for on import, and nothing names one."""
    (asked,) = BOARD["__inputs"]
    assert (asked["name"], asked["pluginId"]) == ("DS_PROMETHEUS", "prometheus")
    sources = re.findall(r'"uid": "([^"]*)"', FILE.read_text(encoding="utf-8"))
    assert set(sources) == {"${DS_PROMETHEUS}"}
    assert BOARD["id"] is BOARD["uid"] is None
    numbers = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
