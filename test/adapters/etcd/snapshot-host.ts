import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

export const snapshotFolder = 'var/lib/quorate/snapshots';
export const etcdFolder = 'var/lib/etcd';

/** What etcd sends for a snapshot: its database, in pages of 4096 bytes, and the sha256 of that. */
const database = (content: string, pages: number): Buffer => {
  const pagesOf = Buffer.alloc(pages * 4096, content);
  return Buffer.concat([pagesOf, createHash('sha256').update(pagesOf).digest()]);
};

/** A control-plane host whose scripts run here, below a folder of its own, with an etcd of few words. */
export interface SnapshotHost extends ShellHost {
  /** What /var/lib/quorate/snapshots holds for people to see, in order. */
  snapshots(): string[];
  /** What /var/lib/etcd holds. */
  etcdFiles(): string[];
  /** Everything that a snapshot in the making leaves in either folder. */
  parts(): string[];
  put(file: string, content: string | Buffer): void;
  read(file: string): string;
  exists(file: string): boolean;
  /** The host has no such program, whatever the machine has. */
  forget(...programs: string[]): void;
  /** What `date` says of now, as in the name of a snapshot. */
  setClock(stamp: string): void;
  /** MiB free for a path below /var/lib, as df says. */
  setFree(folder: 'quorate' | 'etcd', mebibytes: number): void;
  /** The database that the next snapshot holds. */
  setDatabase(content: string, pages?: number): void;
  /** Which cluster etcd is of. */
  setCluster(id: string, authority?: string): void;
}

const status = `{"header":{"cluster_id":CLUSTER,"member_id":MEMBER,"revision":REVISION,"raft_term":2},"version":"3.7.0","dbSize":SIZE,"leader":MEMBER,"raftIndex":783,"raftTerm":2,"raftAppliedIndex":782,"dbSizeInUse":SIZE,"dbSizeQuota":2147483648}`;

/** etcdctl as a real one of 3.6: the snapshot is in FILE.part while it is made, and FILE.part stays when it is killed. */
export const etcdctlProgram = (save = 'cp "$FOLDER/db" "$last.part"'): string => `for last; do :; done
case "$*" in
  *'endpoint status'*) printf '[{"Endpoint":"https://127.0.0.1:2379","Status":%s}]\\n' "$(cat "$FOLDER/status")" ;;
  *'snapshot status'*) exit 1 ;;
  *'snapshot save'*)
    echo "$*" >> "$FOLDER/saves"
    { ${save}; } || { echo "Error: could not write snapshot: write $last.part: no space left on device" >&2; rm -f "$last.part"; exit 5; }
    mv "$last.part" "$last" ;;
esac`;

const etcdutlProgram = `cat "$3" >/dev/null || exit 1
echo '{"hash":1094307253,"revision":617,"totalKey":272,"totalSize":598016,"version":"3.7.0"}'`;

/** crictl with a running etcd, whose programs are those of the host. */
export const crictlProgram = `case "$1" in ps) echo c1 ;; exec) echo "$*" >> "$FOLDER/inside"; shift 2; exec "$@" ;; esac`;

/** curl at etcd's gateway, which sends a snapshot in pieces, each a line of JSON with base64 in it. */
export const gatewayProgram = (after = ''): string => `case "$*" in
  */v3/maintenance/status*) sed 's/:\\([0-9][0-9]*\\)/:"\\1"/g' "$FOLDER/status" ;;
  */v3/maintenance/snapshot*)
    size=$(wc -c < "$FOLDER/db") at=0
    while [ $at -lt $size ]; do
      piece=$(tail -c +$((at + 1)) "$FOLDER/db" | head -c 32768 | base64 -w 0)
      at=$((at + 32768))
      if [ $at -lt $size ]; then echo "{\\"result\\":{\\"remaining_bytes\\":\\"$((size - at))\\",\\"blob\\":\\"$piece\\"}}"
      else echo "{\\"result\\":{\\"blob\\":\\"$piece\\",\\"version\\":\\"3.7.0\\"}}"; fi
      ${after || ':'}
    done ;;
  *) exit 7 ;;
esac`;

export const snapshotHost = (): SnapshotHost => {
  const forgotten = new Set<string>();
  const host = shellHost({
    name: 'cp1',
    rewrite: (script, folder) =>
      [...forgotten].reduce(
        (text, program) => text.replaceAll(`command -v ${program} `, 'false '),
        script
          .replaceAll('/var/lib/', `${folder}/var/lib/`)
          .replaceAll('/etc/kubernetes/', `${folder}/etc/kubernetes/`),
      ),
  });
  const path = (file: string): string => join(host.folder, file);
  const put = (file: string, content: string | Buffer): void => writeFileSync(path(file), content);
  const names = (folder: string): string[] => (existsSync(path(folder)) ? readdirSync(path(folder)).toSorted() : []);
  for (const folder of [snapshotFolder, etcdFolder, 'etc/kubernetes/pki/etcd'])
    mkdirSync(path(folder), { recursive: true });

  let [cluster, size] = ['4804716392546183363', 0];
  const writeStatus = (): void =>
    put(
      'status',
      status
        .replace('CLUSTER', cluster)
        .replaceAll('MEMBER', '18315060670035850609')
        .replace('REVISION', '612')
        .replaceAll('SIZE', String(size)),
    );
  host.program('etcdctl', etcdctlProgram());
  host.program('etcdutl', etcdutlProgram);
  for (const program of ['crictl', 'ctr', 'curl']) host.program(program, 'exit 127');
  host.program(
    'date',
    `case "$*" in *%Y%m%dT*) [ ! -e "$FOLDER/clock" ] || { cat "$FOLDER/clock"; exit; } ;; esac; exec /bin/date "$@"`,
  );
  host.program(
    'df',
    `for last; do :; done
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
case "$last" in */var/lib/etcd*) free=$(cat "$FOLDER/free-etcd") ;; *) free=$(cat "$FOLDER/free-quorate") ;; esac
echo "/dev/x 100000000 1 $((free * 1024)) 1% /"`,
  );
  const self: SnapshotHost = {
    ...host,
    snapshots: () => names(snapshotFolder).filter((name) => name.endsWith('.db')),
    etcdFiles: () => names(etcdFolder),
    parts: () => [...names(snapshotFolder), ...names(etcdFolder)].filter((name) => name.includes('.part')),
    put,
    read: (file) => readFileSync(path(file), 'utf8'),
    exists: (file) => existsSync(path(file)),
    forget: (...programs) => programs.forEach((program) => forgotten.add(program)),
    setClock: (stamp) => put('clock', `${stamp}\n`),
    setFree: (folder, mebibytes) => put(`free-${folder}`, String(mebibytes)),
    setDatabase: (content, pages = 40) => {
      put('db', database(content, pages));
      size = pages * 4096;
      writeStatus();
    },
    setCluster: (id, authority = 'ca') => {
      cluster = id;
      put('etc/kubernetes/pki/etcd/ca.crt', authority);
      writeStatus();
    },
  };
  self.setCluster(cluster);
  self.setDatabase('a');
  self.setFree('quorate', 10_000);
  self.setFree('etcd', 10_000);
  return self;
};
