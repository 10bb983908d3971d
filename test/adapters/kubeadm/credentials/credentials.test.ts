import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  configurationPath,
  removeConfiguration,
  removeOtherConfigurations,
  writeConfiguration,
} from '../../../../adapters/kubeadm/configuration/file.js';
import { createCredentials } from '../../../../adapters/kubeadm/credentials/credentials.js';
import { listOurTokens, revokeCredentials } from '../../../../adapters/kubeadm/credentials/revoke.js';
import { operationLabelValue } from '../../../../adapters/kubeadm/credentials/tokens.js';
import { setClock, shellHost } from '../../../support/shell-host.js';
import type { ShellHost } from '../../../support/shell-host.js';

const operation = "prod/join-control-plane/cp3/k'1";
const of = {
  operation,
  address: '10.0.0.11',
  controlPlane: true,
  kubernetesVersion: 'v1.37.1',
  criSocket: 'unix:///run/containerd/containerd.sock',
};
const token = 'abcdef.0123456789abcdef';
const label = operationLabelValue(operation);
const adminConf = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: x
    server: https://lb:6443
  name: kubernetes
`;

/** The token that kubeadm makes as the owner of kubeadm-certs, and the line by which it tells of it (1.37.1). */
const ownToken = 'bootstrap-token-9ksunh';
const requestLine = (name: string): string =>
  `I1130 16:42:02.075246    2941 round_trippers.go:632] "Response" verb="GET" url="https://10.0.0.11:6443/api/v1/namespaces/kube-system/secrets/${name}?timeout=10s" status="404 Not Found" milliseconds=3`;

let host: ShellHost;
beforeEach(() => {
  host = shellHost({
    name: 'cp1',
    rewrite: (script, folder) =>
      script.replaceAll('/etc/kubernetes', `${folder}/etc`).replaceAll('/run/quorate', `${folder}/run`),
  });
  mkdirSync(join(host.folder, 'etc/pki'), { recursive: true });
  writeFileSync(join(host.folder, 'etc/admin.conf'), adminConf);
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=kubernetes',
      '-keyout',
      join(host.folder, 'ca.key'),
      '-out',
      join(host.folder, 'etc/pki/ca.crt'),
    ],
    { stdio: 'ignore' },
  );
  // Remembers its arguments and what it was given, and the API server of its kubeconfig.
  host.program(
    'kubeadm',
    `echo "$*" >> "$FOLDER/argv"
