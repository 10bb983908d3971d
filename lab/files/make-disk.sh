#!/bin/sh
# make-disk.sh DISK MOUNTPOINT SEED SIZE GOLDEN: an ext4 disk for one host, with the files in SEED as its own.
# GOLDEN is a disk with images already in containerd, or "" for an empty one.
# Runs in a mount namespace of its own, which takes its mounts with it when it ends.
set -eu
disk=$1 mountpoint=$2 seed=$3 size=$4 golden=$5
rm -f "$disk"
if [ -n "$golden" ]; then
  cp --sparse=always "$golden" "$disk"
else
  truncate -s "$size" "$disk"
  mkfs.ext4 -q -F -m 0 -J size=16 -E lazy_itable_init=1,nodiscard "$disk"
fi
mount -o loop "$disk" "$mountpoint"
mkdir -p "$mountpoint/upper" "$mountpoint/work" "$mountpoint/plain/containerd" "$mountpoint/plain/kubelet" "$mountpoint/plain/etcd"
chmod 700 "$mountpoint/plain/etcd"
cp -a "$seed/." "$mountpoint/upper/"
chown -R 0:0 "$mountpoint/upper"
if [ -d "$mountpoint/upper/home/ops" ]; then chown -R 1000:1000 "$mountpoint/upper/home/ops"; fi
umount "$mountpoint"
