"""Proves that every rule of tidy.py fires on its mistake, and none on a tree that is right."""

import tempfile
import unittest
from pathlib import Path

import tidy

HEAD = "// Tells the idea.\n"
RIGHT = {
    "core/cli/main.cpp": HEAD + '#include "core/cli/main.hpp"\n\n#include "weir/abi.h"\n',
    "core/cli/main.hpp": HEAD + "#pragma once\n\n#include <string>\n",
    "core/cli/main_test.cpp": HEAD + 'const char* kText = "type: my_probe";\n',
    "plugins/sources/my_probe/CMakeLists.txt": "weir_add_plugin(source my_probe SOURCES a.cpp)\n",
    "plugins/sources/my_probe/README.md": "# my_probe\n`listen`: the address. [code](a.cpp)\n",
    "plugins/sources/my_probe/a.cpp": HEAD
    + '#include "b.hpp"\n#include "weir/weir.hpp"\nauto o = option("listen", 1, "Help.");\n',
    "plugins/sources/my_probe/b.hpp": HEAD
    + '#pragma once\n\n#include "shared/wire/client.hpp"\n',
    "plugins/shared/wire/CMakeLists.txt": "add_library(wire STATIC client.cpp)\n",
    "plugins/shared/wire/README.md": "# wire\n",
    "plugins/shared/wire/client.hpp": HEAD + '#pragma once\n\n#include "weir/weir.hpp"\n',
    "plugins/shared/wire/client_test.cpp": HEAD + '#include "client.hpp"\n',
    "plugins/sources/my_probe/a_test.cpp": HEAD + '#include "weir_testing/agent.hpp"\n',
    "plugins/sources/my_probe/testdata/Torn File.md": "TO" + "DO \t \n\n[nowhere](nowhere.md)",
    "docs/how-to.md": "# How to\n\n[here](#how-to) and [there](../README.md)\n",
    "tool": "#!/usr/bin/env bash\n# Does something.\ntrue\n",
    "README.md": "# Weir\n[how](docs/how-to.md#how-to) [web](https://example.com)\n",
}
PROBE = "plugins/sources/my_probe/"
# rule -> what makes it fire: (file, its content or None to remove it, part of the message)
MISTAKES = {
    "plugins_know_only_the_sdk": [
        (PROBE + "c.cpp", HEAD + '#include "core/cli/main.hpp"\n', "not core/cli/main.hpp"),
        (PROBE + "c.cpp", HEAD + "#include <core/cli/main.hpp>\n", "not core/cli/main.hpp"),
        (PROBE + "c.cpp", HEAD + '#include "../my_probe/b.hpp"\n', "not ../my_probe/b.hpp"),
        (PROBE + "c.cpp", HEAD + '#include "weir_testing/agent.hpp"\n', "not weir_testing"),
        (PROBE + "c.cpp", HEAD + '#include "shared/wire/gone.hpp"\n', "not shared/wire/gone.hpp"),
        (PROBE + "c.cpp", HEAD + '#include "sources/my_probe/b.hpp"\n', "not sources/my_probe"),
        ("plugins/shared/wire/x.cpp", HEAD + '#include "core/cli/main.hpp"\n', "not core/cli"),
    ],
    "core_knows_no_plugin": [
        ("core/x.cpp", HEAD + "int my_probe = 1;  // a host\n", "core names the plugin my_probe"),
        ("core/x.cpp", HEAD + 'bool b = type == "my_probe";\n', "core names the plugin my_probe"),
    ],
    "core_uses_only_itself_and_weir": [
        ("core/x.cpp", HEAD + '#include "main.hpp"\n', "not main.hpp"),
        ("core/x.cpp", HEAD + '#include "plugins/sources/a/b.hpp"\n', "not plugins/sources"),
        ("core/x.cpp", HEAD + '#include "weir_testing/agent.hpp"\n', "not weir_testing"),
    ],
    "plugins_are_documented": [
        (PROBE + "README.md", None, "a plugin folder has this file"),
        (PROBE + "README.md", "# my_probe\n", "the option listen is not in"),
        (PROBE + "CMakeLists.txt", None, "a plugin folder has this file"),
        (PROBE + "a_test.cpp", None, "has a *_test.cpp"),
    ],
    "files_begin_with_their_idea": [
        ("core/x.cpp", "#include <string>\n", "does not begin with a comment"),
        ("core/x.py", "import sys\n", "does not begin with a comment"),
        ("core/x.cmake", "set(A 1)\n", "does not begin with a comment"),
        ("x", "#!/bin/sh\ntrue\n", "does not begin with a comment"),
    ],
    "files_are_short": [("core/x.cpp", HEAD * 501, "501 lines")],
    "lines_are_plain": [
        ("core/x.cpp", HEAD + "int\ta;\n", "tab"),
        ("core/x.cpp", HEAD + "int a; \n", "blanks at the end"),
        ("core/x.cpp", HEAD + "int a;\r\n", "blanks at the end"),
        ("core/x.cpp", HEAD + "//" + "x" * 99 + "\n", "101 columns"),
        ("core/x.cpp", HEAD + "int a;", "no newline at the end"),
    ],
    "names_are_snake_case": [
        ("core/Main.cpp", HEAD, "snake_case"),
        ("core/my-file.cpp", HEAD, "snake_case"),
        ("docs/How_To.md", "# How\n", "lower case with hyphens"),
        ("core/Cli/x.cpp", HEAD, "the folder Cli"),
        ("x-y.cmake", "# Idea.\n", "CMake modules"),
    ],
    "headers_are_guarded": [
        ("core/x.hpp", HEAD, "no #pragma once"),
        ("core/x.hpp", HEAD + "#pragma once\nusing namespace std;\n", "using namespace"),
    ],
    "nothing_banned": [
        ("core/x.cpp", HEAD + "std::regex r;\n", "std::regex"),
        ("core/x.cpp", HEAD + "int i = system(text);\n", "a shell in an agent"),
        ("core/x.cpp", HEAD + "int i = std::system(text);\n", "a shell in an agent"),
        ("core/x.cpp", HEAD + "auto f = popen(text, mode);\n", "a shell in an agent"),
        ("core/x.cpp", HEAD + "sprintf(buffer, text);\n", "without a limit"),
        (PROBE + "c.cpp", HEAD + "#include <iostream>\n", "costs memory"),
    ],
    "nothing_is_left_for_later": [
        ("core/x.cpp", HEAD + "// TO" + "DO: work\n", "do it, or write an issue"),
        ("docs/x.md", "# X\nFIX" + "ME\n", "do it, or write an issue"),
    ],
    "links_resolve": [
        ("docs/x.md", "# X\n[a](gone.md)\n", "the link to gone.md resolves to nothing"),
        ("docs/x.md", "# X\n[a](how-to.md#gone)\n", "there is no heading #gone"),
        ("docs/x.md", "# X\n[a](#gone)\n", "there is no heading #gone"),
    ],
}


