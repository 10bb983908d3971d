import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  bits,
  boolean,
  elements,
  fromPem,
  integer,
  objectIdentifier,
  octets,
  pem,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from './der.js';

// X.509 certificates of elliptic-curve keys, as kubeadm makes them with `encryptionAlgorithm: ECDSA-P256`: a tenth of
// a millisecond each, where RSA takes tens.

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export interface CertificateRequest extends Subject {
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly usage: 'ca' | 'server' | 'client' | 'both';
}

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

const attribute = (identifier: string, value: string): Buffer =>
  set(sequence(objectIdentifier(identifier), utf8(value)));

const nameOf = ({ commonName, organizations = [] }: Subject): Buffer =>
  sequence(...organizations.map((one) => attribute('2.5.4.10', one)), attribute('2.5.4.3', commonName));

const addressBytes = (address: string): Buffer => {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const filled = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(filled.flatMap((group) => [group >> 8, group & 0xff]));
};

const extension = (identifier: string, critical: boolean, value: Buffer): Buffer =>
  sequence(objectIdentifier(identifier), ...(critical ? [boolean(true)] : []), octets(value));

const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

const extensionsOf = (
  { usage, dnsNames = [], addresses = [] }: CertificateRequest,
  publicKey: Buffer,
  issuerKey: Buffer,
) => {
  const identifier = (key: Buffer): Buffer => createHash('sha1').update(key).digest();
  const names = [
    ...dnsNames.map((name) => tagged(2, Buffer.from(name), true)),
    ...addresses.map((address) => tagged(7, addressBytes(address), true)),
  ];
  const extended = usage === 'both' ? [purposes.server, purposes.client] : usage === 'ca' ? [] : [purposes[usage]];
  return sequence(
    extension('2.5.29.15', true, usage === 'ca' ? bits(Buffer.from([0xa4]), 2) : bits(Buffer.from([0xa0]), 5)),
    ...(extended.length === 0 ? [] : [extension('2.5.29.37', false, sequence(...extended.map(objectIdentifier)))]),
    extension('2.5.29.19', true, usage === 'ca' ? sequence(boolean(true)) : sequence()),
    ...(usage === 'ca' ? [extension('2.5.29.14', false, octets(identifier(publicKey)))] : []),
    extension('2.5.29.35', false, sequence(tagged(0, identifier(issuerKey), true))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names))]),
  );
};

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const signed = (content: Buffer, key: KeyObject): Buffer =>
  sequence(content, ecdsaWithSha256, bits(sign('sha256', content, key)));

const certify = (
  request: CertificateRequest,
  publicKey: KeyObject,
  issuer: { readonly name: Buffer; readonly key: KeyObject },
): string => {
  const subjectKey = spki(publicKey);
  const content = sequence(
    tagged(0, integer(2)),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    issuer.name,
    sequence(time(request.notBefore), time(request.notAfter)),
    nameOf(request),
    subjectKey,
    tagged(3, extensionsOf(request, subjectKey, spki(createPublicKey(issuer.key)))),
  );
  return pem('CERTIFICATE', signed(content, issuer.key));
};

export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export const keyPem = (key: KeyObject): string => String(key.export({ type: 'sec1', format: 'pem' }));

/** A certificate authority that signed itself. */
export const makeCa = (request: Omit<CertificateRequest, 'usage'>): KeyPair => {
  const key = newKey();
  const certificate = certify({ ...request, usage: 'ca' }, createPublicKey(key), { name: nameOf(request), key });
  return { certificate, key: keyPem(key) };
};

/** Name of the subject of a certificate, encoded. */
const subjectName = (certificate: string): Buffer => {
  const [content] = elements(elements(fromPem(certificate))[0]?.content ?? Buffer.alloc(0));
  // version, serial number, algorithm, issuer, validity, subject
  return elements(content?.content ?? Buffer.alloc(0))[5]?.whole ?? sequence();
};

/** A certificate that a CA issues for a new key, or for the one that is given. */
export const issue = (ca: KeyPair, request: CertificateRequest, publicKey?: KeyObject): KeyPair => {
  const key = publicKey === undefined ? newKey() : undefined;
  const certificate = certify(request, publicKey ?? createPublicKey(key as KeyObject), {
    name: subjectName(ca.certificate),
    key: createPrivateKey(ca.key),
  });
  return { certificate, key: key === undefined ? '' : keyPem(key) };
};

/** A certificate signing request, PEM. */
export const makeSigningRequest = (subject: Subject, key: KeyObject): string => {
  const content = sequence(integer(0), nameOf(subject), spki(createPublicKey(key)), tagged(0, Buffer.alloc(0)));
  return pem('CERTIFICATE REQUEST', signed(content, key));
};

const textOf = (name: Buffer, identifier: string): string[] =>
  elements(name).flatMap(({ content: relative }) =>
    elements(relative).flatMap(({ content }) => {
      const [type, value] = elements(content);
      return type !== undefined && value !== undefined && type.whole.equals(objectIdentifier(identifier))
        ? [value.content.toString('utf8')]
        : [];
    }),
  );

/** Who asks in a signing request, and for which key. */
export const readSigningRequest = (text: string): Required<Subject> & { readonly publicKey: KeyObject } => {
  const [content] = elements(elements(fromPem(text))[0]?.content ?? Buffer.alloc(0));
  const [, name, key] = elements(content?.content ?? Buffer.alloc(0));
  if (name === undefined || key === undefined) throw new Error('no certificate signing request');
  return {
    commonName: textOf(name.content, '2.5.4.3')[0] ?? '',
    organizations: textOf(name.content, '2.5.4.10'),
    publicKey: createPublicKey({ key: key.whole, format: 'der', type: 'spki' }),
  };
};

/** `sha256:<hex>` of a certificate's public key, as kubeadm pins CAs. */
export const publicKeyHash = (certificate: string): string =>
  `sha256:${createHash('sha256')
    .update(spki(createPublicKey(certificate)))
    .digest('hex')}`;
