import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { requireSudo } from '../../../adapters/ssh/sudo.js';
import type { Host } from '../../../adapters/ssh/types.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { createClient, hostBlock, knownLine, type Client } from './support/client.js';
import { startServer, type TestServer } from './support/server.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const program = (folder: string, name: string, text: string): void => {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
};

/** A host where `id` and `sudo` are scripts. */
const hostWith = async (user: string, id: string, sudo?: string): Promise<{ host: Host; server: TestServer }> => {
  const operator: Client = createClient();
  cleanUps.push(() => operator.cleanUp());
  const bin = join(operator.folder, 'bin');
  mkdirSync(bin);
  program(bin, 'id', id);
  if (sudo !== undefined) program(bin, 'sudo', sudo);
  // Without /usr/bin, where a real sudo may be.
  const server = await startServer({
    environment: { PATH: sudo === undefined ? bin : `${bin}:${process.env['PATH']}` },
  });
  cleanUps.push(() => server.stop());
  const config = `Host cp1\n  User ${user}\n${hostBlock('cp1', server.port)}`;
  const hosts = operator.hosts(config, [knownLine(server.port, server.hostKey)]);
  return { host: hosts.host('cp1'), server };
};

const failure = async (promise: Promise<unknown>): Promise<QuorateError> => {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof QuorateError) return error;
  throw new Error(`not a QuorateError: ${JSON.stringify(error)}`);
};

describe('privileged commands', () => {
  it('go through sudo -n with the script as one word, input and locale', async () => {
    const sudo = `[ "$1 $2" = "-n --" ] || exit 99\nshift 2\necho "as root: $LC_ALL"\nexec "$@"`;
    const { host } = await hostWith('ops', 'echo 1000', sudo);
    const outcome = await host.run(`printf '%s|' "it's" "$LC_ALL"; cat`, { stdin: 'input' });
    expect(outcome.stdout).toBe("as root: C\nit's|C|input");
    expect((await host.run('echo plain', { privileged: false })).stdout).toBe('plain\n');
  });

  it('do not, when the login is root: by name, or by what id says', async () => {
    const { host, server } = await hostWith('root', 'exit 1', 'exit 99');
    expect((await host.run('echo "me"')).stdout).toBe('me\n');
    expect(server.commands[0]).not.toContain('sudo');
    const toor = await hostWith('toor', 'echo 0', 'exit 99');
    expect((await toor.host.run('echo "me too"')).stdout).toBe('me too\n');
  });

  it('fail typed when sudo wants a password', async () => {
    const { host } = await hostWith('ops', 'echo 1000', 'echo "sudo: a password is required" >&2; exit 1');
    const error = await failure(host.run('true'));
    expect(error).toMatchObject({ type: 'SudoRefused', details: { host: 'cp1' } });
    expect(error.message).toBe('ops may not become root on cp1: sudo: a password is required');
    expect(error.details.remedy).toContain("printf 'ops ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/quorate");
  });

  it('fail typed when there is no sudo', async () => {
    const { host } = await hostWith('ops', 'echo 1000');
    const error = await failure(host.run('true'));
    expect(error.type).toBe('SudoRefused');
    expect(error.details.remedy).toContain('install sudo on cp1');
  });
});

describe('requireSudo', () => {
  const outcome = (code: number, stderr: string, stdout = '') =>
    ({ end: { kind: 'exited', code }, stdout, stderr, truncated: false }) as const;
  const refuses = (stderr: string): boolean => {
    try {
      requireSudo('cp1', 'ops', outcome(1, stderr));
      return false;
    } catch {
      return true;
    }
  };

  it('knows the words of sudo', () => {
    expect(refuses('sudo: unable to resolve host cp1: Name or service not known\nsudo: a password is required\n')).toBe(
      true,
    );
    expect(refuses('ops is not in the sudoers file.\n')).toBe(true);
    expect(refuses("Sorry, user ops is not allowed to execute '/bin/sh -c true' as root on cp1.\n")).toBe(true);
    expect(refuses('sudo: a terminal is required to read the password\n')).toBe(true);
  });

  it('leaves a command alone that failed by itself', () => {
    expect(refuses('error: no such file\n')).toBe(false);
    const printed = outcome(1, 'sudo: a password is required\n', 'it ran');
    expect(requireSudo('cp1', 'ops', printed)).toBe(printed);
    const other = outcome(2, 'sudo: a password is required\n');
    expect(requireSudo('cp1', 'ops', other)).toBe(other);
  });
});
