import type { Keep } from '../../../model/reset/keep.js';
import { execute } from '../../ssh/execute.js';
import { quote } from '../../ssh/quote.js';
import type { Host } from '../../ssh/types.js';

/** Where files wait while `kubeadm reset` empties their folders: for root alone, and over a restart of the host. */
const asideFolder = 'var/lib/quorate/aside';

/**
 * Copies the files that stay although `kubeadm reset` deletes them, such as the manifest of kube-vip and the kubelet's
 * config.json, to a folder of Quorate's. `deepClean` puts them back, also those of an attempt that did not come so far.
 * Called before each reset; a file that is not there, as an earlier attempt has deleted it, is fine.
 * @throws QuorateError Unreachable, CommandFailed when one could not be copied: then nothing may be reset
 */
export const putAside = async (host: Host, keep: Keep): Promise<void> => {
  if (keep.aside.length === 0) return;
  const files = keep.aside.map((path) => path.replace(/^\/+/, '')).join('\n');
  await execute(
    host,
    'putting files aside before a reset',
    `
cd / || exit 1
umask 077
printf '%s\\n' ${quote(files)} | while IFS= read -r file; do
  [ -f "$file" ] || continue
  copy=${asideFolder}/$file
  mkdir -p "\${copy%/*}" && cp -p "$file" "$copy.new" && mv -f "$copy.new" "$copy" || exit 1
  sync "$copy" 2>/dev/null || sync
done`,
  );
};

/**
 * Shell function `put_back`: of the files that `$aside` lists, which lay there before this operation, puts back those that
 * are gone, and deletes their copies. Copies of other operations are from another time, and stay. It needs `failed`.
 */
export const putBackFunction = `
put_back() {
  [ -d ${asideFolder} ] && [ -n "$aside" ] || return 0
  printf '%s\\n' "$aside" | while IFS= read -r file; do
    copy=${asideFolder}/$file
    [ -f "$copy" ] || continue
    if [ -e "$file" ] || [ -L "$file" ]; then rm -f "$copy"; continue; fi
    if mkdir -p "\${file%/*}" && cp -p "$copy" "$file.quorate" && mv -f "$file.quorate" "$file"; then rm -f "$copy"; continue; fi
    failed "/$file could not be put back: a copy is /$copy"
  done
  find ${asideFolder} -depth -type d -exec rmdir {} + 2>/dev/null
  return 0
}`;
