import { z } from 'zod';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

const snapshotFolder = '/var/lib/quorate/snapshots';

const Status = z.object({ hash: z.number(), revision: z.number(), totalKey: z.number(), totalSize: z.number() });

export interface Snapshot {
  readonly file: string;
  readonly revision: number;
  readonly totalKeys: number;
  readonly sizeBytes: number;
  readonly hash: number;
}

/**
 * Saves a snapshot of the local member, verifies it (`etcdutl snapshot status`, which reads the whole file), and keeps the
 * newest `keep` of them. It holds every Secret of the cluster: root only.
 * @param label ends the file's name; what is not a letter, digit, dot or dash is replaced
 * @throws QuorateError EtcdUnavailable, CommandFailed when it cannot be written or verified
 */
export const saveSnapshot = async (host: Host, options: { keep: number; label: string }): Promise<Snapshot> => {
  const label = options.label.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 80);
  const mark = newMark();
  // The etcd container shares one folder with the host: the file is made there and moved.
  const script = `${etcdctlPrelude}
set -eu
umask 077
folder=${quote(snapshotFolder)}
install -d -m 0700 "$folder"
part=$folder/snapshot.$$.part
[ -z "$inside" ] || part=/var/lib/etcd/quorate-snapshot.$$.part
trap 'rm -f -- "$part"' EXIT
said=$(etcdctl $e --endpoints="$endpoint" --command-timeout=60s snapshot save "$part" 2>&1) || { printf '%s\\n' "$said" >&2; exit 1; }
status=$(etcdutl snapshot status "$part" -w json 2>/dev/null) || status=$(etcdctl snapshot status "$part" -w json)
file=$folder/$(date -u +%Y%m%dT%H%M%SZ)-${label}.db
mv -- "$part" "$file"
chmod 600 "$file"
sync -f "$file" 2>/dev/null || sync
find "$folder" -maxdepth 1 -name '*.part' -mmin +60 -exec rm -f -- {} +
find "$folder" -maxdepth 1 -name '*.db' | sort -r | tail -n +${Math.max(1, options.keep) + 1} | while IFS= read -r old; do rm -f -- "$old"; done
printf '\\n%s file\\n%s\\n\\n%s status\\n%s\\n' ${mark} "$file" ${mark} "$status"`;
  const sections = parseSections(
    await runEtcdctl(host, 'saving an etcd snapshot', script, { timeoutMs: 150_000 }),
    mark,
  );
  const status = parseJson(Status, sections.get('status') ?? '', 'etcdutl snapshot status', host);
  return {
    file: (sections.get('file') ?? '').trim(),
    revision: status.revision,
    totalKeys: status.totalKey,
    sizeBytes: status.totalSize,
    hash: status.hash,
  };
};
