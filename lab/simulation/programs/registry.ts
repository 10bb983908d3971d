import { shellProgram } from '../shell/run-shell.js';
import type { Program } from '../system/process.js';
import { awk } from '../text/awk/awk.js';
import { grep } from '../text/grep.js';
import { cat, cut, head, seq, sort, tee, tr, uniq, wc } from '../text/lines.js';
import { sed } from '../text/sed.js';
import { tail } from '../text/tail.js';
import { base64, md5sum, od, openssl, sha256sum } from './base/encode.js';
import {
  basename,
  chmod,
  chown,
  cp,
  dirname,
  install,
  ln,
  ls,
  mkdir,
  mktemp,
  mv,
  readlink,
  rm,
  rmdir,
  sync,
  touch,
} from './base/files.js';
import { find } from './base/find.js';
import { flock } from './base/flock.js';
import { env, getconf, hostname, hostnamectl, id, nproc, sudo, uname, whoami } from './base/identity.js';
import { journalctl } from './base/journalctl.js';
import { getent, ip, modprobe, mount, ping, ss, umount } from './base/network.js';
import { nft } from './base/nft.js';
import { socat } from './base/socat.js';
import { df, stat } from './base/stat.js';
import { systemctl } from './base/systemctl.js';
import { systemdRun } from './base/systemd-run.js';
import { date, sleep, timeout } from './base/time.js';
import { containerd, ctr } from './containerd.js';
import { curl } from './curl.js';
import { etcdctl, etcdutl } from './etcdctl.js';
import { haproxy } from './haproxy/haproxy.js';
import { kubeadm } from './kubeadm/kubeadm.js';
import { kubectl } from './kubectl/kubectl.js';
import { kubelet } from './kubelet.js';

/** A builtin of the shell that is a program as well. */
const builtin =
  (name: string): Program =>
  (process, args) =>
    shellProgram('sh')(process, ['-c', `${name} "$@"`, name, ...args]);

/** What every Debian has, by the name of the program. */
export const basePrograms: Readonly<Record<string, Program>> = {
  '[': builtin('['),
  awk,
  base64,
  basename,
  bash: shellProgram('bash'),
  cat,
  chmod,
  chown,
  cp,
  curl,
  cut,
  date,
  df,
  dirname,
  echo: builtin('echo'),
  env,
  false: () => 1,
  find,
  flock,
  getconf,
  getent,
  grep,
  head,
  hostname,
  hostnamectl,
  id,
  install,
  ip,
  journalctl,
  kill: builtin('kill'),
  ln,
  ls,
  md5sum,
  mkdir,
  mktemp,
  modprobe,
  mount,
  mv,
  nft,
  nproc,
  od,
  openssl,
  ping,
  printf: builtin('printf'),
  pwd: builtin('pwd'),
  readlink,
  rm,
  rmdir,
  sed,
  seq,
  sh: shellProgram('sh'),
  sha256sum,
  sleep,
  socat,
  sort,
  ss,
  stat,
  sudo,
  sync,
  systemctl,
  'systemd-run': systemdRun,
  tail,
  tee,
  test: builtin('test'),
  timeout,
  touch,
  tr,
  true: () => 0,
  umount,
  uname,
  uniq,
  wc,
  whoami,
};

/** What a node has besides. */
export const nodePrograms: Readonly<Record<string, Program>> = {
  containerd,
  ctr,
  etcdctl,
  etcdutl,
  kubeadm,
  kubectl,
  kubelet,
};

/** What a load balancer has besides. */
export const loadBalancerPrograms: Readonly<Record<string, Program>> = { haproxy };

/** All of them. */
export const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries({ ...basePrograms, ...nodePrograms, ...loadBalancerPrograms }),
);
