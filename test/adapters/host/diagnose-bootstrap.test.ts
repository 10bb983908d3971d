import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diagnoseKubelet } from '../../../adapters/host/diagnose-bootstrap.js';
import { fakeHost } from '../../support/fake-host.js';
import { hostFolder } from './host-folder.js';
import type { HostFolder } from './host-folder.js';

let host: HostFolder;
const unit = (values: Record<string, string>): void =>
  host.program(
    'systemctl',
    `printf '%s\\n' ${Object.entries(values)
      .map(([key, value]) => `'${key}=${value}'`)
      .join(' ')}`,
  );
/** Newest last, as in the journal; the script asks for them reversed. */
const journal = (...lines: string[]): void =>
  host.program(
    'journalctl',
    `case "$*" in *--reverse*) ;; *) exit 1 ;; esac\ncat <<'X'\n${lines.toReversed().join('\n')}\nX`,
  );

beforeEach(() => {
  host = hostFolder();
  for (const name of ['cut', 'tail']) host.program(name, `exec /usr/bin/${name} "$@"`);
  unit({
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Result: 'success',
    NRestarts: '0',
    UnitFileState: 'enabled',
  });
  journal('I1123 06:11:00.123456     811 server.go:72] "Started kubelet"');
  host.program('curl', `printf 'ok 200'`);
});
afterEach(() => host.close());

it('is short about a kubelet that is well', async () => {
  host.files({ '/etc/kubernetes/kubelet.conf': '' });
  expect(await diagnoseKubelet(host)).toEqual([
    'kubelet.service is active (running)',
    'kubelet healthz (127.0.0.1:10248): ok',
    'kubelet.conf exists: the kubelet has its certificate, or had one',
    'kubelet: "Started kubelet"',
  ]);
});

it('does not take the kubeconfig of a kubelet that waits for its certificate for the certificate', async () => {
  const certificate = '/var/lib/kubelet/pki/kubelet-client-current.pem';
  const kubeconfig = `users:\n- name: default-auth\n  user:\n    client-certificate: ${certificate}\n    client-key: ${certificate}\n`;
  host.files({ '/etc/kubernetes/bootstrap-kubelet.conf': '', '/etc/kubernetes/kubelet.conf': kubeconfig });
  expect(await diagnoseKubelet(host)).toContain(
    'kubelet.conf exists, but not the certificate that it names: the kubelet has none yet',
  );
  host.files({ [certificate]: '' });
  expect(await diagnoseKubelet(host)).toContain('kubelet.conf exists: the kubelet has its certificate, or had one');
});

it('says why a kubelet does not start', async () => {
  unit({
    LoadState: 'loaded',
    ActiveState: 'activating',
    SubState: 'auto-restart',
    Result: 'exit-code',
    ExecMainStatus: '1',
    NRestarts: '12',
    UnitFileState: 'disabled',
  });
  const error = '"command failed" err="failed to parse kubelet flag: unknown flag: --nonsense"';
  journal(
    'E1123 06:10:00.123456     801 x.go:1] "older"',
    `E1123 06:11:00.123456     811 run.go:72] ${error}`,
    'kubelet.service: Main process exited, code=exited, status=1/FAILURE',
    "kubelet.service: Failed with result 'exit-code'.",
    'Started kubelet.service - kubelet: The Kubernetes Node Agent.',
    `E1123 06:11:10.123456     822 run.go:72] ${error}`,
    'I1123 06:11:10.2 822 x.go:1] "last words"',
  );
  host.program(
    'curl',
    `echo 'curl: (7) Failed to connect to 127.0.0.1 port 10248: Connection refused' >&2; printf ' 000'; exit 7`,
  );
  host.files({ '/etc/kubernetes/bootstrap-kubelet.conf': '' });
  expect(await diagnoseKubelet(host)).toEqual([
    'kubelet.service is activating (auto-restart), last result exit-code, exit status 1, restarted 12 times, disabled for boot',
    'kubelet healthz (127.0.0.1:10248): Failed to connect to 127.0.0.1 port 10248: Connection refused',
    'only bootstrap-kubelet.conf exists: the kubelet has no certificate yet',
    'kubelet: "older"',
    `kubelet: ${error}`,
  ]);
});

