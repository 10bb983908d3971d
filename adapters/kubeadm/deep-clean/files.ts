import { cniFolders, kubeadmConfigurations, kubeadmFolders } from '../../../model/reset/traces.js';

const cni = cniFolders.map((folder) => folder.slice(1));

/**
 * Shell functions that delete the files of a node: `mounts` and `files`. They need `removed`, `failed`, the functions of
 * `folderFunctions`, and the variables `kept`, paths of files that stay, and `kept_patterns`, the same as find matches
 * them; one a line, relative to `/`.
 *
 * A folder that is a symbolic link stays, and what it leads to is emptied. Nothing below a mount is deleted: a volume of a
 * Pod that is busy may be a folder of the host that is mounted there. `lost+found` stays.
 *
 * @param lazyUnmount whether busy mounts are detached.
 */
export const fileFunctions = (lazyUnmount: boolean): string => `
is_kept() { printf '%s\\n' "$kept" | grep -Fxq -e "$1"; }
one() { # PATH
  [ -e "$1" ] || [ -L "$1" ] || return 0
  is_kept "$1" && return 0
  if rm -f -- "$1"; then removed "/$1"; else failed "/$1"; fi
}
contents() { # FOLDER: everything in it that is neither kept nor mounted, nor on the way to such
  folder=$1
  real=$(real_path "$folder")
  [ -n "$real" ] || return 0
  is_kept "$folder/" && return 0
  mounted=$(mounts_below "$folder" | while IFS= read -r path; do printf '%s\\n' "$folder/\${path#"$real"/}"; done | literally)
  [ -z "$mounted" ] || failed "/$folder: what is mounted below it was left: $(printf '%s\\n' "$mounted" | head -n 1)"
  set -- "$folder/" -xdev -mindepth 1 ! -path "$folder/lost+found" ! -path "$folder/lost+found/*"
  IFS='
'
  set -f
  for path in $mounted $kept_patterns; do
    case $path in "$folder"/*) set -- "$@" ! -path "$path" ! -path "$path/*" ;; *) continue ;; esac
    while path=\${path%/*} && [ "$path" != "$folder" ]; do set -- "$@" ! -path "$path"; done
  done
  set +f
  unset IFS
  count=$(find "$@" | wc -l)
  [ "$count" -gt 0 ] || return 0
  find "$@" ! -type d -exec rm -f -- {} + 2>/dev/null
  find "$@" -depth -type d -exec rmdir -- {} + 2>/dev/null
  left=$(find "$@" | wc -l)
  [ "$left" -eq "$count" ] || removed "/$folder/*"
  [ "$left" -eq 0 ] || failed "/$folder: not everything could be deleted"
}
literally() { sed 's/[][\\\\*?]/\\\\&/g'; }

mounts() {
  { mounts_below var/lib/kubelet; mounts_below run/netns | grep '^/run/netns/cni-'; } | while IFS= read -r mount; do
    is_kept "\${mount#/}" && continue
    if umount "$mount" 2>/dev/null${lazyUnmount ? ' || umount -l "$mount" 2>/dev/null' : ''}; then removed "mount $mount"; else failed "mount $mount is busy"; fi
  done
  for file in run/netns/cni-*; do one "$file"; done
}

files() {
  astray | while read -r folder target; do failed "$folder is a link to $target, where there is no folder of its own"; done
  for file in ${kubeadmConfigurations.join(' ')}; do one etc/kubernetes/$file.conf; done
  for folder in ${kubeadmFolders.join(' ')}; do contents etc/kubernetes/$folder; done
  # kubeadm makes these itself; the folder of the manifests is the package's
  for folder in etc/kubernetes/pki etc/kubernetes/tmp; do [ -L $folder ] || rmdir $folder 2>/dev/null; done
  for folder in var/lib/kubelet var/lib/etcd ${cni.join(' ')}; do contents $folder; done
  [ -L run/flannel ] || rmdir run/flannel 2>/dev/null
}`;
