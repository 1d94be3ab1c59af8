"""The man pages and the completion against what the agent says itself."""

import re
import subprocess

import pytest

COMMANDS_MIN = 10


@pytest.fixture(scope="session")
def said(root):
    """A function that runs the packaged agent and returns what it prints."""

    def run(*arguments):
        return subprocess.run([root / "usr/bin/weir", *arguments], capture_output=True, text=True,
                              check=True).stdout

    return run


@pytest.fixture(scope="session")
def commands(said):
    """The options of each command, long and short, as its help has them."""
    names = re.findall(r"^  (\w+) +\S", said("--help"), re.M)
    assert len(names) >= COMMANDS_MIN
    return {name: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", listed(said(name, "--help"))))
            for name in names}


def listed(text):
    """The first column of a table of options."""
    rows = text.split("\noptions:\n")[1].splitlines()
    return "\n".join(re.sub(r"\(=.*", "", row[:40]) for row in rows if row.startswith("  -"))


def page(root, name):
    """A man page as a reader sees it; a warning of groff is a failure."""
    section = name.rsplit(".", 1)[1]
    shown = subprocess.run(
        ["man", "--warnings", "-l", root / f"usr/share/man/man{section}/{name}.gz"],
        capture_output=True, text=True, check=True,
        env={"MANWIDTH": "100", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert not shown.stderr, shown.stderr
    return shown.stdout


def test_every_command_and_option_is_in_the_manual(root, commands):
    text = page(root, "weir.1")
    for name, options in commands.items():
        section = re.search(rf"^   weir {name}\b.*?(?=^   weir |^\S)", text, re.M | re.S)
        assert section, f"weir {name} is not in weir(1)"
        for option in options - {"-h", "--help"}:
            assert re.search(rf"(?<![\w-]){option}\b", section[0]), f"{name} {option}"


def test_the_configuration_is_in_the_manual(root):
    text = page(root, "weir.yaml.5")
    for words in ("weir.yaml - configuration", "conf.d/*.yaml", "${credential:NAME}", "when_full",
                  "DURATIONS AND SIZES", "plugin_dirs", "shutdown_timeout (10s)"):
        assert words in text, words


def complete(root, *words):
    """What bash offers for the last of the words of a command line."""
    script = """
source /usr/share/bash-completion/bash_completion
source "$1"; shift
COMP_WORDS=(weir "$@") COMP_CWORD=$# COMP_LINE="weir $*"
COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9
compopt() { :; }
_weir
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "-c", script, "bash", root / "usr/share/bash-completion/completions/weir", *words],
        capture_output=True, text=True, check=True, cwd=root,
        env={"PATH": f"{root}/usr/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


def test_commands_are_completed(root, commands):
    assert complete(root, "") == {*commands, "--help", "--version"}
    assert complete(root, "de") == {name for name in commands if name.startswith("de")}


def test_every_option_is_completed(root, commands):
    for name, options in commands.items():
        assert complete(root, name, "-") == options, name


def test_values_are_completed(root):
    assert complete(root, "run", "--log-level", "") == {"debug", "info", "warn", "error"}
    assert complete(root, "once", "--format", "") == {"auto", "table", "jsonl", "csv", "influx"}
    assert complete(root, "buffer", "") == {"check", "repair", "dump"}
    assert complete(root, "deadletter", "r") == {"replay"}
    assert complete(root, "plugin", "") == {"test"}


def test_types_are_completed(root):
    assert complete(root, "describe", "sink/m") == {"sink/mongodb", "sink/mqtt", "sink/mysql"}
    assert complete(root, "describe", "node") == {"node_probe"}
    assert complete(root, "describe", "--type", "sq") == {"sqlite"}


def test_files_are_completed(root):
    assert complete(root, "check", "usr/etc") == set()
    assert complete(root, "check", "-c", "etc/weir/w") == {"etc/weir/weir.yaml"}
    assert complete(root, "run", "etc/weir/") == {
        "etc/weir/weir.yaml", "etc/weir/conf.d", "etc/weir/hosts"}
    assert complete(root, "list", "--plugin-dir", "usr/lib/weir/pl") == {"usr/lib/weir/plugins"}
    assert complete(root, "buffer", "check", "usr/li") == {"usr/lib"}
    assert complete(root, "plugin", "test", "usr/bin/w") == {"usr/bin/weir"}
