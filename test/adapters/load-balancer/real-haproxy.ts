import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { connect, createServer as createPlainServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellHost, type ShellHost } from '../../support/shell-host.js';

export const haproxyMissing =
  spawnSync('haproxy', ['-v']).status === 0 ? undefined : 'haproxy is not installed here (apt-get install haproxy)';

/** A host on which HAProxy itself runs, with its file and socket below the host's folder and a systemctl of few words. */
export interface HaproxyHost extends ShellHost {
  readonly file: string;
  /** Calls of systemctl so far, without the ones that only read. */
  systemctl(): string[];
  /** Puts the systemctl of few words back in its place. */
  restoreSystemctl(): void;
  /** Commands to the runtime socket, as an operator would give them. */
  ask(commands: string): string;
  running(): boolean;
}

// The unit's start and reload, with the parts of the file left out that need root or would leave the folder.
const systemctl = `case "$1" in
  is-active) if kill -0 "$(cat "$FOLDER/pid" 2>/dev/null)" 2>/dev/null; then echo active; else echo inactive; fi ;;
  is-enabled) if [ -e "$FOLDER/enabled" ]; then echo enabled; else echo disabled; fi ;;
  is-failed) exit 1 ;;
  enable) echo "$*" >> "$FOLDER/systemctl.log"; : > "$FOLDER/enabled" ;;
  reload-or-restart)
    echo "$*" >> "$FOLDER/systemctl.log"
    sed -e "s|/run/haproxy/admin.sock|$FOLDER/admin.sock|" -e '/chroot\\|user \\|group \\|log \\/dev/d' -e 's/bind :/bind 127.0.0.1:/' "$FOLDER/haproxy.cfg" > "$FOLDER/run.cfg"
    if kill -0 "$(cat "$FOLDER/pid" 2>/dev/null)" 2>/dev/null; then kill -USR2 "$(cat "$FOLDER/pid")"
    else haproxy -W -f "$FOLDER/run.cfg" >> "$FOLDER/haproxy.log" 2>&1 9>&- & echo $! > "$FOLDER/pid"; fi ;;
esac`;

export const haproxyHost = (name: string): HaproxyHost => {
  const host = shellHost({
    name,
    rewrite: (script, folder) =>
      script
        .replaceAll('/etc/haproxy/haproxy.cfg', `${folder}/haproxy.cfg`)
        .replaceAll('/run/haproxy/admin.sock', `${folder}/admin.sock`)
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
  return {
    ...host,
    file: join(host.folder, 'haproxy.cfg'),
    systemctl: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    restoreSystemctl: restore,
    ask: (commands) =>
      execFileSync('perl', [
        '-MIO::Socket::UNIX',
        '-e',
        '$s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s "$ARGV[1]\\n"; $s->flush; print <$s>',
        join(host.folder, 'admin.sock'),
        commands,
      ]).toString(),
    running: alive,
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
  readonly checks: number;
  close(): void;
}

/** Answers /readyz over TLS with a certificate that nobody signed. */
export const apiServerStub = async (address: string, port: number): Promise<ApiServerStub> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=kube-apiserver -days 1`;
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const stub = { ready: true, checks: 0, close: (): void => {} };
  const server: Server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    if (request.url === '/readyz') stub.checks += 1;
    response.statusCode = request.url !== '/readyz' ? 404 : stub.ready ? 200 : 500;
    response.end();
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

/** Makes a file that a package or an operator left. */
export const leave = (host: HaproxyHost, text: string): void => writeFileSync(host.file, text);
