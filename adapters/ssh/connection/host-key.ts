import { createHash, timingSafeEqual } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { QuorateError } from '../../../model/failures/failure.js';
import type { ResolvedHost } from '../config/client-config.js';
import { rsaBits } from '../identity/rsa.js';
import { findKnownKeys, knownHostName, type KnownKey } from './known-hosts.js';

/**
 * Decides about the key that a host presents. Synchronous on purpose: the SSH library takes anything but `false` for
 * consent, a Promise too.
 */
export type HostKeyVerifier = (key: Buffer) => boolean;

/** Consent is `true` and nothing else; an exception refuses. */
export const strictVerifier =
  (verify: HostKeyVerifier): HostKeyVerifier =>
  (key) => {
    try {
      return verify(key) === true;
    } catch {
      return false;
    }
  };

/** As `ssh-keygen -l` prints it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

const keyType = (key: Buffer): string =>
  key.length < 4 ? 'unknown' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const keyTypeOf = (algorithm: ServerHostKeyAlgorithm): string => (algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);

/**
 * Host key algorithms to offer: those of the known keys, so that a host with several keys presents a known one. All
 * others that are allowed follow, so that a host whose key was changed for one of another type can be told from one that
 * is broken. An order that HostKeyAlgorithms gives goes before, as with `ssh`.
 */
const algorithmsFor = (known: readonly KnownKey[], { algorithms }: ResolvedHost): ServerHostKeyAlgorithm[] => {
  const { hostKey: allowed, hostKeyOrdered } = algorithms;
  if (hostKeyOrdered) return [...allowed];
  const types = new Set(known.filter((key) => !key.revoked).map((key) => key.type));
  const isKnown = (algorithm: ServerHostKeyAlgorithm): boolean => types.has(keyTypeOf(algorithm));
  return [...allowed.filter(isKnown), ...allowed.filter((algorithm) => !isKnown(algorithm))];
};

export interface HostKeyCheck {
  readonly algorithms: ServerHostKeyAlgorithm[];
  readonly verify: HostKeyVerifier;
  /** Why the key was refused; absent when it was not, or none was presented. */
  refusal(): QuorateError | undefined;
}

const place = (key: KnownKey): string => `${key.file}:${key.line}`;

const refuse = (host: ResolvedHost, lookup: string, offered: Buffer, known: readonly KnownKey[]): QuorateError => {
  const presented = `${keyType(offered)} ${fingerprint(offered)}`;
  const file = host.userKnownHostsFiles[0] ?? '~/.ssh/known_hosts';
  const relaxed = [
    ...(host.hostKeyCheckingRelaxed
      ? ['StrictHostKeyChecking is relaxed in the SSH configuration; Quorate verifies host keys all the same']
      : []),
    ...host.notFollowed,
  ];
  const revoked = known.find((key) => key.revoked && same(key.key, offered));
  if (revoked !== undefined) {
    return new QuorateError('HostKeyMismatch', `${host.name} presents a revoked host key: ${presented}`, {
      host: host.name,
      remedy: `${place(revoked)} revokes it: give ${host.name} a new host key, or remove that line if it is wrong`,
      evidence: relaxed,
    });
  }
  const bits = rsaBits(offered);
  if (bits !== undefined && bits < host.minRsaBits) {
    return new QuorateError('HostUnsuitable', `${host.name} presents an RSA host key of ${bits} bits: ${presented}`, {
      host: host.name,
      remedy: `give ${host.name} an ed25519 host key (\`ssh-keygen -A\` there), or one of at least ${host.minRsaBits} bits (RequiredRSASize)`,
    });
  }
  const trusted = known.filter((key) => !key.revoked);
  const first = trusted[0];
  if (first === undefined) {
    const port = host.port === 22 ? '' : `-p ${host.port} `;
    return new QuorateError('HostKeyUnknown', `the host key of ${host.name} is not known: it presents ${presented}`, {
      host: host.name,
      remedy:
        host.proxy.kind === 'none' && host.hostKeyAlias === undefined
          ? `compare the fingerprint with the host's own (\`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub\` there), then \`ssh-keyscan ${port}${host.hostName} >> ${file}\``
          : `compare the fingerprint with the host's own (\`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub\` there), then accept it with \`ssh ${host.name} true\`, or add the key to ${file} as ${lookup}`,
      evidence: [
        `looked for ${lookup} in ${[...host.userKnownHostsFiles, ...host.globalKnownHostsFiles].join(', ')}`,
        ...relaxed,
      ],
    });
  }
  return new QuorateError(
    'HostKeyMismatch',
    `${host.name} presents another host key than the known one: ${presented}, but ${place(first)} has ${first.type} ${fingerprint(first.key)}`,
    {
      host: host.name,
      remedy: `if ${host.name} was installed anew and the presented fingerprint is its own, \`ssh-keygen -R '${lookup}' -f ${first.file}\` and add the new key; otherwise something stands between`,
      evidence: [...trusted.map((key) => `${place(key)}: ${key.type} ${fingerprint(key.key)}`), ...relaxed],
    },
  );
};

/** Looks up the host's known keys; what it returns serves one connection. */
export const createHostKeyCheck = (host: ResolvedHost): HostKeyCheck => {
  const name = host.hostKeyAlias ?? host.hostName;
  // As ssh does: an alias is looked up without the port.
  const port = host.hostKeyAlias === undefined ? host.port : 22;
  const known = [
    ...findKnownKeys([...host.userKnownHostsFiles, ...host.globalKnownHostsFiles], name, port),
    ...host.revokedKeys,
  ];
  let refused: Buffer | undefined;
  return {
    algorithms: algorithmsFor(known, host),
    verify: strictVerifier((key) => {
      refused = key;
      if (known.some((entry) => entry.revoked && same(entry.key, key))) return false;
      if ((rsaBits(key) ?? Infinity) < host.minRsaBits) return false;
      if (!known.some((entry) => !entry.revoked && same(entry.key, key))) return false;
      refused = undefined;
      return true;
    }),
    refusal: () => (refused === undefined ? undefined : refuse(host, knownHostName(name, port), refused, known)),
  };
};
