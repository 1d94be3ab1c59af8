"""The rules are what promtool accepts, each alert is seen firing by a test of promtool's, and what
is made from them and from the dashboards' descriptions is up to date."""

import re
import subprocess
from pathlib import Path

import harness
import pytest
import yaml

MONITORING = harness.REPOSITORY / "packaging" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yaml"))
TESTS = sorted((harness.REPOSITORY / "tests" / "monitoring" / "rules").glob("*_test.yaml"))


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts(path):
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_promtool_accepts_the_rules():
    assert "SUCCESS" in run(harness.tool("promtool"), "check", "rules", *RULES)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_promtool_finds_what_is_expected(path):
    assert "SUCCESS" in run(harness.tool("promtool"), "test", "rules", path)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_alert_is_seen_firing_and_tells_what_to_do(path):
    tests = yaml.safe_load((TESTS[0].parent / f"{path.stem}_test.yaml").read_text())["tests"]
    seen = {
        case["alertname"]
        for test in tests
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert seen == {rule["alert"] for rule in alerts(path)}
    for rule in alerts(path):
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert set(rule["annotations"]) == {"summary", "description"}, rule
        assert rule["annotations"]["summary"][-1] != ".", rule
    names = [rule["alert"] for rule in alerts(path)]
    page = (harness.REPOSITORY / "docs" / "monitoring.md").read_text()
    assert not [name for name in names if f"`{name}`" not in page], "not in docs/monitoring.md"


def test_whoever_only_probes_hosts_is_not_paged(tmp_path):
    """By the rules that docs/monitoring.md has everybody load."""
    page = (harness.REPOSITORY / "docs" / "monitoring.md").read_text()
    text = re.search(r"^```yaml\n(# prometheus.yml\n.*?)^```$", page, re.M | re.S)[1]
    loaded = [MONITORING / "rules" / Path(p).name for p in yaml.safe_load(text)["rule_files"]]
    names = [rule["alert"] for path in loaded for rule in alerts(path)]
    assert "WeirDown" in names
    series = ["up", "node_load1", "process_resident_memory_bytes", "weir_build_info"]
    quiet = {
        "rule_files": [str(path) for path in loaded],
        "tests": [{
            "interval": "1m",
            "input_series": [{"series": f'{name}{{job="weir",instance="db1"}}', "values": "1x60"}
                             for name in series],
            "alert_rule_test": [{"alertname": name, "eval_time": "1h", "exp_alerts": []}
                                for name in names],
        }],
    }  # fmt: skip
    path = tmp_path / "quiet_test.yaml"
    path.write_text(yaml.safe_dump(quiet))
    assert "SUCCESS" in run(harness.tool("promtool"), "test", "rules", path)


def test_what_is_generated_is_up_to_date():
    run(MONITORING / "generate", "--check")
