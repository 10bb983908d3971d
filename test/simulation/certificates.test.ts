import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  issue,
  makeCa,
  makeSigningRequest,
  newKey,
  publicKeyHash,
  readSigningRequest,
} from '../../lab/simulation/certificates/certificates.js';
import { caHashOfPem } from '../../adapters/host/ca-hash.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const now = Date.now();
const year = 365 * 86_400_000;
const ca = makeCa({ commonName: 'kubernetes', notBefore: now - 300_000, notAfter: now + 10 * year });

describe('certificates of simulated clusters', () => {
  it('are issued by their CA, for the names and addresses that were asked for', () => {
    const { certificate, key } = issue(ca, {
      commonName: 'kube-apiserver',
      dnsNames: ['cp1', 'kubernetes.default.svc'],
      addresses: ['10.203.0.11', '::1'],
      notBefore: now,
      notAfter: now + 30 * year,
      usage: 'server',
    });
    const [leaf, authority] = [new X509Certificate(certificate), new X509Certificate(ca.certificate)];
    expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect([leaf.checkHost('cp1'), leaf.checkIP('10.203.0.11'), leaf.checkIP('10.203.0.12')]).toEqual([
      'cp1',
      '10.203.0.11',
      undefined,
    ]);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(Math.abs(Date.parse(leaf.validTo) - now - 30 * year)).toBeLessThan(1000);
    expect(publicKeyHash(ca.certificate)).toBe(caHashOfPem(ca.certificate));
  });

  it('are signed for a request', () => {
    const key = newKey();
    const request = makeSigningRequest({ commonName: 'system:node:w1', organizations: ['system:nodes'] }, key);
    const read = readSigningRequest(request);
    expect(read).toMatchObject({ commonName: 'system:node:w1', organizations: ['system:nodes'] });
    const { certificate } = issue(
      ca,
      { ...read, notBefore: now, notAfter: now + year, usage: 'client' },
      read.publicKey,
    );
    const leaf = new X509Certificate(certificate);
    expect(leaf.subject).toBe('O=system:nodes\nCN=system:node:w1');
    expect(leaf.checkPrivateKey(key)).toBe(true);
  });

  it('are understood by openssl', () => {
    const folder = temporaryFolder();
    const write = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const request = makeSigningRequest({ commonName: 'system:node:w1', organizations: ['system:nodes'] }, newKey());
    const { certificate } = issue(ca, { commonName: 'x', notBefore: now, notAfter: now + year, usage: 'both' });
    const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
    expect(openssl('verify', '-CAfile', write('ca.crt', ca.certificate), write('x.crt', certificate))).toContain('OK');
    expect(openssl('req', '-noout', '-verify', '-subject', '-in', write('x.csr', request))).toMatch(
      /system:nodes.*system:node:w1/,
    );
  });
});
