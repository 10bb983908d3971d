import { readFileSync } from 'node:fs';
import ssh2, {
  type AgentAuthMethod,
  type BaseAgent,
  type ParsedKey,
  type PublicKeyEntry,
  type PublicKeyAuthMethod,
} from 'ssh2';
import type { ResolvedHost } from './client-config.js';
import { fingerprint } from './host-key.js';

export interface Identities {
  readonly methods: (PublicKeyAuthMethod | AgentAuthMethod)[];
  /** What is tried and what is left out, and why: one line each, for the error of a refused login. */
  readonly notes: readonly string[];
  /** Key files that are of no use without an agent, as they have a passphrase. */
  readonly encrypted: readonly string[];
}

const readKey = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
};

const parse = (key: Buffer): ParsedKey | Error => {
  const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(key);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error('it holds no key')) : parsed;
};

/** The public half in OpenSSH's own format (PROTOCOL.key): it is readable without the passphrase. */
const publicHalf = (key: Buffer): Buffer | undefined => {
  const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(key.toString('latin1')) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  let at = 'openssh-key-v1\0'.length;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  try {
    for (const _ of ['cipher', 'key derivation', 'its options']) next();
    at += 4; // the number of keys, always 1
    return next();
  } catch {
    return undefined;
  }
};

/** The public half: of FILE.pub, or of FILE, be it a public key or a private one. */
const publicKeyOf = (file: string): Buffer | undefined => {
  for (const path of [`${file}.pub`, file]) {
    const bytes = readKey(path);
    if (bytes === undefined) continue;
    const parsed = parse(bytes);
    const found = parsed instanceof Error ? publicHalf(bytes) : parsed.getPublicSSH();
    if (found !== undefined) return found;
  }
  return undefined;
};

const publicBytes = (listed: string | Buffer | ParsedKey | PublicKeyEntry): Buffer | undefined => {
  let key = listed;
  // Some agents wrap the key, together with a comment.
  while (typeof key === 'object' && !Buffer.isBuffer(key) && 'pubKey' in key) key = key.pubKey as typeof listed;
  const parsed = Buffer.isBuffer(key) ? parse(key) : typeof key === 'string' ? parse(Buffer.from(key)) : key;
  return parsed instanceof Error ? undefined : parsed.getPublicSSH();
};

/** `IdentitiesOnly`: of the agent's keys only those whose public half is configured. */
const onlyKeys = (agent: BaseAgent, allowed: readonly Buffer[]): BaseAgent => {
  const getIdentities = agent.getIdentities.bind(agent);
  agent.getIdentities = (callback) =>
    getIdentities((error, keys) =>
      callback(
        error,
        keys?.filter((key) => {
          const bytes = publicBytes(key);
          return bytes !== undefined && allowed.some((one) => one.equals(bytes));
        }),
      ),
    );
  return agent;
};

/**
 * The ways to log in, in the order of trying: configured key files, then the agent; without configured ones the agent,
 * then the default files. Never a password; the agent is never forwarded.
 */
export const loadIdentities = (host: ResolvedHost): Identities => {
  const notes: string[] = [];
  const encrypted: string[] = [];
  const files: PublicKeyAuthMethod[] = [];
  for (const file of host.identityFiles) {
    const key = readKey(file);
    if (key === undefined) {
      notes.push(`${file}: cannot be read`);
      continue;
    }
    const parsed = parse(key);
    if (parsed instanceof Error) {
      const isEncrypted = /encrypted|passphrase/i.test(parsed.message);
      if (isEncrypted) encrypted.push(file);
      notes.push(
        `${file}: ${isEncrypted ? 'has a passphrase, so it needs an SSH agent' : 'is not a key that can be used'}`,
      );
    } else if (!parsed.isPrivateKey()) {
      notes.push(`${file}: is a public key, so it needs an SSH agent`);
    } else {
      notes.push(`${file}: ${parsed.type} ${fingerprint(parsed.getPublicSSH())}`);
      files.push({ type: 'publickey', username: host.user, key });
    }
  }
  const agents: AgentAuthMethod[] = [];
  if (host.identityAgent === undefined) {
    notes.push('no SSH agent');
  } else {
    const agent: BaseAgent = ssh2.createAgent(host.identityAgent);
    const allowed = host.identityFiles.flatMap((file) => publicKeyOf(file) ?? []);
    notes.push(
      `SSH agent ${host.identityAgent}${host.identitiesOnly ? ', only the keys configured (IdentitiesOnly)' : ''}`,
    );
    agents.push({
      type: 'agent',
      username: host.user,
      agent: host.identitiesOnly ? onlyKeys(agent, allowed) : agent,
    });
  }
  return { methods: host.identitiesConfigured ? [...files, ...agents] : [...agents, ...files], notes, encrypted };
};