def problems_of(changes):
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {**RIGHT, **changes}.items():
            if content is not None:
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.encode())
        return tidy.check(folder)[0]


class TidyTest(unittest.TestCase):
    def test_a_tree_that_is_right(self):
        self.assertEqual(problems_of({}), [])

    def test_every_rule_has_a_mistake(self):
        self.assertEqual(set(MISTAKES), {rule.__name__ for rule in tidy.RULES})

    def test_every_mistake_is_found_once_and_nothing_else(self):
        for rule, mistakes in MISTAKES.items():
            for path, content, message in mistakes:
                with self.subTest(rule=rule, path=path, message=message):
                    found = problems_of({path: content})
                    self.assertEqual(len(found), 1, found)
                    self.assertIn(message, found[0][2])

    def test_code_may_have_its_head_in_the_header(self):
        changes = {"core/x.cpp": '#include "core/x.hpp"\n', "core/x.hpp": HEAD + "#pragma once\n"}
        self.assertEqual(problems_of(changes), [])

    def test_options_of_a_group_are_documented_by_their_path(self):
        option = HEAD + 'auto o = option("size", 1, "Help.");\n'
        readme = "# my_probe\n`listen`, `rotate.size`. [code](a.cpp)\n"
        self.assertEqual(problems_of({PROBE + "c.cpp": option, PROBE + "README.md": readme}), [])

    def test_tests_may_use_a_shell(self):
        self.assertEqual(problems_of({"core/x_test.cpp": HEAD + "int i = system(text);\n"}), [])

    def test_what_only_looks_like_a_mistake(self):
        for line in [
            "// the agent names no my_probe; `type: my_probe` does\n",
            "// system(3) is not used\n",
            "boost::process::system(arguments);\n",
            "error.system(1);\n",
            "int regex = 1;\n",
            "snprintf(buffer, sizeof buffer, text);\n",
        ]:
            with self.subTest(line=line):
                self.assertEqual(problems_of({"core/x.cpp": HEAD + line}), [])


if __name__ == "__main__":
    unittest.main()
