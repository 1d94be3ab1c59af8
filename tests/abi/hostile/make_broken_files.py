"""Files that are named like plugins and are none: make_broken_files.py GOOD_PLUGIN FOLDER.

From a plugin that works: a text file, an empty one, a torn one, and one of another architecture.
"""

import sys
from pathlib import Path

E_MACHINE = 18  # offset in the ELF header, two bytes
EM_AARCH64, EM_X86_64 = 183, 62


def main():
    good = Path(sys.argv[1]).read_bytes()
    folder = Path(sys.argv[2])
    foreign = bytearray(good)
    machine = int.from_bytes(good[E_MACHINE:E_MACHINE + 2], "little")
    other = EM_X86_64 if machine == EM_AARCH64 else EM_AARCH64
    foreign[E_MACHINE:E_MACHINE + 2] = other.to_bytes(2, "little")
    files = {
        "text": b"This is not a plugin, it only has its name.\n" * 10,
        "empty": b"",
        "torn": good[:1000],
        "short": good[:20],
        "foreign": bytes(foreign),
    }
    for case, content in files.items():
        path = folder / case / f"source_hostile_{case}.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
