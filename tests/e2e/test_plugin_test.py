"""`weir plugin test`: a plugin that keeps to the contract passes; of one that does not, the check
that it fails says what is wrong.

Plugins with one fault each are in tests/plugins, those whose description is wrong in
tests/abi/hostile.
"""

import re

import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
V1 = harness.BUILD / "tests" / "abi" / "v1"
HOSTILE = harness.BUILD / "tests" / "abi" / "hostile"
TEMPLATES = harness.BUILD / "tests" / "sdk" / "plugins"
SLOW = 120  # seconds that a check may take on a busy machine

# fault: (check that finds it, what that says)
SOURCE = {
    "crash_in_create": ("create, destroy", r"create: the process was ended by SIGSEGV "),
    "thread_in_create": ("create, destroy", r"1 threads of the plugin are there after create"),
    "exit_in_start": ("create, start, stop, destroy", r"start: the process was ended with exit"
                      r" code 3, expected that it returns"),
    "start_fails": ("create, start, stop, destroy", r"start failed, .*: there is no such device"),
    "thread_left": ("create, start, stop, destroy", r"1 threads of the plugin are there after"
                    r" stop"),
    "rows_in_destroy": ("create, start, stop, destroy", r"rows came after stop, expected none"),
    "only_one": ("two instances at once", r"create failed, .*: there is one already"),
    "memory_left": ("nothing left behind by many instances", r"each of 10 instances left memory"
                    r" allocated, 1\d{4} bytes on average"),
    "descriptor_left": ("nothing left behind by many instances", r"10 descriptors were left open"),
    "umask": ("the process stays as it was", r"it changed .*: Umask:\s+0077"),
    "signal_handler": ("the process stays as it was", r"it changed .*: handler of signal 10 "),
    "collect_fails": ("collect", r"collect failed, expected rows: it does not answer"),
    "batch_kept": ("collect", r"2 batches are held after destroy"),
    "malformed": ("collect", r"2 batches were malformed"),
    "row_twice": ("collect", r"'faulty name=a' has two rows at \d+, expected one a time"),
    "no_time": ("collect", r"a row of 'faulty name=a' has the time 0, expected ns since 1970"),
    "negative_counter": ("collect", r"counter faulty.collections is -1, expected at least 0"),
    "information": ("collect", r"information faulty.known is 2, expected 1"),
    "histogram": ("collect", r"histogram faulty.wait counts 7, expected .* its buckets, 3"),
    "state": ("rows follow from the time alone", r"an instance that collected before gives other"
              r" rows .* collections:3 "),
}
SINK = {
    "retains": ("write", r"\d batches are held after destroy"),
    "unknown_status": ("write", r"write returned 77, expected WEIR_OK, WEIR_RETRY"),
    "no_reason": ("write", r"write failed without a text in weir_error, expected a reason"),
    "writes_batch": ("write", r"write changed a batch, expected that it only reads"),
    "rejects_all": ("write", r"write rejected rows without a reason, expected one"),
    "crash_in_write": ("write", r"write: the process was ended by SIG(ILL|TRAP) "),
}
PROCESSOR = {
    "passes_twice": ("process", r"'weir_plugin_test device=d1 .* has two rows at "),
    "writes_batch": ("process", r"process changed a batch, expected that it only reads"),
    "retains": ("process", r"4 batches are held after destroy"),
}
FAULTS = [
    *(("source", fault, *found) for fault, found in SOURCE.items()),
    *(("sink", fault, *found) for fault, found in SINK.items()),
    *(("processor", fault, *found) for fault, found in PROCESSOR.items()),
]
# What the loader and the configuration say of a file, see test_hostile_plugins.py.
LOAD = {
    "text": "it is not a shared object",
    "other_major": "it is built for ABI 2.0",
    "open_throws": "weir_plugin_open threw an exception",
    "initialiser_throws": "it threw an exception while it was loaded",
    "null_type": "type 0 is NULL, expected a description",
    "other_type_name": "no type has the name of the file",
}
DESCRIPTION = {
    "no_create": "create or destroy is NULL",
    "duplicate_option": "option 'first' is declared twice",
    "option_without_name": "has no name of the form",
    "bad_default": "option 'second' has a default that is wrong",
    "enum_without_choices": "option 'second' has no choices",
}
LIFE = {
    "create_throws": ("create, destroy", "create threw an exception, .*: thrown by create"),
    "create_throws_int": ("create, destroy", "create threw an exception"),
    "create_fails": ("create, destroy", "create failed, .*: the device is gone"),
    "start_throws": ("create, start, stop, destroy", "start threw an exception"),
    "collect_throws": ("collect", "collect threw an exception, .*: thrown by collect"),
}


