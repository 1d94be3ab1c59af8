"""What the pages name is there: commands and their options, configurations, headings."""

import functools
import re
import shlex

import harness
import pages
import pytest

# A call of weir in a line of a shell: at its beginning, behind a prompt, a pipe, `--`, sudo.
CALL = re.compile(r"(?:^|[|;&(]\s*|\$ |# |-- |sudo (?:-u \w+ )?)weir\s+([a-z][^|;&>)#\n]*)", re.M)
SPAN = re.compile(r"weir [a-z]+( |$)")
EVERY = [*sorted(pages.DOCS.rglob("*.md")), harness.REPOSITORY / "README.md"]


@functools.cache
def help_of(command=None):
    done = harness.weir(*([command] if command else []), "--help")
    return done.stdout if done.returncode == 0 else ""


def commands():
    return re.findall(r"^  (\w+) ", help_of(), re.M)


def problem(call):
    """What is wrong with the words behind `weir`, or None."""
    words = shlex.split(call)
    if not words or words[0] not in commands():
        return f"weir {call.strip()}: there is no such command"
    for word in words[1:]:
        option = word.split("=")[0]
        known = re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", help_of(words[0]))
        if option.startswith("-") and not known:
            return f"weir {call.strip()}: there is no option {option}"
    return None


def calls(page):
    text = "\n".join(block.body for block in pages.blocks(page, "console", "sh"))
    return CALL.findall(text) + [s[5:] for s in pages.spans(page) if SPAN.match(s)]


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.stem)
def test_commands_and_options_are_those_of_the_agent(page):
    assert [p for p in map(problem, calls(page)) if p] == []


def test_the_pages_for_operators_have_commands():
    assert sum(len(calls(page)) for page in pages.OPERATORS) > 30


def test_a_command_that_is_not_there_is_noticed():
    text = "$ weir chekc\n# sudo -u weir weir check --hots a | weir status\n$ weir_x; ls weir\n"
    assert [problem(call) for call in CALL.findall(text)] == [
        "weir chekc: there is no such command",
        "weir check --hots a: there is no option --hots",
        None,
    ]
    assert problem("deadletter replay store -c /etc/weir/weir.yaml") is None


def configurations():
    for page in pages.OPERATORS:
        for block in pages.blocks(page, "yaml"):
            if "from docs/examples/fleet/" not in block.mark and "not a conf" not in block.mark:
                yield block


@pytest.mark.parametrize("block", configurations(), ids=lambda block: block.place)
def test_configurations_pass_the_check(block, config):
    path = config(block.body)
    for name in re.findall(r"\$\{file:([^}/][^}]*)\}", block.body):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_text("a stand-in")
    done = harness.weir("check", path)
    assert done.returncode == 0, done.stderr


def test_there_are_configurations():
    assert len(list(configurations())) >= 2


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.stem)
def test_links_lead_to_headings_that_are_there(page):
    wrong = []
    for target, path in pages.links(page):
        anchor = target.partition("#")[2]
        if path.suffix == ".md" and path.exists() and anchor:
            wrong += [target] if anchor not in pages.anchors(path) else []
    assert wrong == []
