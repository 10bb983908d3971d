import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

export interface Key {
  readonly private: string;
  /** As in authorized_keys: type and base64. */
  readonly public: string;
}

/** The library's generator makes one key in about 200 that neither it nor OpenSSH can read. */
export const newKey = (): Key => {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key.private) instanceof Error)) return key;
  }
};

export interface ServerOptions {
  readonly hostKeys?: readonly Key[];
  /** Public keys that may log in; default: all. */
  readonly authorized?: readonly Key[];
  /** What a command does; default: it runs on this machine by /bin/sh. */
  readonly onExec?: (channel: ServerChannel, command: string) => void | Promise<void>;
  /** Called when a command is asked for; false leaves the request without an answer. */
  readonly onRequest?: () => boolean;
  /** Commands to refuse before the first is run; their sessions stay open. */
  readonly refusedCommands?: number;
  /** Session channels to refuse before the first is accepted. */
  readonly refusedSessions?: number;
  /** Environment of commands that run on this machine. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Accept forwarding, as a jump host; default true. */
  readonly forwards?: boolean;
}

export interface TestServer {
  readonly port: number;
  readonly hostKey: Key;
  /** Connections that logged in, in their order. */
  readonly connections: Connection[];
  readonly users: string[];
  readonly commands: string[];
  /** The highest number of sessions open at a time. */
  readonly mostSessions: number;
  stop(): Promise<void>;
}

/** Large output on one stream only: with both waiting for the window, the library's server sends stale data again. */
const runHere = (channel: ServerChannel, command: string, environment?: NodeJS.ProcessEnv): void => {
  const child = spawn('/bin/sh', ['-c', command], { env: { ...process.env, ...environment } });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    if (code !== null) channel.exit(code);
    else channel.exit((signal ?? 'SIGKILL').slice(3));
    channel.end();
  });
};

const isAllowed = (authorized: readonly Key[] | undefined, data: Buffer): boolean =>
  authorized === undefined ||
  authorized.some((key) => Buffer.from(key.public.split(' ')[1] ?? '', 'base64').equals(data));

/** An SSH server in this process that can misbehave. */
export const startServer = async (options: ServerOptions = {}): Promise<TestServer> => {
  const hostKeys = options.hostKeys ?? [newKey()];
  const seen = { connections: [] as Connection[], users: [] as string[], commands: [] as string[] };
  let sessions = 0;
  let mostSessions = 0;
  let toRefuse = options.refusedSessions ?? 0;
  let commandsToRefuse = options.refusedCommands ?? 0;
  const server = new ssh2.Server({ hostKeys: hostKeys.map((key) => key.private) }, (connection) => {
    let user = '';
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (context.method !== 'publickey' || !isAllowed(options.authorized, context.key.data)) {
        return context.reject(['publickey']);
      }
      user = context.username;
      context.accept();
    });
    connection.on('ready', () => {
      seen.users.push(user);
      seen.connections.push(connection);
      connection.on('session', (accept, reject) => {
        if (toRefuse > 0) {
          toRefuse--;
          return reject();
        }
        mostSessions = Math.max(mostSessions, ++sessions);
        const session = accept();
        session.on('exec', (acceptExec, rejectExec, { command }) => {
          if (commandsToRefuse-- > 0) return rejectExec();
          seen.commands.push(command);
          if (options.onRequest?.() === false) return;
          const channel = acceptExec();
          channel.on('error', () => undefined);
          if (options.onExec === undefined) runHere(channel, command, options.environment);
          else void options.onExec(channel, command);
        });
        session.on('close', () => sessions--);
      });
      connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
        if (options.forwards === false) return reject();
        const target = connect(destPort, destIP, () => {
          const channel = accept();
          channel.on('error', () => undefined);
          channel.pipe(target).pipe(channel);
        });
        target.on('error', () => undefined);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...seen,
    port: (server.address() as AddressInfo).port,
    hostKey: hostKeys[0] as Key,
    get mostSessions() {
      return mostSessions;
    },
    stop: async () => {
      for (const connection of seen.connections) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  /** From now on nothing passes, and nobody is told. */
  freeze(): void;
  /** Ends the client's connections with a RST. */
  reset(): void;
  stop(): Promise<void>;
}

/** A wire between client and server that can be cut or go silent. */
export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  const clients: Socket[] = [];
  const all: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.pipe(upstream).pipe(client);
    clients.push(client);
    all.push(client, upstream);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return clients.filter((client) => !client.destroyed).length;
    },
    freeze: () => {
      for (const socket of all) {
        socket.unpipe();
        socket.pause();
      }
    },
    reset: () => {
      for (const client of clients) client.resetAndDestroy();
    },
    stop: async () => {
      for (const socket of all) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
