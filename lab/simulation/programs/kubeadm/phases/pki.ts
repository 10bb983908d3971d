import { issue, keyPem, makeCa, newKey } from '../../../certificates/certificates.js';
import type { KeyPair } from '../../../certificates/certificates.js';
import { createPublicKey } from 'node:crypto';
import { issuedBy } from '../../../network/http-client.js';
import type { Process } from '../../../system/process.js';
import { CommandFailure, say } from '../output.js';

export const pkiFolder = '/etc/kubernetes/pki';
const yearMs = 365 * 86_400_000;
const backdateMs = 300_000;

const caFiles = ['ca', 'front-proxy-ca', 'etcd/ca'] as const;
type CaName = (typeof caFiles)[number];

const caNames: Readonly<Record<CaName, string>> = {
  ca: 'kubernetes',
  'front-proxy-ca': 'front-proxy-ca',
  'etcd/ca': 'etcd-ca',
};

/** Who the certificates of a control-plane host are for. */
export interface PkiOptions {
  readonly nodeName: string;
  readonly advertiseAddress: string;
  readonly endpoint: string | undefined;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  readonly extraNames: readonly string[];
}

const write = (process: Process, name: string, { certificate, key }: KeyPair): void => {
  const { files } = process.machine;
  const path = `${pkiFolder}/${name}`;
  files.makeDirectories(path.replace(/\/[^/]*$/, ''));
  files.write(`${path}.crt`, certificate, 0o644);
  files.write(`${path}.key`, key, 0o600);
};

const read = (process: Process, name: string): KeyPair | undefined => {
  const [certificate, key] = ['crt', 'key'].map((extension) =>
    process.machine.files.readIfThere(`${pkiFolder}/${name}.${extension}`),
  );
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
};

/** The CA of a host. @throws CommandFailure when it is not there */
export const readCa = (process: Process, name: CaName = 'ca'): KeyPair => {
  const found = read(process, name);
  if (found === undefined)
    throw new CommandFailure(
      `failed to load certificate: couldn't load the certificate file ${pkiFolder}/${name}.crt: open ${pkiFolder}/${name}.crt: no such file or directory`,
    );
  return found;
};

/** CAs and the service-account key of a new cluster. */
const makeCas = (process: Process): void => {
  for (const name of caFiles) {
    if (read(process, name) !== undefined) continue;
    const now = process.machine.now();
    write(
      process,
      name,
      makeCa({
        commonName: caNames[name],
        dnsNames: [caNames[name]],
        notBefore: now - backdateMs,
        notAfter: now + 10 * yearMs,
      }),
    );
  }
  const { files } = process.machine;
  if (files.exists(`${pkiFolder}/sa.key`)) return;
  const key = newKey();
  files.write(`${pkiFolder}/sa.key`, keyPem(key), 0o600);
  files.write(`${pkiFolder}/sa.pub`, String(createPublicKey(key).export({ type: 'spki', format: 'pem' })), 0o600);
};

