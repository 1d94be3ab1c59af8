"""What lies on a machine's disk, to say what an installation and a purge left of it."""

import os

# What dpkg, systemd and their like write for themselves, and services that are not of the package.
NOT_OURS = (
    "/var/lib/dpkg", "/var/lib/apt", "/var/lib/systemd", "/var/lib/prometheus", "/var/log",
    "/var/cache", "/var/backups", "/var/tmp", "/tmp", "/run", "/proc", "/sys", "/dev", "/packages",
    "/etc/ld.so.cache", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-",
    "/etc/.pwd.lock",
)


def files(tree):
    """The path and kind of everything in the tree that a package could have brought."""
    found = set()
    for folder, folders, names in os.walk(tree):
        inside = "/" + os.path.relpath(folder, tree).removeprefix(".")
        folders[:] = [f for f in folders if os.path.join(inside, f) not in NOT_OURS]
        for name in (*folders, *names):
            path = os.path.join(inside, name)
            if path not in NOT_OURS:
                found.add(path)
    return found
