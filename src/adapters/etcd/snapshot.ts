import { z } from 'zod';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

export const snapshotFolder = '/var/lib/quorate/snapshots';

const Status = z.object({ hash: z.number(), revision: z.number(), totalKey: z.number(), totalSize: z.number() });

export interface Snapshot {
  readonly file: string;
  readonly revision: number;
  readonly totalKeys: number;
  readonly sizeBytes: number;
}

/**
 * Saves a snapshot of the local member, verifies it (`etcdutl snapshot status`), and keeps the newest `keep` of them.
 * It holds every Secret of the cluster: root only.
 * @param label ends the file's name; letters, digits, dots and dashes
 * @throws QuorateError EtcdUnavailable, CommandFailed when it cannot be verified
 */
export const saveSnapshot = async (host: Host, options: { keep: number; label: string }): Promise<Snapshot> => {
  const label = options.label.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 80);
  const mark = newMark();
  const script = `${etcdctlPrelude}
set -eu
umask 077
install -d -m 0700 ${snapshotFolder}
file=${snapshotFolder}/$(date -u +%Y%m%dT%H%M%SZ)-${label}.db
etcdctl $e --endpoints="$endpoint" --command-timeout=60s snapshot save "$file.part" >/dev/null 2>&1 || { etcdctl $e --endpoints="$endpoint" --command-timeout=60s snapshot save "$file.part" >&2; }
status=$(etcdutl snapshot status "$file.part" -w json)
sync -d "$file.part" 2>/dev/null || sync
mv "$file.part" "$file"
rm -f ${snapshotFolder}/*.part
ls -1 ${snapshotFolder}/*.db | sort -r | tail -n +${Math.max(1, options.keep) + 1} | while IFS= read -r old; do rm -f -- "$old"; done
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
  };
};
