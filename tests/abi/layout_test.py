"""Proves that tests/abi/layout.py notices each way of breaking an old plugin, and allows growth."""

import shutil
import tempfile
import unittest
from pathlib import Path

import layout

FROZEN = Path(__file__).resolve().parent / "v1" / "include"


class LayoutTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.current = Path(self.folder.name) / "include"
        shutil.copytree(FROZEN, self.current)

    def tearDown(self):
        self.folder.cleanup()

    def change(self, old, new):
        header = self.current / "weir" / "abi.h"
        text = header.read_text()
        self.assertIn(old, text)
        header.write_text(text.replace(old, new, 1))

    def assert_broken(self, fragment):
        problems = "\n".join(layout.compare(FROZEN, self.current))
        self.assertIn(fragment, problems)

    def test_the_same_header_is_right(self):
        self.assertEqual(layout.compare(FROZEN, self.current), [])

    def test_appending_is_right(self):
        self.change("  const weir_component_type *const *types;\n",
                    "  const weir_component_type *const *types;\n  const char *licence;\n")
        self.change("#define WEIR_ABI_MINOR 0u", "#define WEIR_ABI_MINOR 1u")
        self.assertEqual(layout.compare(FROZEN, self.current), [])

    def test_insertion(self):
        self.change("  uint32_t type_count;\n", "  const char *licence;\n  uint32_t type_count;\n")
        self.assert_broken("weir_plugin: field 5 was 'uint32_t type_count'")

    def test_removal(self):
        self.change("  const char *unit; /* base unit", "  /* base unit")
        self.assert_broken("weir_field: field 5 was 'const char *unit'")

    def test_type_change_of_the_same_size(self):
        self.change("  uint64_t sequence;", "  int64_t sequence;")
        self.assert_broken("weir_batch: field 10 was 'uint64_t sequence'")

    def test_signature_change(self):
        self.change("  uint32_t (*stopping)(const weir_host *host);",
                    "  uint32_t (*stopping)(const weir_host *host, int why);")
        self.assert_broken("weir_host: field")

    def test_growth_of_a_struct_without_size(self):
        self.change("  void *reserved[3];\n", "  void *reserved[3];\n  void *more;\n")
        self.assert_broken("weir_column has no size field")

    def test_enumerator_value(self):
        self.change("WEIR_RETRY = 2", "WEIR_RETRY = 9")
        self.assert_broken("WEIR_RETRY was 2, now 9")

    def test_enumerator_gone(self):
        self.change("  WEIR_REJECT = 3,", "")
        self.assert_broken("WEIR_REJECT is gone")

    def test_typedef(self):
        self.change("typedef int32_t weir_status;", "typedef int64_t weir_status;")
        self.assert_broken("typedef weir_status was")

    def test_major_version(self):
        self.change("#define WEIR_ABI_MAJOR 1u", "#define WEIR_ABI_MAJOR 2u")
        self.assert_broken("WEIR_ABI_MAJOR was 1, now 2")

    def test_symbol(self):
        self.change('"weir_plugin_open"', '"weir_open"')
        self.assert_broken("WEIR_PLUGIN_SYMBOL was weir_plugin_open, now weir_open")

    def test_edited_copy(self):
        self.assertEqual(layout.check_frozen(self.current), [])
        self.change("ABI 1", "ABI one")
        self.assertEqual(layout.check_frozen(self.current),
                         ["weir/abi.h in the frozen copy was edited"])


if __name__ == "__main__":
    unittest.main()
