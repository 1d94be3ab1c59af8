#!/usr/bin/env bash
# tests/kubernetes/in_container.sh BUILD CONFIG DATA - the agent as in the DaemonSet's container:
# processes and mounts of its own, the host's / below it, no root, no capability, nothing to write
# to than DATA. To be run by: unshare --mount --pid --fork --kill-child
set -euo pipefail

mount --make-rprivate /
mount -t tmpfs pod /mnt
mkdir /mnt/weir /mnt/etc /mnt/data /mnt/host
mount --rbind --make-rprivate / /mnt/host
mount --bind "$1" /mnt/weir
mount --bind "$2" /mnt/etc
mount --bind "$3" /mnt/data
mount -t proc proc /proc
# Every mount by itself, here and below /mnt/host, since `ro` does not reach from one into another.
# What lies below a later mount, nobody can reach by a path.
mapfile -t mounts </proc/self/mountinfo
for line in "${mounts[@]}"; do
  read -r _ _ _ _ folder _ <<<"$line"
  folder=$(printf %b "$folder")
  if [[ $folder != /mnt/data ]] && mountpoint -q "$folder"; then
    mount -o remount,bind,ro "$folder"
  fi
done
# No exec: what gives up its rights also gives up that it ends with unshare; this shell does not,
# and takes with it all that is in its space of processes.
setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set -all --inh-caps -all \
  --no-new-privs /mnt/weir/bin/weir run -c /mnt/etc/weir.yaml
