import { callbackify } from 'node:util';
import ssh2, {
  type AgentAuthMethod,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { listAgentKeys, type AgentKey } from './agent-keys.js';
import type { ResolvedHost } from '../config/client-config.js';
import { fingerprint } from '../connection/host-key.js';
import { certificateBeside, isCertificate, isFido, keyTypeOf, parseKey, readIdentityFile } from './file.js';
import type { IdentityFile } from './file.js';
import { orderIdentities, type Candidate } from './order.js';
import { rsaBits } from './rsa.js';

export interface Identities {
  readonly methods: readonly AgentAuthMethod[];
  /** What is offered, in its order, and what is left out, and why: one line each, for the error of a refused login. */
  readonly notes: readonly string[];
  /** Key files that are not used, as others may read them. */
  readonly unprotected: readonly string[];
  /** Key files that are of no use without an agent, as they have a passphrase. */
  readonly encrypted: readonly string[];
}

type Identity = Candidate<IdentityFile, AgentKey>;

const noCertificates = 'OpenSSH certificates are not supported: authorize the key itself';

const whyUnused: Readonly<Record<Exclude<IdentityFile['kind'], 'private'>, string>> = {
  public: 'is a public key, and no SSH agent that is asked holds the private one',
  encrypted: 'has a passphrase, so it needs an SSH agent',
  certificate: noCertificates,
  fido: 'is a FIDO key, which is not supported',
  unusable: 'is not a key that can be used',
  unreadable: 'cannot be read',
  unprotected: 'UNPROTECTED PRIVATE KEY FILE: others may read it, so it is not used, as with ssh',
};

/** The public half of a key that can be offered; otherwise why not. */
const publicOf = ({ blob }: AgentKey): ParsedKey | string => {
  const type = keyTypeOf(blob);
  if (isCertificate(type)) return noCertificates;
  if (isFido(type)) return 'FIDO keys are not supported';
  const parsed = parseKey(blob);
  return parsed instanceof Error ? `${type} is not supported` : parsed;
};

/** The signature algorithms of a key, and their digests as the SSH library names them. */
const signatures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ssh-rsa': { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512', 'ssh-rsa': 'sha1' },
};

/** Why the configuration keeps a key from being used; undefined when it does not. */
const whyRefused = (key: ParsedKey, { algorithms, minRsaBits }: ResolvedHost): string | undefined => {
  const bits = rsaBits(key.getPublicSSH());
  if (bits !== undefined && bits < minRsaBits) {
    return `an RSA key of ${bits} bits, and RequiredRSASize of the SSH configuration wants ${minRsaBits}`;
  }
  const allowed = algorithms.userKey;
  if (
    allowed === undefined ||
    Object.keys(signatures[key.type] ?? { [key.type]: '' }).some((one) => allowed.includes(one))
  ) {
    return undefined;
  }
  return `${key.type}, which PubkeyAcceptedAlgorithms of the SSH configuration leaves out`;
};

/** Whether a key may sign with that digest. */
const maySign = (key: ParsedKey, hash: string | undefined, { algorithms }: ResolvedHost): boolean => {
  const [algorithm = key.type] = Object.entries(signatures[key.type] ?? {}).find(([, one]) => one === hash) ?? [];
  return algorithms.userKey?.includes(algorithm) ?? true;
};

/**
 * All keys as one agent, since the SSH library asks an agent for its keys first and takes them in its order: keys of the
 * real agent and of files stand between each other.
 */
class KeyRing extends ssh2.BaseAgent<ParsedKey> {
  readonly notes: string[] = [];
  private readonly identities = new Map<string, Identity>();

  constructor(
    private readonly host: ResolvedHost,
    private readonly files: readonly IdentityFile[],
  ) {
    super();
  }

