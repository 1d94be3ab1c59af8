"""sdk/template/new refuses what cannot become a plugin, and says what would."""

import subprocess
import tempfile
import unittest
from pathlib import Path

NEW = Path(__file__).resolve().parents[2] / "sdk" / "template" / "new"


class NewTest(unittest.TestCase):
    def new(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "taken").mkdir()
            result = subprocess.run([NEW, *arguments], cwd=folder, capture_output=True, text=True,
                                    check=False)
            made = sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*.*"))
            return result.returncode, result.stderr, made

    def test_makes_a_folder(self):
        code, errors, made = self.new("sink", "acme")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(made, ["acme/CMakeLists.txt", "acme/README.md", "acme/acme.cpp",
                                "acme/acme.hpp", "acme/acme_test.cpp"])

    def test_refuses_another_kind(self):
        for kind in ("", "sinks", "Sink", "input"):
            code, errors, made = self.new(kind, "acme")
            self.assertEqual((code, made), (1, []))
            self.assertIn(f"KIND is '{kind}', expected source, processor or sink", errors)

    def test_refuses_a_name_that_is_no_type(self):
        for name in ("", "Acme", "9acme", "acme-meter", "../acme", "acme meter", "a" * 65):
            code, errors, made = self.new("sink", name)
            self.assertEqual((code, made), (1, []))
            self.assertIn(f"NAME is '{name}', expected lower case letters", errors)

    def test_refuses_a_folder_that_is_there(self):
        code, errors, _ = self.new("sink", "taken")
        self.assertEqual(code, 1)
        self.assertIn("taken is there already", errors)


if __name__ == "__main__":
    unittest.main()
