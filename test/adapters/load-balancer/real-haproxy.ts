import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { connect, createServer as createPlainServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { part } from '../../support/needs.js';
import { shellHost, type ShellHost } from '../../support/shell-host.js';

/** HAProxy itself. */
export const haproxy = part('haproxy', spawnSync('haproxy', ['-v']).status === 0);

/** A host on which HAProxy itself runs, with its file and socket below the host's folder and a systemctl of few words. */
export interface HaproxyHost extends ShellHost {
  readonly file: string;
  /** Calls of systemctl so far, without the ones that only read. */
  systemctl(): string[];
  /** Puts the systemctl of few words back in its place. */
  restoreSystemctl(): void;
  /** The state file that HAProxy begins with. */
  readonly stateFile: string;
  /** Commands to the runtime socket, as an operator would give them. */
  ask(commands: string): string;
  running(): boolean;
  /** Reload by somebody else: what the unit's `ExecReload` does. Resolves when the new process answers. */
  reload(): Promise<void>;
  /** Ends it and starts it again, as `systemctl restart` does. Resolves when the new process answers. */
  restart(): Promise<void>;
}

// The unit's start and reload, with the parts of the file left out that need root or would leave the folder.
const systemctl = `case "$1" in
  is-active) if kill -0 "$(cat "$FOLDER/pid" 2>/dev/null)" 2>/dev/null; then echo active; else echo inactive; fi ;;
  is-enabled) if [ -e "$FOLDER/enabled" ]; then echo enabled; else echo disabled; fi ;;
  is-failed) exit 1 ;;
  enable) echo "$*" >> "$FOLDER/systemctl.log"; : > "$FOLDER/enabled" ;;
  reload-or-restart)
    echo "$*" >> "$FOLDER/systemctl.log"
    sed -e "s|/run/haproxy/admin.sock|$FOLDER/admin.sock|" -e "s|/etc/haproxy/quorate-servers.state|$FOLDER/quorate-servers.state|" -e '/chroot\\|user \\|group \\|log \\/dev/d' -e 's/bind :/bind 127.0.0.1:/' "$FOLDER/haproxy.cfg" > "$FOLDER/run.cfg"
    if kill -0 "$(cat "$FOLDER/pid" 2>/dev/null)" 2>/dev/null; then kill -USR2 "$(cat "$FOLDER/pid")"
    else haproxy -W -S "$FOLDER/master.sock" -f "$FOLDER/run.cfg" >> "$FOLDER/haproxy.log" 2>&1 9>&- & echo $! > "$FOLDER/pid"; fi ;;
esac`;

export const haproxyHost = (name: string): HaproxyHost => {
  const host = shellHost({
    name,
    rewrite: (script, folder) =>
      script
        .replaceAll('/etc/haproxy/haproxy.cfg', `${folder}/haproxy.cfg`)
        .replaceAll('/etc/haproxy/quorate-servers.state', `${folder}/quorate-servers.state`)
        .replaceAll('/run/haproxy/admin.sock', `${folder}/admin.sock`)
        .replaceAll('/run/haproxy-master.sock', `${folder}/master.sock`)
        .replaceAll('/run/quorate-haproxy.state', `${folder}/handed-over.state`)
        .replaceAll('/run/quorate-haproxy.lock', `${folder}/lock`),
  });
  const restore = (): void => host.program('systemctl', systemctl);
  restore();
  host.program('journalctl', 'tail -n 5 "$FOLDER/haproxy.log"');
  const log = join(host.folder, 'systemctl.log');
  const pid = join(host.folder, 'pid');
  const alive = (): boolean => {
    try {
      return existsSync(pid) && process.kill(Number(readFileSync(pid, 'utf8')), 0);
    } catch {
      return false;
    }
  };
  const ask = (commands: string): string =>
    execFileSync(
      'perl',
      [
        '-MIO::Socket::UNIX',
        '-e',
        '$s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s "$ARGV[1]\\n"; $s->flush; print <$s>',
        join(host.folder, 'admin.sock'),
        commands,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString();
  const worker = (): string | undefined => {
    try {
      return /^Pid: (\d+)$/m.exec(ask('show info'))?.[1];
    } catch {
      return undefined;
    }
  };
  /** Resolves when another process answers than the one before. */
  const untilAnother = async (change: () => Promise<void>): Promise<void> => {
    const before = worker();
    await change();
    for (let tries = 0; tries < 200; tries += 1) {
      const now = worker();
      if (now !== undefined && now !== before) return;
      await sleep(20);
    }
    throw new Error('HAProxy did not load its configuration again');
  };
  return {
    ...host,
    file: join(host.folder, 'haproxy.cfg'),
    stateFile: join(host.folder, 'quorate-servers.state'),
    systemctl: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    restoreSystemctl: restore,
    ask,
    running: alive,
    reload: () =>
      untilAnother(async () => {
        process.kill(Number(readFileSync(pid, 'utf8')), 'SIGUSR2');
      }),
    restart: () =>
      untilAnother(async () => {
        process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
        while (alive()) await sleep(10);
        await host.run('systemctl reload-or-restart haproxy');
      }),
  };
};

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createPlainServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

export interface ApiServerStub {
  /** What /readyz answers. */
  ready: boolean;
  /** How long it takes for that, in milliseconds. */
  readyzMs: number;
  readonly checks: number;
  /** Requests for anything but /readyz. */
  readonly requests: number;
  close(): void;
}

/** Answers /readyz over TLS with a certificate that nobody signed. */
export const apiServerStub = async (address: string, port: number): Promise<ApiServerStub> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=kube-apiserver -days 1`;
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const stub = { ready: true, readyzMs: 0, checks: 0, requests: 0, close: (): void => {} };
  const server: Server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    if (request.url === '/readyz') {
      stub.checks += 1;
      setTimeout(() => response.writeHead(stub.ready ? 200 : 500).end(), stub.readyzMs);
      return;
    }
    stub.requests += 1;
    response.writeHead(404, { 'x-served-by': address }).end();
  });
  rmSync(folder, { recursive: true });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  stub.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return stub;
};

/** Whether a TCP connection to the endpoint is carried through to a server: HAProxy closes it at once when there is none. */
export const isServed = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (served: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(served);
    };
    const timer = setTimeout(() => answer(true), 300);
    socket.on('error', () => answer(false)).on('close', () => answer(false));
  });

/** A connection through the endpoint on which requests are made until it is closed. */
export interface Watch {
  /** Address of the server that it has come to. */
  readonly servedBy: string;
  readonly isOpen: boolean;
  close(): void;
}

/** Opens a connection through the endpoint that lasts, as a client's watch does. Resolves when a server has answered. */
export const openWatch = (port: number): Promise<Watch> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const watch = { servedBy: '', isOpen: true, close: () => socket.destroy() };
    const ask = (): boolean => socket.write('GET /watch HTTP/1.1\r\nHost: endpoint\r\n\r\n');
    const timer = setInterval(ask, 200);
    socket
      .on('secureConnect', ask)
      .on('data', (part: Buffer) => {
        watch.servedBy ||= /^x-served-by: (\S+)/m.exec(part.toString())?.[1] ?? '';
        resolve(watch);
      })
      .on('error', reject)
      .on('close', () => {
        watch.isOpen = false;
        clearInterval(timer);
      });
  });

/** One request over a connection of its own; whether an answer came. */
const request = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket
      .on('secureConnect', () => socket.write('GET /version HTTP/1.1\r\nHost: endpoint\r\nConnection: close\r\n\r\n'))
      .on('data', (part: Buffer) => (answer += part.toString()))
      .on('error', () => {})
      .on('close', () => resolve(answer.startsWith('HTTP/1.1 ')));
  });

export interface Traffic {
  /** Connections so far. */
  readonly made: number;
  /** Makes no more; resolves with the number of those that got no answer when each has ended. */
  stop(): Promise<number>;
}

/** Makes connections through the endpoint, one every 8 ms, until it is stopped. */
export const beginTraffic = (port: number): Traffic => {
  const answers: Promise<boolean>[] = [];
  const timer = setInterval(() => answers.push(request(port)), 8);
  return {
    get made() {
      return answers.length;
    },
    stop: async () => {
      clearInterval(timer);
      return (await Promise.all(answers)).filter((served) => !served).length;
    },
  };
};

/** Makes a file that a package or an operator left. */
export const leave = (host: HaproxyHost, text: string): void => writeFileSync(host.file, text);