while [ $# -gt 0 ]; do case $1 in --config) cp "$2" "$FOLDER/given.yaml" ;; --kubeconfig) grep server: "$2" >> "$FOLDER/servers"; stat -c %a "$2" >> "$FOLDER/modes" ;; esac; [ "$1" = token ] && t=yes; shift; done
if [ "$t" = yes ]; then cat "$FOLDER/token-error" >&2 2>/dev/null && exit 1; echo ${token}; else
echo 'I1130 16:42:02.052338 2941 loader.go:408] Config loaded from file:  /etc/kubernetes/admin.conf' >&2
[ -e "$FOLDER/silent" ] || echo '${requestLine(ownToken)}' >&2
cat "$FOLDER/upload-error" 2>/dev/null && exit 1; echo '[upload-certs] Storing'; fi`,
  );
  host.program('curl', `echo '"jws-kubeconfig-abcdef": "x"'`);
  host.program(
    'kubectl',
    `case " $* " in *' get secret kubeadm-certs '*) echo 812 ${ownToken} ;; *' label '*) echo "$*" >> "$FOLDER/labelled" ;; esac`,
  );
});
afterEach(() => host.close());

/** What was labelled as the operation's, in that order. */
const labelled = (): string[] =>
  read('labelled')
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(
        /^.* -n kube-system label secret --overwrite (.*) quorate\.dev\/operation=([0-9a-f]+)$/,
        (_, what: string, value: string) => {
          expect(value).toBe(label);
          return what;
        },
      ),
    );

const read = (file: string): string => readFileSync(join(host.folder, file), 'utf8');

test('a token, a fresh key and the CA hash come back; argv holds no secret; nothing is left on the host', async () => {
  const made = await createCredentials(host, of);
  const openssl = execFileSync(
    'sh',
    [
      '-c',
      `openssl x509 -pubkey -noout -in "${host.folder}/etc/pki/ca.crt" | openssl pkey -pubin -outform der | sha256sum`,
    ],
    { encoding: 'utf8' },
  );
  expect(made).toMatchObject({ token, tokenId: 'abcdef', signed: true, caHash: `sha256:${openssl.slice(0, 64)}` });
  expect(made.certificateKey).toMatch(/^[0-9a-f]{64}$/);
  expect(read('given.yaml')).toContain(made.certificateKey);
  expect(Math.abs(Date.parse(made.expiresAt) - Date.now() - 45 * 60_000)).toBeLessThan(10_000);
  expect(read('argv')).not.toContain(made.certificateKey);
  expect(read('argv')).toContain(`--description quorate ${operation}\n`);
  expect(read('servers')).toBe('    server: https://10.0.0.11:6443\n'.repeat(2));
  expect(read('modes')).toBe('600\n600\n');
  expect(readdirSync(join(host.folder, 'run'))).toEqual([]);
  expect(labelled()).toEqual([ownToken, '--resource-version=812 kubeadm-certs']);
});

test('R25: a clock of the host that is off or is set says nothing about how long the token holds', async () => {
  for (const seconds of [86_400, -86_400]) {
    setClock(host, seconds);
    writeFileSync(join(host.folder, 'clock-was-read'), '');
    const made = await createCredentials(host, of);
    expect(Math.abs(Date.parse(made.expiresAt) - Date.now() - 45 * 60_000)).toBeLessThan(10_000);
  }
});

test('each key is another one, and a worker gets none', async () => {
  const one = await createCredentials(host, of);
  const two = await createCredentials(host, of);
  expect(one.certificateKey).not.toBe(two.certificateKey);
  writeFileSync(join(host.folder, 'argv'), '');
  expect(await createCredentials(host, { ...of, controlPlane: false })).not.toHaveProperty('certificateKey');
  expect(read('argv')).not.toContain('upload-certs');
});

test('a token that nobody signs comes back as unsigned', async () => {
  host.program('curl', `echo '{"data":{}}'`);
  host.program('kubectl', `exit 1`);
  expect((await createCredentials(host, { ...of, controlPlane: false })).signed).toBe(false);
});

test('where curl is missing kubectl sees the signature', async () => {
  host.program('curl', 'exit 127');
  host.program('kubectl', 'echo "  jws-kubeconfig-abcdef: x"');
  expect((await createCredentials(host, { ...of, controlPlane: false })).signed).toBe(true);
});

test('a failed upload is an error that quotes neither token nor key, and leaves nothing', async () => {
  writeFileSync(join(host.folder, 'upload-error'), 'error: something else\n');
  const error: unknown = await createCredentials(host, of).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ type: 'CommandFailed', details: { evidence: ['error: something else'] } });
  expect(JSON.stringify(error)).not.toContain(token.slice(7));
  expect(readdirSync(join(host.folder, 'run'))).toEqual([]);
});

test('an API server that does not answer is ApiUnavailable', async () => {
  writeFileSync(join(host.folder, 'token-error'), 'dial tcp 10.0.0.11:6443: connect: connection refused\n');
  await expect(createCredentials(host, of)).rejects.toMatchObject({ type: 'ApiUnavailable' });
});

test('the configuration lies on the host for root alone, and goes', async () => {
  const path = await writeConfiguration(host, operation, 'join', 'token: secret\n');
  expect(path).toBe(configurationPath(operation, 'join'));
  const file = path.replace('/run/quorate', 'run');
  expect(read(file)).toBe('token: secret\n');
  expect(execFileSync('stat', ['-c', '%a', join(host.folder, file)], { encoding: 'utf8' })).toBe('600\n');
  await removeConfiguration(host, operation);
  await removeConfiguration(host, operation);
  expect(readdirSync(join(host.folder, 'run'))).toEqual([]);
});

test("other operations' configurations go, and the own one stays", async () => {
  await removeOtherConfigurations(host, operation);
  const path = await writeConfiguration(host, operation, 'join', 'token: own\n');
  for (const other of ['prod/join-worker/w1/k1', 'prod/join-worker/w1/k2'])
    await writeConfiguration(host, other, 'join', 'token: old\n');
  expect(readdirSync(join(host.folder, 'run'))).toHaveLength(3);
  await removeOtherConfigurations(host, operation);
  expect(readdirSync(join(host.folder, 'run'))).toHaveLength(1);
  expect(read(path.replace('/run/quorate', 'run'))).toBe('token: own\n');
});

/**
 * kubectl with a list of tokens and kubeadm-certs as the go-templates print them, and a memory of what was deleted.
 * @param certs label and preconditions; default there is no such Secret
 * @param said what the API server answers to the deletion of kubeadm-certs
 */
const withTokens = (lines: readonly string[], certs = '', said = ''): void => {
  writeFileSync(join(host.folder, 'tokens'), lines.map((line) => `${line}\n`).join(''));
  writeFileSync(join(host.folder, 'certs'), certs);
  host.program(
    'kubectl',
    `case " $* " in
