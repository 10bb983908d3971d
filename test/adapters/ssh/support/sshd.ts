import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { part, type Part } from '../../../support/needs.js';

const program = '/usr/sbin/sshd';

/** An OpenSSH server: its program, and root, as it becomes the user who logs in. */
export const opensshServer: readonly Part[] = [
  part('sshd', existsSync(program)),
  part('root for sshd', process.getuid?.() === 0, 'run the tests as root'),
];

export const makeKey = (file: string, ...options: string[]): string => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file, ...options]);
  return file;
};

export const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'quorate-ssh-'));

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export interface Sshd {
  readonly folder: string;
  readonly port: number;
  /** A private key that may log in as root. */
  readonly key: string;
  readonly knownHosts: string;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A real OpenSSH server on the loopback address with host keys, authorized keys and configuration of its own, and `lines` of sshd_config besides. */
export const startSshd = async (...lines: string[]): Promise<Sshd> => {
  const folder = makeFolder();
  const port = await freePort();
  const hostKey = makeKey(join(folder, 'host_ed25519'));
  const rsaKey = join(folder, 'host_rsa');
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsaKey]);
  const key = makeKey(join(folder, 'id'));
  const publicKey = execFileSync('ssh-keygen', ['-y', '-f', key], { encoding: 'utf8' });
  const hostPublic = execFileSync('ssh-keygen', ['-y', '-f', hostKey], { encoding: 'utf8' });
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostPublic}`);
  writeFileSync(join(folder, 'authorized_keys'), publicKey);
  writeFileSync(
    join(folder, 'sshd_config'),
    `ListenAddress 127.0.0.1:${port}
HostKey ${hostKey}
HostKey ${rsaKey}
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
UseDNS no
# bash reads ~/.bashrc when sshd starts it, unless it takes itself for an inner shell: that would be measured too.
SetEnv SHLVL=2
${lines.join('\n')}
`,
  );
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const log = join(folder, 'log');
  const child = spawn(program, ['-D', '-E', log, '-f', join(folder, 'sshd_config')], { stdio: 'ignore' });
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`sshd does not answer on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    folder,
    port,
    key,
    knownHosts,
    log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        child.kill();
      }),
  };
};
