import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderKnownHosts, renderSshConfig } from '../../lab/ssh-config.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1ZzmzN5Ol3mrr6y1qHHqyR3Rr3tEoBy5Yk5MlbXFhN';
const hosts = [
  { name: 'cp1', address: '10.203.4.11', publicKey: `${KEY} root@cp1\n` },
  { name: 'lb1', address: '10.203.4.10', publicKey: `${KEY} root@lb1\n` },
];

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'lab-ssh-'));
});
afterEach(() => rmSync(work, { recursive: true }));

describe('the ssh client of the machine', () => {
  test('reads the configuration as it is meant', () => {
    const path = join(work, 'ssh_config');
    writeFileSync(
      path,
      renderSshConfig(
        { lab: 'x', identityFile: '/keys/id', knownHostsFile: '/keys/known_hosts', switchNamespace: 'lab-x-switch' },
        hosts,
      ),
    );
    const read = execFileSync('ssh', ['-G', '-T', '-F', path, 'cp1'], { encoding: 'utf8' });
    for (const line of [
      'hostname 10.203.4.11',
      'user ops',
      'port 22',
      'identityfile /keys/id',
      'stricthostkeychecking true',
      'userknownhostsfile /keys/known_hosts',
      'proxycommand ip netns exec lab-x-switch busybox nc %h %p',
    ]) {
      expect(read).toContain(line);
    }
  });

  test('finds the key of every host by name and by address, and no name is readable', () => {
    const path = join(work, 'known_hosts');
    const text = renderKnownHosts(hosts);
    writeFileSync(path, text);
    for (const name of hosts.flatMap((host) => [host.name, host.address])) {
      expect(execFileSync('ssh-keygen', ['-F', name, '-f', path], { encoding: 'utf8' })).toContain(KEY);
      expect(text).not.toContain(name);
    }
    expect(() => execFileSync('ssh-keygen', ['-F', 'cp2', '-f', path])).toThrow();
  });
});