  private async agentKeys(socket: string): Promise<readonly AgentKey[]> {
    try {
      return await listAgentKeys(socket);
    } catch (error) {
      this.notes.push(`SSH agent ${socket}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  /** What the library is to offer for an identity; notes what it is, or why there is nothing to offer. */
  private offer({ file, key }: Identity): readonly ParsedKey[] {
    const name = file?.file ?? '';
    if (key !== undefined) {
      const parsed = publicOf(key);
      const why = typeof parsed === 'string' ? parsed : whyRefused(parsed, this.host);
      const from = `SSH agent: ${key.comment}${file === undefined ? '' : ` (${name})`}`;
      this.notes.push(`${from}: ${why ?? `${keyTypeOf(key.blob)} ${fingerprint(key.blob)}`}`);
      return typeof parsed === 'string' || why !== undefined ? [] : [parsed];
    }
    if (file?.kind === 'unreadable' && !this.host.identitiesConfigured) return [];
    if (file?.key === undefined) {
      this.notes.push(
        `${name}: ${whyUnused[file?.kind === undefined || file.kind === 'private' ? 'unusable' : file.kind]}`,
      );
      return [];
    }
    const why = whyRefused(file.key, this.host);
    this.notes.push(`${name}: ${why ?? `${file.key.type} ${fingerprint(file.key.getPublicSSH())}`}`);
    return why === undefined ? [file.key] : [];
  }

  private async list(): Promise<ParsedKey[]> {
    const { identityAgent, identitiesOnly } = this.host;
    const held = identityAgent === undefined ? [] : await this.agentKeys(identityAgent);
    const found = orderIdentities(this.files, held, identitiesOnly).flatMap((identity) =>
      this.offer(identity).map((key) => {
        this.identities.set(key.getPublicSSH().toString('base64'), identity);
        return key;
      }),
    );
    if (found.length === 0 && !this.host.identitiesConfigured) {
      this.notes.push(`none of the default keys: ${this.host.identityFiles.join(', ')}`);
    }
    if (identityAgent === undefined) this.notes.push('no SSH agent');
    else if (identitiesOnly) this.notes.push(`SSH agent ${identityAgent}: only the keys configured (IdentitiesOnly)`);
    return found;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callbackify(() => this.list())((error, keys) => callback(error ?? undefined, keys));
  }

  override sign(
    publicKey: ParsedKey,
    data: Buffer,
    given: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof given === 'function' ? given : callback;
    const options = typeof given === 'function' ? {} : given;
    const identity = this.identities.get(publicKey.getPublicSSH().toString('base64'));
    const signHere = (otherwise: Error): void => {
      const signature = identity?.file?.key?.sign(data, options.hash) ?? otherwise;
      if (signature instanceof Error) done?.(signature);
      else done?.(undefined, signature);
    };
    if (!maySign(publicKey, options.hash, this.host)) {
      const text = `the host wants a signature by ${options.hash}, which PubkeyAcceptedAlgorithms leaves out`;
      done?.(new Error(`${publicKey.type} ${fingerprint(publicKey.getPublicSSH())}: ${text}`));
      return;
    }
    const socket = this.host.identityAgent;
    if (identity?.key === undefined || socket === undefined) return signHere(new Error('no private key'));
    new ssh2.OpenSSHAgent(socket).sign(publicKey, data, options, (error, signature) => {
      if (error instanceof Error) signHere(new Error(`SSH agent, ${identity.key?.comment}: ${error.message}`));
      else done?.(undefined, signature);
    });
  }
}

/**
 * The keys to log in with, in OpenSSH's order: see `orderIdentities`. Never a password; the agent is never forwarded.
 * Files are read at once, the agent is asked when the host wants a key.
 */
export const loadIdentities = (host: ResolvedHost): Identities => {
  if (host.offersNoKeys !== undefined) {
    return {
      methods: [],
      notes: [`${host.offersNoKeys} in the SSH configuration: no key is offered`],
      encrypted: [],
      unprotected: [],
    };
  }
  const files = host.identityFiles.map(readIdentityFile);
  const ring = new KeyRing(host, files);
  const beside =
    host.certificateFiles.length > 0 ? [] : host.identityFiles.flatMap((path) => certificateBeside(path) ?? []);
  for (const path of [...host.certificateFiles, ...beside]) ring.notes.push(`${path}: ${noCertificates}`);
  ring.notes.push(...host.notFollowed);
  return {
    methods: [{ type: 'agent', username: host.user, agent: ring }],
    notes: ring.notes,
    unprotected: files.filter(({ kind }) => kind === 'unprotected').map(({ file }) => file),
    encrypted: files.filter(({ kind }) => kind === 'encrypted').map(({ file }) => file),
  };
};