it('gives the last words of an etcd that keeps restarting', async () => {
  const folder = '/var/log/pods/kube-system_etcd-cp3_0123/etcd';
  const old = '2026-11-23T06:10:00.0Z stderr F {"level":"info","msg":"starting etcd"}';
  host.files({
    [`${folder}/3.log`]: [
      old,
      '2026-11-23T06:10:00.5Z stderr F {"level":"error","msg":"serving","error":"accept: use of closed network connection"}',
      '2026-11-23T06:10:01.0Z stderr F {"level":"error","msg":"peer failed","error":"dial tcp: refused"}',
      '2026-11-23T06:10:02.0Z stderr F {"level":"panic","msg":"tocommit(912) is out of range [lastIndex(400)]. Was the raft log corrupted, truncated, or lost?"}',
      '2026-11-23T06:10:02.1Z stderr F panic: tocommit(912) is out of range [lastIndex(400)]',
      '2026-11-23T06:10:02.2Z stderr F goroutine 161 [running]:',
    ].join('\n'),
    [`${folder}/4.log`]: old,
  });
  const minuteAgo = Date.now() / 1000 - 60;
  utimesSync(join(host.folder, 'root', folder, '3.log'), minuteAgo, minuteAgo);
  const lines = await diagnoseKubelet(host);
  expect(lines.slice(4)).toEqual([
    `etcd was restarted 4 times; its log is ${folder}/4.log`,
    'etcd: peer failed: dial tcp: refused',
    'etcd: tocommit(912) is out of range [lastIndex(400)]. Was the raft log corrupted, truncated, or lost?',
    'etcd: panic: tocommit(912) is out of range [lastIndex(400)]',
  ]);
});

it('leaves out what is older than the join', async () => {
  const log = '/var/log/pods/kube-system_etcd-cp3_0123/etcd/7.log';
  host.files({ [log]: 'x stderr F panic: tocommit(912) is out of range\n' });
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(join(host.folder, 'root', log), hourAgo, hourAgo);
  host.program('journalctl', 'echo "$*" >$FOLDER/asked');
  expect((await diagnoseKubelet(host)).join('\n')).not.toContain('etcd');
  expect((await host.run('cat $FOLDER/asked')).stdout).toContain('--since=-15min');
  const since = new Date(Date.now() - 2 * 3600_000);
  expect((await diagnoseKubelet(host, { since })).join('\n')).toContain('etcd: panic: tocommit(912)');
  expect((await host.run('cat $FOLDER/asked')).stdout).toMatch(/--since=-12[01]min/);
});

it('is silent about an etcd that runs', async () => {
  host.files({ '/var/log/pods/kube-system_etcd-cp3_0123/etcd/0.log': 'x stderr F {"level":"info","msg":"ready"}\n' });
  expect((await diagnoseKubelet(host)).join('\n')).not.toContain('etcd');
});

it('is bounded, and shows no token', async () => {
  const jwt = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;
  journal(
    ...Array.from({ length: 500 }, (_, index) => `E1123 06:11:00.1 811 x.go:1] number ${index} ${'x'.repeat(2000)}`),
    'E1123 06:11:00.1 811 x.go:1] token abcdef.0123456789abcdef is not signed',
    `E1123 06:11:00.1 811 x.go:1] Authorization: Bearer abc123 ${jwt}`,
  );
  const lines = await diagnoseKubelet(host);
  expect(lines.length).toBeLessThanOrEqual(12);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(300);
  const text = lines.join('\n');
  expect(text).toContain('token [redacted] is not signed');
  expect(text).not.toMatch(/0123456789abcdef|abc123|eyJ/);
});

it('reads on where the host has no systemd, no curl and no logs', async () => {
  host.close();
  host = hostFolder({ without: ['systemctl', 'curl'] });
  for (const name of ['cut', 'tail']) host.program(name, `exec /usr/bin/${name} "$@"`);
  expect(await diagnoseKubelet(host)).toEqual([
    'kubelet.service: systemctl said nothing',
    expect.stringMatching(/^kubelet healthz .*not found/),
    'neither kubelet.conf nor bootstrap-kubelet.conf exists',
  ]);
});

it('throws Unreachable when the connection is lost', async () => {
  const lost = fakeHost('cp3', [[/healthz/, { end: { kind: 'lost', cause: 'reset' } }]]);
  await expect(diagnoseKubelet(lost)).rejects.toMatchObject({ type: 'Unreachable' });
});