*' get secrets '*) cat "$FOLDER/tokens" ;;
*' get secret kubeadm-certs '*) cat "$FOLDER/certs" ;;
*' delete --raw '*) echo "$*" | sed 's/.*--raw //' >> "$FOLDER/deleted"; awk 1 >> "$FOLDER/deleted"; ${said === '' ? 'echo {}' : `echo '${said}' >&2; exit 1`} ;;
*' delete secret '*) echo "\${*#*--ignore-not-found }" >> "$FOLDER/deleted" ;;
esac`,
  );
};
const owner = 'Proxy for managing TTL for the kubeadm-certs secret';
const tokens = [
  `bootstrap-token-aaaaaa\t2026-11-23T07:00:00Z\tquorate ${operation}\t`,
  'bootstrap-token-bbbbbb\t\tquorate prod/join-worker/w1/k1\t',
  'bootstrap-token-cccccc\t2026-11-23T07:00:00Z\tof a person\t',
  `bootstrap-token-dddddd\t2026-11-23T07:00:00Z\t${owner}\t${label}`,
  `bootstrap-token-eeeeee\t2026-11-23T07:00:00Z\t${owner}\t`,
  `bootstrap-token-ffffff\t2026-11-23T07:00:00Z\t${owner}\t${operationLabelValue('prod/join-control-plane/cp2/k1')}`,
];
const preconditions = '{"uid":"u1","resourceVersion":"812"}';
const ownCerts = `${label} ${preconditions}`;
const deletion = `/api/v1/namespaces/kube-system/secrets/kubeadm-certs -f -
{"kind":"DeleteOptions","apiVersion":"v1","preconditions":${preconditions}}`;

test('an operation takes back its own tokens and, where asked, the shared certificates with the token that owns them', async () => {
  withTokens(tokens, ownCerts);
  const revoke = { address: of.address, operation };
  expect(await revokeCredentials(host, { ...revoke, sharedCertificates: true })).toEqual(['aaaaaa', 'dddddd']);
  expect(await revokeCredentials(host, { ...revoke, sharedCertificates: false })).toEqual(['aaaaaa', 'dddddd']);
  expect(read('deleted').trim().split('\n')).toEqual([
    ...deletion.split('\n'),
    'bootstrap-token-aaaaaa bootstrap-token-dddddd',
    'bootstrap-token-aaaaaa bootstrap-token-dddddd',
  ]);
});

test.each([
  ['a colleague’s, without a label', ` ${preconditions}`],
  ['another operation’s', `${operationLabelValue('prod/join-control-plane/cp2/k1')} ${preconditions}`],
  ['labelled with one that only begins alike', `${label}0 ${preconditions}`],
  ['not there', ''],
])('R7: shared certificates that are %s stay, and so does what owns them', async (_, certs) => {
  withTokens(tokens, certs);
  const revoked = await revokeCredentials(host, { address: of.address, operation, sharedCertificates: true });
  expect(revoked).toEqual(['aaaaaa', 'dddddd']);
  expect(read('deleted')).toBe('bootstrap-token-aaaaaa bootstrap-token-dddddd\n');
});

test.each([
  'Error from server (Conflict): Operation cannot be fulfilled on secrets "kubeadm-certs": the ResourceVersion in the precondition (812) does not match the ResourceVersion in record (813).',
  'Error from server (NotFound): secrets "kubeadm-certs" not found',
])('R7: shared certificates that somebody has uploaded between the look and the deletion stay: %s', async (said) => {
  withTokens(tokens, ownCerts, said);
  const revoke = { address: of.address, operation, sharedCertificates: true };
  expect(await revokeCredentials(host, revoke)).toEqual(['aaaaaa', 'dddddd']);
  expect(read('deleted').split('\n').slice(0, 2)).toEqual(deletion.split('\n'));
});

test('shared certificates that cannot be deleted are an error, and the tokens are left for the next try', async () => {
  withTokens(tokens, ownCerts, 'Error from server (Forbidden): secrets "kubeadm-certs" is forbidden');
  await expect(
    revokeCredentials(host, { address: of.address, operation, sharedCertificates: true }),
  ).rejects.toMatchObject({ type: 'CommandFailed' });
  expect(read('deleted')).not.toContain('bootstrap-token');
});

test('R7: certificates that could not be read back are an error, and what owns them is labelled', async () => {
  host.program(
    'kubectl',
    `case "$*" in *'get secret'*) echo 'connection refused' >&2; exit 1 ;; *' label '*) echo "$*" >> "$FOLDER/labelled" ;; esac`,
  );
  await expect(createCredentials(host, of)).rejects.toMatchObject({ type: 'ApiUnavailable' });
  expect(labelled()).toEqual([ownToken]);
  expect(readdirSync(join(host.folder, 'run'))).toEqual([]);
});

test('R7: certificates that could not be labelled as the operation’s are an error', async () => {
  host.program('sleep', ':');
  host.program(
    'kubectl',
    `case "$*" in *'label secret'*) echo x >> "$FOLDER/tries"; echo 'connection refused' >&2; exit 1 ;; *) echo 812 ${ownToken} ;; esac`,
  );
  await expect(createCredentials(host, of)).rejects.toMatchObject({ type: 'ApiUnavailable' });
  expect(read('tries')).toBe('x\n'.repeat(15));
  expect(readdirSync(join(host.folder, 'run'))).toEqual([]);
});

test('a label that fails at first is tried again', async () => {
  host.program('sleep', ':');
  host.program(
    'kubectl',
    `case "$*" in *'label secret'*) echo "$*" >> "$FOLDER/labelled"; [ $(wc -l < "$FOLDER/labelled") -gt 2 ] || { echo 'connection refused' >&2; exit 1; } ;; *) echo 812 ${ownToken} ;; esac`,
  );
  await createCredentials(host, of);
  expect(labelled()).toEqual([ownToken, ownToken, ownToken, '--resource-version=812 kubeadm-certs']);
});

test('the owner that an upload has made before it failed is labelled, one that it has not made is none', async () => {
  writeFileSync(
    join(host.folder, 'upload-error'),
    'error: error execution phase upload-certs: etcdserver: leader changed\n',
  );
  await expect(createCredentials(host, of)).rejects.toMatchObject({ type: 'ApiUnavailable' });
  expect(labelled()).toEqual([ownToken]);
  host.program(
    'kubectl',
    `case "$*" in *'label secret'*) echo 'Error from server (NotFound): secrets "x" not found' >&2; exit 1 ;; esac`,
  );
  await expect(createCredentials(host, of)).rejects.toMatchObject({
    details: { evidence: ['error: error execution phase upload-certs: etcdserver: leader changed'] },
  });
});

test('what somebody else uploads at the same time is theirs: an error, and only the own token is labelled', async () => {
  host.program(
    'kubectl',
    `case "$*" in *'get secret'*) echo 813 bootstrap-token-theirs ;; *' label '*) echo "$*" >> "$FOLDER/labelled" ;; esac`,
  );
  await expect(createCredentials(host, of)).rejects.toThrow(/somebody else has uploaded/);
  expect(labelled()).toEqual([ownToken]);
});

test('a kubeadm that does not tell what it asks for: the owner is the one that the Secret names', async () => {
  writeFileSync(join(host.folder, 'silent'), '');
  await createCredentials(host, of);
  expect(labelled()).toEqual([ownToken, '--resource-version=812 kubeadm-certs']);
});

test('labels that look like numbers are compared as texts', async () => {
  // As numbers both are 0.
  let k = 0;
  while (!/^0e\d+$/.test(operationLabelValue(`prod/join-control-plane/cp3/${k}`))) k += 1;
  const ours = `prod/join-control-plane/cp3/${k}`;
  const own = operationLabelValue(ours);
  const other = `0e${'1'.repeat(10)}`;
  withTokens([
    `bootstrap-token-aaaaaa\t2026-11-23T07:00:00Z\t${owner}\t${own}`,
    `bootstrap-token-bbbbbb\t2026-11-23T07:00:00Z\t${owner}\t${other}`,
  ]);
  expect(await revokeCredentials(host, { address: of.address, operation: ours, sharedCertificates: false })).toEqual([
    'aaaaaa',
  ]);
});

test('nothing to take back is fine', async () => {
  withTokens([]);
  expect(await revokeCredentials(host, { address: of.address, operation, sharedCertificates: true })).toEqual([]);
  expect(readdirSync(host.folder)).not.toContain('deleted');
});

test('the tokens of operations, and no others, are listed', async () => {
  withTokens(tokens);
  expect(await listOurTokens(host, of.address)).toEqual([
    { id: 'aaaaaa', operation, expiresAt: '2026-11-23T07:00:00Z' },
    { id: 'bbbbbb', operation: 'prod/join-worker/w1/k1' },
  ]);
});
