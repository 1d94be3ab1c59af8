"""Every plugin exports exactly `weir_plugin_open`: one_symbol.py FOLDER...

More would let two plugins, or a plugin and the agent, share a symbol by accident.
"""

import subprocess
import sys
from pathlib import Path


def exported(path):
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(line.split()[0] for line in output.splitlines())


def main():
    plugins = sorted(p for folder in sys.argv[1:] for p in Path(folder).glob("*.so"))
    wrong = 0
    for path in plugins:
        symbols = exported(path)
        if symbols != ["weir_plugin_open"]:
            wrong += 1
            print(f"{path} exports {len(symbols)} symbols: {', '.join(symbols[:10])}")
    print(f"{len(plugins)} plugins, {wrong} wrong")
    return 1 if wrong or not plugins else 0


if __name__ == "__main__":
    sys.exit(main())
