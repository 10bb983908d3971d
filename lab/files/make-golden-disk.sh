#!/bin/sh
# make-golden-disk.sh DISK FOLDER SIZE ROOT ARCHIVE...: an ext4 disk whose containerd already holds the images of the archives.
# FOLDER is an empty working folder, ROOT the root file system of a node. Runs in mount, network and process namespaces
# of its own, which take containerd and the mounts with them when they end.
set -eu
disk=$1 folder=$2 size=$3 root=$4
shift 4
truncate -s "$size" "$disk"
mkfs.ext4 -q -F -m 0 -J size=16 -E lazy_itable_init=1,nodiscard "$disk"
mkdir -p "$folder/disk" "$folder/root"
mount -o loop "$disk" "$folder/disk"
mkdir -p "$folder/disk/plain/containerd" "$folder/disk/scratch/upper" "$folder/disk/scratch/work"
mount -t overlay lab-golden -o "lowerdir=$root,upperdir=$folder/disk/scratch/upper,workdir=$folder/disk/scratch/work" "$folder/root"
mkdir -p "$folder/root/var/lib/containerd"
mount --bind "$folder/disk/plain/containerd" "$folder/root/var/lib/containerd"
mount -t proc proc "$folder/root/proc"
mount --rbind /dev "$folder/root/dev"
mount -t tmpfs tmpfs "$folder/root/run"
mount -t tmpfs tmpfs "$folder/root/mnt"
chroot "$folder/root" containerd --log-level error > "$folder/containerd.log" 2>&1 &
containerd=$!
tries=0
until chroot "$folder/root" ctr version > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then cat "$folder/containerd.log" >&2; exit 1; fi
  sleep 0.2
done
for archive in "$@"; do
  touch "$folder/root/mnt/images.tar"
  mount --bind "$archive" "$folder/root/mnt/images.tar"
  chroot "$folder/root" ctr -n k8s.io image import /mnt/images.tar
  umount "$folder/root/mnt/images.tar"
done
kill "$containerd"
wait "$containerd" || true
umount -R "$folder/root"
rm -rf "$folder/disk/scratch"
umount "$folder/disk"
