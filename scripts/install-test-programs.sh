#!/bin/sh
# The Debian packages whose programs tests use as they are: HAProxy, OpenSSH, packet filters, shells, clients of sockets.
# Run it as root. Where a program is missing its tests are skipped, and the run says so at its end.
set -eu
packages='haproxy openssh-server openssh-client nftables iptables util-linux bsdutils openssl
  bash dash busybox-static socat netcat-openbsd perl python3'
missing=''
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo 'every program that tests use is here'
  exit 0
fi
echo "installing$missing"
apt-get update -q >/dev/null
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