class Outcome:
    """What the tool said: `ok`, `failed` and `skipped` have the texts behind those words."""

    def __init__(self, file, *arguments, timeout=SLOW):
        done = harness.weir("plugin", "test", file, "--timeout", timeout, *arguments, timeout=600)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.ok = re.findall(r"^  ok: (.*)", self.out, re.M)
        self.failed = re.findall(r"^  FAILED: (.*)", self.out, re.M)
        self.skipped = re.findall(r"^  skipped: (.*)", self.out, re.M)
        count = [len(self.ok), len(self.failed), len(self.skipped)]
        summary = re.search(r"^(\d+) checks?: (\d+) ok, (\d+) failed, (\d+) skipped$", self.out,
                            re.M)
        assert summary is None or [int(n) for n in summary.groups()] == [sum(count), *count]
        self.is_summed_up = summary is not None

    def said(self, check):
        return [text for text in self.failed if text.startswith(f"{check}: ")]


def faulty(kind, fault="none", **options):
    more = ["--option", "path=/nowhere"] if kind == "sink" else []
    return Outcome(PLUGINS / f"{kind}_faulty.so", "--option", f"fault={fault}", *more, **options)


@pytest.mark.parametrize("kind", ["source", "processor", "sink"])
def test_a_plugin_without_fault_passes(kind):
    tested = faulty(kind)
    assert tested.code == 0 and not tested.failed and not tested.skipped, tested.out
    assert tested.is_summed_up and len(tested.ok) >= 15
    assert f"\n{kind} faulty\n" in tested.out


@pytest.mark.parametrize("kind,fault,check,text", FAULTS)
def test_a_fault_is_found(kind, fault, check, text):
    tested = faulty(kind, fault)
    assert tested.code == 1 and tested.is_summed_up, tested.out + tested.err
    said = tested.said(check)
    assert said and re.search(text, said[0]), tested.out
    assert "options out of bounds are refused" in tested.ok, "the other checks were made"


def test_a_call_that_does_not_return_is_a_failed_check():
    tested = faulty("source", "hang_in_stop", timeout=1)
    assert tested.code == 1 and tested.is_summed_up, tested.out
    assert "create, start, stop, destroy: stop did not return within 1 s" in tested.failed


@pytest.mark.parametrize("case", LOAD)
def test_a_file_that_cannot_be_loaded(case):
    tested = Outcome(HOSTILE / case / f"source_hostile_{case}.so")
    assert tested.code == 1 and tested.is_summed_up, tested.out + tested.err
    assert LOAD[case] in tested.said("load")[0] and not tested.ok


@pytest.mark.parametrize("case", DESCRIPTION)
def test_a_description_that_is_wrong(case):
    tested = Outcome(HOSTILE / case / f"source_hostile_{case}.so")
    assert tested.code == 1, tested.out + tested.err
    assert DESCRIPTION[case] in tested.said("description")[0]
    assert tested.ok == ["load"] and len(tested.failed) == 1
    assert all(text.endswith("the description is wrong") for text in tested.skipped)


@pytest.mark.parametrize("case", LIFE)
def test_what_throws_or_fails_where_it_must_not(case):
    tested = Outcome(HOSTILE / case / f"source_hostile_{case}.so")
    check, text = LIFE[case]
    assert tested.code == 1 and re.search(text, tested.said(check)[0]), tested.out


def test_a_file_that_is_not_there():
    tested = Outcome("/nonexistent/source_none.so")
    assert tested.code == 1 and "it cannot be read" in tested.said("load")[0]


@pytest.mark.parametrize("file", ["source_v1_sensor", "processor_v1_count"])
def test_plugins_of_the_frozen_abi_pass(file):
    tested = Outcome(V1 / f"{file}.so")
    assert tested.code == 0, tested.out


@pytest.mark.parametrize("kind,options", [
    ("source", {"path": "/tmp"}),
    ("processor", {"field": "level", "limit": 1}),
    ("sink", {"path": "{tmp}/out"}),
])
def test_the_templates_pass(kind, options, tmp_path):
    words = [w for name, value in options.items()
             for w in ("--option", f"{name}={value}".format(tmp=tmp_path))]
    tested = Outcome(TEMPLATES / f"{kind}_my_{kind}.so", *words)
    assert tested.code == 0 and not tested.failed, tested.out


def test_required_options_are_asked_for():
    tested = Outcome(PLUGINS / "sink_faulty.so")
    assert tested.code == 0 and not tested.failed
    assert "write: it needs --option path=VALUE" in tested.skipped
    assert "options of a wrong type are refused" in tested.ok


def test_options_that_are_wrong():
    file = PLUGINS / "source_faulty.so"
    tested = Outcome(file, "--option", "falt=none")
    assert tested.code == 1
    assert "no type of the file has the option falt; did you mean 'fault'?" in tested.err
    tested = Outcome(file, "--option", "fault")
    assert tested.code == 1 and "--option 'fault': expected NAME=VALUE" in tested.err
    tested = Outcome(file, "--option", "level={")
    assert tested.code == 1 and tested.err.startswith("weir plugin test: --option level: ")
    tested = Outcome(file, "--option", "level=10")
    assert tested.code == 1
    assert tested.said("the options are right") == [
        "the options are right: sources.under_test.level: must be 0 to 9, got 10"]


@pytest.mark.parametrize("words", [[], ["test"], ["try", "a.so"], ["test", "a.so", "b.so"]])
def test_words_that_are_wrong(weir, words):
    result = weir("plugin", *words)
    assert result.returncode == 1
    assert "expected `test` and the file of a plugin" in result.stderr
