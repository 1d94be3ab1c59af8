#!/usr/bin/env bash
# tests/kubernetes/in_container.sh BUILD CONFIG DATA - the agent as in the DaemonSet's container:
# processes and mounts of its own, the host's / below it read-only, no root, no capability, nothing
# else to write to than DATA. To be run by: unshare --mount --pid --fork --kill-child
set -euo pipefail

mount --make-rprivate /
mount -t tmpfs pod /mnt
mkdir /mnt/weir /mnt/etc /mnt/data /mnt/host
mount --rbind --make-rprivate / /mnt/host
mount -o remount,bind,ro /mnt/host
mount --bind "$1" /mnt/weir
mount --bind "$2" /mnt/etc
mount --bind "$3" /mnt/data
mount -t proc proc /proc
# No exec: what gives up its rights also gives up that it ends with unshare; this shell does not,
# and takes with it all that is in its space of processes.
setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set -all --inh-caps -all \
  --no-new-privs /mnt/weir/bin/weir run -c /mnt/etc/weir.yaml
