import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client } from 'ssh2';
import type { ResolvedHost } from '../config/client-config.js';
import { connectFailure, messageOf, unreachable, type SshError } from './connect-failure.js';
import { createHostKeyCheck } from './host-key.js';
import { loadIdentities } from '../identity/identity.js';
import { renewKeys } from './rekey.js';

export interface ConnectionSettings {
  readonly keepaliveIntervalMs: number;
  readonly keepaliveCountMax: number;
  readonly readyTimeoutMs: number;
}

/** What carries the connection instead of a TCP connection of its own. */
export interface Transport {
  readonly socket: Duplex;
  /** What the carrier says when it fails. */
  readonly complaint?: () => Promise<string | undefined>;
}

export interface Connection {
  readonly host: ResolvedHost;
  readonly client: Client;
  isAlive(): boolean;
  /** The listener is called once, with the cause; returns the way to take it back. */
  onLost(listener: (cause: string) => void): () => void;
  close(): void;
}

const wayTo = ({ hostName, port, family, localAddress }: ResolvedHost) => ({
  host: hostName,
  port,
  forceIPv4: family === 4,
  forceIPv6: family === 6,
  ...(localAddress === undefined ? {} : { localAddress }),
});

/** What the configuration allows; the library's own where it says nothing. */
const algorithmsOf = ({ algorithms: { kex, cipher, mac } }: ResolvedHost): Algorithms => ({
  ...(kex === undefined ? {} : { kex: [...kex] }),
  ...(cipher === undefined ? {} : { cipher: [...cipher] }),
  ...(mac === undefined ? {} : { hmac: [...mac] }),
});

/** One key or one agent that does not work is no reason to give up the others. */
const isAboutOneKey = (error: SshError): boolean =>
  error.level === 'agent' || /^Error (while )?signing/.test(error.message);

/**
 * Connects and logs in.
 * @throws QuorateError Unreachable, UnknownHost, HostKeyUnknown, HostKeyMismatch, AuthenticationFailed, HostUnsuitable
 */
export const openConnection = (
  host: ResolvedHost,
  settings: ConnectionSettings,
  transport?: Transport,
): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const hostKey = createHostKeyCheck(host);
    const identities = loadIdentities(host);
    const keyErrors: string[] = [];
    const client = new ssh2.Client();
    const lostListeners = new Set<(cause: string) => void>();
    let state: 'opening' | 'open' | 'gone' = 'opening';
    let stopRenewing = (): void => undefined;
    let lostBecause: string | undefined;

    const failToOpen = async (error: SshError): Promise<void> => {
      const notes = [...identities.notes, ...keyErrors];
      const failure = hostKey.refusal() ?? connectFailure(host, { ...identities, notes }, error);
      if (failure.type !== 'Unreachable' || transport?.complaint === undefined) return reject(failure);
      const complaint = await transport.complaint();
      reject(complaint === undefined ? failure : unreachable(host, `its ProxyCommand failed: ${complaint}`, error));
    };
    const gone = (error: SshError): void => {
      if (state === 'gone') return;
      const wasOpen = state === 'open';
      state = 'gone';
      stopRenewing();
      client.destroy();
      transport?.socket.destroy();
      if (!wasOpen) return void failToOpen(error);
      lostBecause = messageOf(error);
      // What has already arrived, perhaps an exit code, is delivered first.
      setImmediate(() => {
        for (const listener of lostListeners) listener(messageOf(error));
        lostListeners.clear();
      });
    };

    const connection: Connection = {
      host,
      client,
      isAlive: () => state === 'open',
      onLost: (listener) => {
        if (lostBecause !== undefined) {
          const cause = lostBecause;
          setImmediate(() => listener(cause));
          return () => undefined;
        }
        lostListeners.add(listener);
        return () => lostListeners.delete(listener);
      },
      close: () => {
        client.end();
        gone(new Error('closed on this side'));
      },
    };

    client.on('connect', () => client.setNoDelay(true));
    client.on('ready', () => {
      if (state !== 'opening') return;
      state = 'open';
      stopRenewing = renewKeys(client, host.rekey);
      resolve(connection);
    });
    client.on('error', (error: SshError) => {
      if (isAboutOneKey(error)) keyErrors.push(messageOf(error));
      else gone(error);
    });
    client.on('end', () => gone(new Error('the host ended the connection')));
    client.on('close', () => gone(new Error('the connection was closed')));
    try {
      client.connect({
        ...(transport === undefined ? wayTo(host) : { sock: transport.socket }),
        username: host.user,
        authHandler: [...identities.methods],
        hostVerifier: hostKey.verify,
        algorithms: { ...algorithmsOf(host), serverHostKey: hostKey.algorithms },
        readyTimeout: host.connectTimeoutMs ?? settings.readyTimeoutMs,
        keepaliveInterval: settings.keepaliveIntervalMs,
        keepaliveCountMax: settings.keepaliveCountMax,
      });
    } catch (error) {
      gone(error instanceof Error ? error : new Error(String(error)));
    }
  });
