import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCertificateExpiry, readKubeletCertificate } from '../../../adapters/kubernetes/certificates.js';
import { diagnoseCertificateRequests } from '../../../adapters/kubernetes/csrs.js';
import { address, fakeApiServer } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

let api: FakeApiServer;
beforeAll(async () => {
  api = await fakeApiServer();
});
afterAll(() => api.close());

const put = (pem: string): void => writeFileSync(join(api.host.folder, 'kubelet/pki/kubelet-client-current.pem'), pem);

describe("the kubelet's client certificate", () => {
  test('there is none', async () => {
    expect(await readKubeletCertificate(api.host)).toEqual({ caHash: api.caHash, verified: false, subject: '' });
  });

  test("of this cluster's CA; the key beside it never leaves the host", async () => {
    const { certificate, key } = api.certificate('/O=system:nodes/CN=system:node:w1');
    put(`${certificate}${key}`);
    let printed = '';
    const host = {
      ...api.host,
      run: async (script: string) => {
        const outcome = await api.host.run(script);
        printed = outcome.stdout;
        return outcome;
      },
    };
    expect(await readKubeletCertificate(host)).toEqual({
      caHash: api.caHash,
      verified: true,
      subject: 'CN=system:node:w1,O=system:nodes',
    });
    expect(printed).not.toContain('PRIVATE KEY');
  });

  test('of another CA of the same name', async () => {
    const other = await fakeApiServer();
    put(other.certificate('/O=system:nodes/CN=system:node:w1').certificate);
    other.close();
    expect(await readKubeletCertificate(api.host)).toMatchObject({ verified: false, caHash: api.caHash });
  });

  test('that is no certificate', async () => {
    put('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    expect(await readKubeletCertificate(api.host)).toMatchObject({ verified: false, subject: '' });
  });
});

test('when the certificates of a control-plane host expire', async () => {
  // kubeadm 1.37.1; the warning comes first where standard error is joined.
  api.host.program(
    'kubeadm',
    `echo 'W1123 configset.go:77] Warning: No kubeproxy.config.k8s.io/v1alpha1 config is loaded.'
echo '{"kind":"CertificateExpirationInfo","certificates":[{"name":"admin.conf","expirationDate":"2027-11-23T06:25:32Z","residualTime":31535478,"missing":false},{"name":"gone","missing":true}]}'`,
  );
  expect(await readCertificateExpiry(api.host)).toEqual({
    certificates: [{ name: 'admin.conf', expiresAt: '2027-11-23T06:25:32.000Z', externallyManaged: false }],
    authorities: [],
  });
});

test('R24: and its CAs, on a host that joined, which has no super-admin.conf', async () => {
  // kubeadm 1.37.1 on cp2.
  api.host.program(
    'kubeadm',
    `cat <<'JSON'
{ "kind": "CertificateExpirationInfo", "apiVersion": "output.kubeadm.k8s.io/v1alpha3",
  "certificates": [
    { "name": "apiserver", "expirationDate": "2027-11-23T06:25:32Z", "residualTime": 31535478, "externallyManaged": false, "missing": false, "caName": "ca" },
    { "name": "super-admin.conf", "expirationDate": null, "residualTime": 0, "externallyManaged": false, "missing": true } ],
  "certificateAuthorities": [
    { "name": "ca", "expirationDate": "2036-11-20T06:20:32Z", "residualTime": 315359478, "externallyManaged": false, "missing": false },
    { "name": "etcd-ca", "expirationDate": "2036-11-20T06:20:33Z", "residualTime": 315359479, "externallyManaged": true, "missing": false },
    { "name": "front-proxy-ca", "expirationDate": null, "residualTime": 0, "externallyManaged": false, "missing": true } ] }
JSON`,
  );
  expect(await readCertificateExpiry(api.host)).toEqual({
    certificates: [{ name: 'apiserver', expiresAt: '2027-11-23T06:25:32.000Z', externallyManaged: false }],
    authorities: [
      { name: 'ca', expiresAt: '2036-11-20T06:20:32.000Z', externallyManaged: false },
      { name: 'etcd-ca', expiresAt: '2036-11-20T06:20:33.000Z', externallyManaged: true },
    ],
  });
});

describe('a TLS bootstrap that hangs', () => {
  const request = (node: string): string => {
    const pem = execFileSync(
      'openssl',
      [
        'req',
        '-new',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        '/dev/null',
        '-subj',
        `/O=system:nodes/CN=system:node:${node}`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return Buffer.from(pem).toString('base64');
  };
  const w1 = request('w1');
  const csr = (name: string, status: object, of: { username?: string; request?: string; age?: number } = {}) => ({
    metadata: { name, creationTimestamp: new Date(Date.now() - (of.age ?? 0)).toISOString() },
    spec: { username: of.username ?? 'system:bootstrap:abcdef', request: of.request ?? w1 },
    status,
  });
  const diagnose = (items: readonly object[], node = 'w1'): Promise<string> => {
    api.objects.set('/apis/certificates.k8s.io/v1/certificatesigningrequests', { items });
    return diagnoseCertificateRequests(api.host, address, new Date(Date.now() - 60_000), node);
  };
  const approved = { conditions: [{ type: 'Approved' }] };

  test.each([
    ['none', [], /no certificate request has arrived/],
    ['one that nobody approved', [csr('csr-1', {})], /csr-1 is pending/],
    ['one that nobody signed', [csr('csr-1', approved)], /csr-1 is approved but not signed/],
    ['one that is signed', [csr('csr-1', { ...approved, certificate: 'x' })], /csr-1 is signed/],
    [
      'one that was denied',
      [csr('csr-1', { conditions: [{ type: 'Denied', message: 'by hand' }] })],
      /csr-1 is denied: by hand/,
    ],
    [
      'one of a kubelet that renews its certificate',
      [csr('csr-1', {}, { username: 'system:node:w1' })],
      /no certificate request/,
    ],
    ['one of an earlier join', [csr('csr-1', {}, { age: 3_600_000 })], /no certificate request/],
    ['the latest of two', [csr('csr-2', {}), csr('csr-1', approved, { age: 20_000 })], /csr-2 is pending/],
  ])('%s', async (_, items, expected) => {
    expect(await diagnose(items)).toMatch(expected);
  });

  test('requests of other nodes that join at the same time are not this one’s', async () => {
    const others = [csr('csr-10', approved, { request: request('w10') }), csr('csr-2', {}, { request: request('w2') })];
    expect(await diagnose(others)).toMatch(/no certificate request/);
    expect(await diagnose(others, 'w10')).toMatch(/csr-10/);
  });
});
