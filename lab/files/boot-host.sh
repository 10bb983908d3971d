#!/bin/sh
# boot-host.sh: mounts a host's disk, enters its control groups and becomes systemd-nspawn.
# Everything comes in environment variables: LAB_NAME (of the host), LAB_DISK, LAB_DISK_MOUNT, LAB_ROOT, LAB_LOWER,
# LAB_NETNS, LAB_MACHINE_DISK (MAJ:MIN), LAB_CGROUPS (one folder per line), LAB_PACKAGES (one folder per
# line, each named after its Kubernetes version).
# Runs in a mount namespace of its own: mounted in the machine's, the disk would be inherited by every host started
# later and could not be freed before they all end.
set -eu

# First, so that whoever clears up after a dead lab finds this process.
echo "$LAB_CGROUPS" | while IFS= read -r group; do
  mkdir -p "$group"
  case $group in
  */cpuset/*)
    # A cpuset starts empty: hand the machine's processors and memory nodes down, level by level.
    level=/sys/fs/cgroup/cpuset
    rest=${group#/sys/fs/cgroup/cpuset/}
    while [ -n "$rest" ]; do
      parent=$level
      level=$level/${rest%%/*}
      case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
      cat "$parent/cpuset.cpus" > "$level/cpuset.cpus"
      cat "$parent/cpuset.mems" > "$level/cpuset.mems"
    done
    ;;
  # A host must never open the disk of the machine; "rwm" instead of "rw" would break runc.
  */devices/*) echo "b $LAB_MACHINE_DISK rw" > "$group/devices.deny" ;;
  esac
  echo $$ > "$group/cgroup.procs"
done

mount -o loop "$LAB_DISK" "$LAB_DISK_MOUNT"
mount -t overlay "lab-$LAB_NAME" -o "lowerdir=$LAB_LOWER,upperdir=$LAB_DISK_MOUNT/upper,workdir=$LAB_DISK_MOUNT/work" "$LAB_ROOT"

set -- --bind=/dev/kmsg
[ ! -e /dev/fuse ] || set -- "$@" --bind=/dev/fuse
for folder in containerd kubelet etcd; do
  set -- "$@" "--bind=$LAB_DISK_MOUNT/plain/$folder:/var/lib/$folder"
done
for folder in $LAB_PACKAGES; do
  version=${folder##*/}
  set -- "$@" "--bind-ro=$folder:/opt/lab/${version%-*}"
done

# API_VFS_WRITABLE=network, never 1: with 1 the host's systemd-sysctl would write to the machine's kernel.
# SECCOMP=0 and all capabilities but the clock's, the modules' and the raw devices': runc needs keyctl, bpf and mount.
# register=no, keep-unit: the machine needs no systemd of its own.
exec env -i PATH="$PATH" SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_SECCOMP=0 \
  systemd-nspawn -D "$LAB_ROOT" --quiet --register=no --keep-unit --machine="$LAB_NAME" \
  --network-namespace-path="/run/netns/$LAB_NETNS" \
  --capability=all --drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO \
  --console=pipe --resolv-conf=off --timezone=off --link-journal=no --kill-signal=SIGRTMIN+3 \
  "$@" /usr/local/sbin/lab-init