interface Leaf {
  readonly name: string;
  readonly ca: CaName;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usage: 'server' | 'client' | 'both';
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

const isAddress = (text: string): boolean => /^[\d.]+$/.test(text) || text.includes(':');

const leaves = (of: PkiOptions): readonly Leaf[] => {
  const endpointHost = of.endpoint?.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '');
  const serviceAddress = of.serviceSubnet.split(',')[0]?.replace(/\.\d+\/\d+$/, '.1') ?? '10.96.0.1';
  const extra = [...(endpointHost === undefined ? [] : [endpointHost]), ...of.extraNames];
  const local = { dnsNames: [of.nodeName, 'localhost'], addresses: [of.advertiseAddress, '127.0.0.1', '::1'] };
  return [
    {
      name: 'apiserver',
      ca: 'ca',
      commonName: 'kube-apiserver',
      usage: 'server',
      dnsNames: [
        of.nodeName,
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${of.dnsDomain}`,
        ...extra.filter((name) => !isAddress(name)),
      ],
      addresses: [serviceAddress, of.advertiseAddress, ...extra.filter(isAddress)],
    },
    {
      name: 'apiserver-kubelet-client',
      ca: 'ca',
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['kubeadm:cluster-admins'],
      usage: 'client',
    },
    { name: 'front-proxy-client', ca: 'front-proxy-ca', commonName: 'front-proxy-client', usage: 'client' },
    { name: 'etcd/server', ca: 'etcd/ca', commonName: of.nodeName, usage: 'both', ...local },
    { name: 'etcd/peer', ca: 'etcd/ca', commonName: of.nodeName, usage: 'both', ...local },
    { name: 'etcd/healthcheck-client', ca: 'etcd/ca', commonName: 'kube-etcd-healthcheck-client', usage: 'client' },
    { name: 'apiserver-etcd-client', ca: 'etcd/ca', commonName: 'kube-apiserver-etcd-client', usage: 'client' },
  ];
};

const makeLeaf = (process: Process, leaf: Leaf): void => {
  const existing = read(process, leaf.name);
  const ca = readCa(process, leaf.ca);
  if (existing !== undefined) {
    say(process, `[certs] Using existing ${leaf.name} certificate and key on disk`);
    if (!issuedBy(existing.certificate, ca.certificate))
      throw new CommandFailure(`[certs] certificate ${leaf.name} is not signed by corresponding CA`);
    return;
  }
  const now = process.machine.now();
  write(process, leaf.name, issue(ca, { ...leaf, notBefore: now - backdateMs, notAfter: now + yearMs }));
  say(process, `[certs] Generating "${leaf.name}" certificate and key`);
  if (leaf.dnsNames !== undefined)
    say(
      process,
      `[certs] ${leaf.name} serving cert is signed for DNS names [${leaf.dnsNames.join(' ')}] and IPs [${leaf.addresses?.join(' ')}]`,
    );
};

/** Phase `certs` of `init`. @throws CommandFailure */
export const certsOfInit = (process: Process, options: PkiOptions): void => {
  say(process, `[certs] Using certificateDir folder "${pkiFolder}"`);
  const existing = read(process, 'ca') !== undefined;
  makeCas(process);
  const all = leaves(options);
  const printed = new Set<CaName>();
  for (const leaf of all) {
    if (!printed.has(leaf.ca))
      say(
        process,
        existing
          ? `[certs] Using existing ${leaf.ca} certificate authority`
          : `[certs] Generating "${leaf.ca}" certificate and key`,
      );
    printed.add(leaf.ca);
    makeLeaf(process, leaf);
  }
  say(process, existing ? '[certs] Using the existing "sa" key' : '[certs] Generating "sa" key and public key');
};

/** Phase `control-plane-prepare/certs` of `join`. @throws CommandFailure */
export const certsOfJoin = (process: Process, options: PkiOptions): void => {
  say(process, `[certs] Using certificateDir folder "${pkiFolder}"`);
  for (const leaf of leaves(options)) makeLeaf(process, leaf);
  say(
    process,
    `[certs] Valid certificates and keys now exist in "${pkiFolder}"`,
    '[certs] Using the existing "sa" key',
  );
};

/** Files that all control-plane hosts of a cluster share, by the name in the Secret. */
export const sharedFiles: Readonly<Record<string, { readonly path: string; readonly mode: number }>> =
  Object.fromEntries([
    ...caFiles.flatMap((name) =>
      ['crt', 'key'].map((extension) => [
        `${name.replace('/', '-')}.${extension}`,
        { path: `${pkiFolder}/${name}.${extension}`, mode: extension === 'key' ? 0o600 : 0o644 },
      ]),
    ),
    ['sa.pub', { path: `${pkiFolder}/sa.pub`, mode: 0o600 }],
    ['sa.key', { path: `${pkiFolder}/sa.key`, mode: 0o600 }],
  ]) as Record<string, { path: string; mode: number }>;
