"""Proves that snippets.py notices code in a document that is no longer what is compiled."""

import tempfile
import unittest
from pathlib import Path

import snippets

CODE = "int a;\n  int b;\nint c;\n"


class SnippetsTest(unittest.TestCase):
    def problems(self, document):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "docs").mkdir()
            (root / "a.cpp").write_text(CODE)
            (root / "docs" / "x.md").write_text(document)
            return snippets.check(root)

    def test_lines_of_the_file(self):
        document = "# X\n<!-- from a.cpp -->\n```cpp\nint a;\n  int b;\n```\n"
        self.assertEqual(self.problems(document), ([], 1))

    def test_other_blocks_need_no_file(self):
        self.assertEqual(self.problems("# X\n```sh\nmake\n```\n\n```\ntext\n```\n"), ([], 0))

    def test_a_changed_line(self):
        found, _ = self.problems("<!-- from a.cpp -->\n```cpp\nint a;\n  int d;\n```\n")
        self.assertIn("docs/x.md:1: a.cpp does not hold these lines", found[0])

    def test_lines_that_do_not_follow_each_other(self):
        found, _ = self.problems("<!-- from a.cpp -->\n```cpp\nint a;\nint c;\n```\n")
        self.assertEqual(len(found), 1)

    def test_a_part_of_a_line(self):
        found, _ = self.problems("<!-- from a.cpp -->\n```cpp\nint b;\n```\n")
        self.assertEqual(len(found), 1)

    def test_a_file_that_is_gone(self):
        found, _ = self.problems("<!-- from b.cpp -->\n```cpp\nint a;\n```\n")
        self.assertEqual(found, ["docs/x.md:1: there is no b.cpp"])

    def test_code_from_nowhere(self):
        found, _ = self.problems("# X\n\n```cpp\nint a;\n```\n")
        self.assertEqual(found, ["docs/x.md:3: cpp that does not say which file it is from"])


if __name__ == "__main__":
    unittest.main()
