import { nodeFolders } from '../../../model/reset/traces.js';

const names = nodeFolders.map((folder) => folder.slice(1)).join(' ');

/** Where the link of a folder must not lead: what is there is more than a node's. Patterns of a shell. */
const shared =
  "'' / /bin /boot /dev /dev/* /etc /home /lib* /media /mnt /opt /proc /proc/* /root /run /sbin /srv /sys /sys/* /tmp /usr /usr/* /var /var/lib /var/log".split(
    ' ',
  );

/**
 * Shell functions for the folders of a node, any of which may be a symbolic link, as to a disk of their own.
 * - `real_path FOLDER` prints where it really is, as /proc/mounts has it; nothing when it is not there, or is a link that
 *   leads to a place that others share.
 * - `astray` prints `FOLDER TARGET` for each that is a link of which `real_path` knows nothing.
 * - `mounts_below FOLDER` prints the mounts below it, the innermost first, one a line.
 * Paths are relative to the working directory, which is `/` but in tests.
 */
export const folderFunctions = `
root=$(pwd -P)
root=\${root%/}
real_path() { # FOLDER
  [ -d "$1" ] || return 0
  way=$1
  while :; do
    if [ -L "$way" ]; then
      real=$(readlink -f "$way")
      case \${real#"$root"} in ${shared.join(' | ')}) return 0 ;; esac
    fi
    case $way in */*) way=\${way%/*} ;; *) break ;; esac
  done
  real=$(readlink -f "$1")
  printf '%s\\n' "\${real#"$root"}"
}
astray() {
  for folder in ${names}; do
    [ ! -L $folder ] || [ -n "$(real_path $folder)" ] || printf '%s %s\\n' "/$folder" "$(readlink $folder)"
  done
}
mounts_below() { # FOLDER
  awk -v "folder=$(real_path "$1")" 'folder != "" {
    path = $2
    gsub(/\\\\040/, " ", path); gsub(/\\\\011/, "\\t", path); gsub(/\\\\043/, "#", path); gsub(/\\\\134/, "\\\\", path)
    if (index(path, folder "/") == 1) print path
  }' proc/mounts 2>/dev/null | sort -r
}`;
