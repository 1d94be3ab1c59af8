"""Plugin files that are none, and plugins that break the contract, next to good ones.

Whatever such a file does, the agent names it, says what is wrong and what to do, and goes on
without it, or stops where the configuration says `required: true`.
"""

import harness
import pytest

V1 = harness.BUILD / "tests" / "abi" / "v1"
HOSTILE = harness.BUILD / "tests" / "abi" / "hostile"
CONFIG = """
agent: {{interval: 50ms, data_dir: {tmp}/data, plugin_dirs: [{folder}, {v1}]}}
sources:
  bad: {{type: hostile_{case}}}
  good: {{type: v1_sensor}}
sinks:
  writer: {{type: v1_writer, inputs: ["*"], path: {tmp}/out}}
"""

# Refused when the file is loaded; `weir check` finds it already.
FILES = {
    "text": "it is not a shared object; remove it from the plugin folder, or build it again",
    "empty": "it is not a shared object; remove it from the plugin folder, or build it again",
    "short": "it is not a shared object; remove it from the plugin folder, or build it again",
    "torn": "it is torn: part of the file is missing; install it again",
    "foreign": "it is built for another architecture (ELF machine ",
    "missing_symbol": "it does not export weir_plugin_open, so it is not a Weir plugin; build it",
    "unresolved_symbol": "undefined symbol: function_that_nobody_has",
    "other_major": "it is built for ABI 2.0, this agent (version {version}) has ABI {abi};"
    " build the plugin again with this agent's SDK",
    "newer_minor": "it is built for ABI 1.999, this agent (version {version}) has ABI {abi};"
    " upgrade the agent",
    "open_throws": "weir_plugin_open threw an exception; a plugin must not",
    "open_refuses": "it refuses this agent (version {version}): this plugin wants a newer agent",
    "open_gives_nothing": "it refuses this agent (version {version}): it gives no reason",
    "small_struct": "its description (weir_plugin) is incomplete",
    "no_types": "its description (weir_plugin) is incomplete",
    "null_types": "its description (weir_plugin) is incomplete",
    "null_type": "it has no source 'hostile_null_type'; a file is named <kind>_<type>.so",
    "bad_type_name": "it has no source 'hostile_bad_type_name'; a file is named <kind>_<type>.so",
    "other_type_name": "it has no source 'hostile_other_type_name'; a file is named <kind>_",
    "unknown_kind": "it has no source 'hostile_unknown_kind'; a file is named <kind>_<type>.so",
    "no_create": "create or destroy is NULL",
    "no_collect": "collect is NULL, and it is no push source",
    "duplicate_option": "option 'first' is declared twice",
    "option_without_name": "has no name of the form [a-z][a-z0-9_]*",
    "option_of_unknown_type": "option 'second' has the unknown type 77",
    "bad_default": "option 'second' has a default that is wrong: second: expected a whole number",
    "enum_without_choices": "option 'second' has no choices",
}
# Wrong only when it runs.
COMPONENTS = {
    "create_fails": "cannot be created: the device is gone; the agent goes on without it",
    "create_throws": "cannot be created: the plugin threw an exception, which it must not:"
    " thrown by create; the agent goes on without it",
    "create_throws_int": "cannot be created: the plugin threw an exception, which it must not;"
    " the agent goes on without it",
    "start_throws": "cannot start: the plugin threw an exception, which it must not:"
    " thrown by start; the agent goes on without it",
    "collect_throws": "a collection failed: the plugin threw an exception, which it must not:"
    " thrown by collect",
}


@pytest.fixture
def version(weir):
    """{"version": the agent's, "abi": its ABI's}"""
    words = weir("version").stdout.split()
    return {"version": words[1], "abi": words[-1].strip("()")}


@pytest.fixture
def hostile(config, tmp_path):
    """A function that writes the configuration of a case: (its path, the plugin file)."""

    def make(case):
        folder = HOSTILE / case
        file = folder / f"source_hostile_{case}.so"
        assert file.exists(), f"{file} is not built"
        text = CONFIG.format(tmp=tmp_path, folder=folder, v1=V1, case=case)
        return config(text), file

    return make


def test_every_file_has_an_expectation():
    built = {p.parent.name for p in HOSTILE.glob("*/source_hostile_*.so")}
    assert built == {*FILES, *COMPONENTS, "create_gives_nothing", "initialiser_throws"}


@pytest.mark.parametrize("case", FILES)
def test_check_refuses_the_file(weir, hostile, version, case):
    path, file = hostile(case)
    result = weir("check", "-c", path)
    assert result.returncode == 78
    assert f"{path}:4:3: " in result.stderr  # where the component is configured
    assert str(file) in result.stderr
    assert FILES[case].format(**version) in result.stderr
    assert "Bad file descriptor" not in result.stderr, "of an errno that has no part in it"


@pytest.mark.parametrize("case", FILES)
def test_list_shows_the_file_with_the_reason(weir, version, case):
    result = weir("list", "--plugin-dir", HOSTILE / case)
    assert result.returncode == 0
    text = " ".join(result.stdout.split())
    assert f"source_hostile_{case}.so" in text
    assert FILES[case].format(**version).split(";")[0][:40] in text


@pytest.mark.parametrize("case", [*FILES, *COMPONENTS])
def test_the_agent_goes_on_without_it(agent, hostile, version, poll, tmp_path, case):
    path, _ = hostile(case)
    process = agent(path)
    process.wait_log({**FILES, **COMPONENTS}[case].format(**version))
    poll(lambda: (tmp_path / "out").read_text().count("v1_sample sensor=s2") >= 3)
    assert "route good -> writer: " in process.stop_clean()


@pytest.mark.parametrize("case", ["text", "foreign", "other_major"])
def test_the_agent_stops_where_it_is_required(weir, hostile, case):
    """A sink that is required and refused: nothing is started at all."""
    path, _ = hostile(case)
    source = path.read_text()
    file = HOSTILE / case / f"source_hostile_{case}.so"
    folder = path.parent / "plugins"
    folder.mkdir()
    (folder / f"sink_hostile_{case}.so").write_bytes(file.read_bytes())
    source = source.replace(f"  bad: {{type: hostile_{case}}}\n", "")
    source = source.replace(str(HOSTILE / case), str(folder))
    source += f"  bad: {{type: hostile_{case}, inputs: [good], required: true}}\n"
    path.write_text(source)
    result = weir("run", "-c", path)
    assert result.returncode == 78, result.stderr
    assert f"{path}:7:3: sinks.bad: " in result.stderr and "it is required" in result.stderr
    assert f"sink_hostile_{case}.so" in result.stderr
    assert not (path.parent / "out").exists()


def test_an_instance_may_be_null(agent, hostile, poll, tmp_path):
    """Without state there is nothing to point to: not an error."""
    path, _ = hostile("create_gives_nothing")
    agent(path)
    poll(lambda: "v1_sample" in (tmp_path / "out").read_text())


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_throws_while_it_is_loaded_ends_the_agent(weir, hostile, command):
    """The dynamic linker is not sound after that; but the file is named."""
    path, file = hostile("initialiser_throws")
    result = weir(command, "-c", path)
    assert result.returncode == 1, result.stderr
    assert f"{file}: it threw an exception while it was loaded" in result.stderr
