"""Every plugin exports exactly `weir_plugin_open`: one_symbol.py FOLDER...

More would let two plugins, or a plugin and the agent, share a symbol by accident. A library that
only a plugin loads stands in a folder below and has one symbol too, of its own name.
"""

import subprocess
import sys
from pathlib import Path


def exported(path):
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(line.split()[0] for line in output.splitlines())


def main():
    plugins = sorted((p, Path(f)) for f in sys.argv[1:] for p in Path(f).rglob("*.so"))
    wrong = 0
    for path, folder in plugins:
        symbols = exported(path)
        helper = path.parent != folder and len(symbols) == 1 and symbols[0].startswith("weir_")
        if symbols != ["weir_plugin_open"] and not helper:
            wrong += 1
            print(f"{path} exports {len(symbols)} symbols: {', '.join(symbols[:10])}")
    print(f"{len(plugins)} plugins, {wrong} wrong")
    return 1 if wrong or not plugins else 0


if __name__ == "__main__":
    sys.exit(main())
