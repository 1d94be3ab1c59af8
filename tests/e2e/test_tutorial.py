"""The configurations of docs/plugin-tutorial.md run, with the templates' plugins."""

import os
import re

import harness

TUTORIAL = harness.REPOSITORY / "docs" / "plugin-tutorial.md"
PLUGINS = harness.BUILD / "tests" / "sdk" / "plugins"
EXAMPLES = harness.BUILD / "tests" / "docs" / "plugins"


def configuration(name, tmp_path, plugins=PLUGINS):
    """The block of that name, with this test's folders."""
    block = re.search(rf"<!-- config {name} -->\n```yaml\n(.*?)```", TUTORIAL.read_text(), re.S)
    text = block[1]
    if "plugin_dirs" in text:
        text = re.sub(r"plugin_dirs: \[.*?\]", f"plugin_dirs: [{plugins}]", text)
    else:
        text = f"agent: {{plugin_dirs: [{plugins}]}}\n" + text
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "a").write_text("12345")
    (watched / "b").write_text("123")
    text = text.replace("path: /tmp/rows.txt", f"path: {tmp_path}/rows.txt")
    return text.replace("path: /tmp,", f"path: {watched},")


def test_the_source_alone(weir, agent, config, tmp_path):
    path = config(configuration("source", tmp_path))
    assert weir("check", "-c", path).returncode == 0
    once = weir("once", "-c", path)
    assert once.returncode == 0
    assert '"fields":{"files":2,"size":8}' in once.stdout
    process = agent(path)
    process.wait_log('"fields":{"files":2,"size":8}')


def test_the_pipeline_of_three(agent, poll, tmp_path):
    text = configuration("pipeline", tmp_path).replace("limit: 1000", "limit: 1")
    process = agent(text)
    watched = tmp_path / "watched"

    def rows():
        return re.sub(r" \d+$", "", (tmp_path / "rows.txt").read_text(), flags=re.M).splitlines()

    poll(lambda: f"my_source_limit path={watched} exceeded=1" in rows())
    (watched / "a").unlink()
    poll(lambda: rows()[-1] == f"my_source_limit path={watched} exceeded=0")
    assert f"my_source path={watched} files=1 size=3" in rows()
    assert "0 dropped" in process.stop_clean()


def test_a_mistake_is_reported_at_its_place(weir, config, tmp_path):
    text = configuration("pipeline", tmp_path).replace(f"{tmp_path}/rows.txt", "rows.txt")
    path = config(text.replace("limit: 1000", "limt: 1000"))
    result = weir("check", "-c", path)
    assert result.returncode == 78
    assert f"{path}:7:" in result.stderr and "absolute: begin it with '/'" in result.stderr
    assert f"{path}:5:" in result.stderr and "'limit'" in result.stderr


def test_a_folder_that_vanishes_is_reported_and_awaited(agent, poll, tmp_path):
    process = agent(configuration("source", tmp_path))
    watched = tmp_path / "watched"
    watched.rename(tmp_path / "away")
    process.wait_log(f"a collection failed: cannot read the folder '{watched}': No such file")
    (tmp_path / "away").rename(watched)
    process.wait_log("collects again")


def test_the_source_that_pushes(agent, tmp_path):
    pipe = tmp_path / "readings"
    os.mkfifo(pipe)
    text = configuration("push", tmp_path, EXAMPLES).replace("/tmp/readings", str(pipe))
    process = agent(text)
    with open(pipe, "w") as writer:
        writer.write("boiler 71.5\n")
    process.wait_log('"labels":{"name":"boiler"},"fields":{"value":71.5}')
    with open(pipe, "w") as writer:
        writer.writelines(f"boiler {n}\n" for n in range(10000))
    process.wait_log('"fields":{"value":9999}')
    log = process.stop_clean()
    assert "readings -> screen: 10001 rows in, 10001 delivered, 0 dropped" in log
