import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

export interface FakeApiServer {
  readonly host: ShellHost;
  /** Objects by path; a function decides for each request anew. */
  readonly objects: Map<string, unknown>;
  /** Requests so far: path, and the common name of the client's certificate, empty for an anonymous one. */
  readonly requests: { readonly path: string; readonly user: string }[];
  /** Answers every request from now on. */
  answerAll(answer: { status: number; body: string } | undefined): void;
  /** SPKI hash of its CA, by openssl. */
  readonly caHash: string;
  /** Makes a certificate of that subject, signed by the CA; PEM of certificate and key. */
  certificate(subject: string): { readonly certificate: string; readonly key: string };
  close(): void;
}

/** The address that the scripts speak to; the host's shell is told the real one. */
export const address = '10.0.0.11';

/** A control-plane host with an admin.conf, and an HTTPS server that knows its client's certificate, as an API server does. */
export const fakeApiServer = async (): Promise<FakeApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-api-server-'));
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=kubernetes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '1');
  let made = 0;
  const certificate = (subject: string) => {
    const name = `c${++made}`;
    writeFileSync(join(folder, 'san'), 'subjectAltName=IP:127.0.0.1');
    openssl('req', ...newKey, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '1',
      '-extfile',
      'san',
      '-out',
      `${name}.crt`,
    );
    return {
      certificate: readFileSync(join(folder, `${name}.crt`), 'utf8'),
      key: readFileSync(join(folder, `${name}.key`), 'utf8'),
    };
  };
  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
  const serving = certificate('/CN=kube-apiserver');
  const admin = certificate('/O=kubeadm:cluster-admins/CN=kubernetes-admin');

  const objects = new Map<string, unknown>();
  const requests: { path: string; user: string }[] = [];
  let always: { status: number; body: string } | undefined;
  const server = createServer(
    { ca, cert: serving.certificate, key: serving.key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const path = request.url ?? '';
      const socket = request.socket as TLSSocket;
      const user = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : '';
      requests.push({ path, user });
      if (always !== undefined) return response.writeHead(always.status).end(always.body);
      const entry = objects.get(path);
      const object: unknown = typeof entry === 'function' ? (entry as () => unknown)() : entry;
      if (object === undefined)
        return response.writeHead(404).end('{"kind":"Status","message":"not found","code":404}');
      return response.writeHead(200).end(typeof object === 'string' ? object : JSON.stringify(object));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const host = shellHost({
    name: 'cp1',
    rewrite: (script, root) =>
      script
        .replaceAll(`https://${address}:6443`, `https://127.0.0.1:${port}`)
        .replaceAll('/etc/kubernetes', `${root}/etc`)
        .replaceAll('/var/lib/kubelet', `${root}/kubelet`),
  });
  mkdirSync(join(host.folder, 'etc/pki'), { recursive: true });
  mkdirSync(join(host.folder, 'kubelet/pki'), { recursive: true });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  writeFileSync(join(host.folder, 'etc/pki/ca.crt'), ca);
  writeFileSync(
    join(host.folder, 'etc/admin.conf'),
    `users:\n- name: kubernetes-admin\n  user:\n    client-certificate-data: ${base64(admin.certificate)}\n    client-key-data: ${base64(admin.key)}\n`,
  );
  host.program('kubectl', 'echo "kubectl was not expected: $*" >&2; exit 1');

  return {
    host,
    objects,
    requests,
    answerAll: (answer) => (always = answer),
    caHash: `sha256:${execFileSync('sh', ['-c', 'openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform der | sha256sum'], { cwd: folder, encoding: 'utf8' }).slice(0, 64)}`,
    certificate,
    close: () => {
      server.closeAllConnections();
      server.close();
      host.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** A Node as an API server shows it. */
export const node = (
  name: string,
  ready: { status: string; reason?: string; message?: string } | undefined,
  more: object = {},
) => ({
  metadata: { name, uid: `uid-${name}`, creationTimestamp: '2026-01-05T08:00:00Z', labels: { zone: 'a' } },
  spec: {
    taints: [
      { key: 'dedicated', value: 'x', effect: 'NoSchedule' },
      { key: 'plain', effect: 'NoExecute' },
    ],
  },
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      ...(ready === undefined ? [] : [{ type: 'Ready', ...ready }]),
    ],
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address: '10.0.0.21' },
    ],
    nodeInfo: { kubeletVersion: 'v1.37.1', machineID: 'abc' },
  },
  ...more,
});
