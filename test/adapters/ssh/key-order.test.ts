import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../../../adapters/ssh/execute.js';
import { createHosts } from '../../../adapters/ssh/hosts.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { needs } from '../../support/needs.js';
import { greet as greetBy } from './support/greet.js';
import { startAgent, type Agent } from './support/agent.js';
import { makeKey, opensshServer, type Sshd, startSshd } from './support/sshd.js';

/** Keys that the agent holds, in its order; the last one may log in. */
const count = 7;

describe('the keys that are offered, as the real ssh offers them', needs(...opensshServer), () => {
  let sshd: Sshd;
  let agent: Agent;
  let names: Map<string, string>;
  const path = (name: string): string => join(sshd.folder, name);
  const last = `agent${count - 1}`;

  beforeAll(async () => {
    sshd = await startSshd('LogLevel VERBOSE', 'MaxAuthTries 6');
    agent = await startAgent(path('agent'));
    names = new Map();
    const inAgent = Array.from({ length: count }, (_, index) => `agent${index}`);
    for (const name of [...inAgent, 'file0', 'file1', 'locked']) {
      makeKey(path(name));
      const [, print = ''] = execFileSync('ssh-keygen', ['-lf', path(name)], { encoding: 'utf8' }).split(' ');
      names.set(print, name);
    }
    agent.add(...inAgent.map(path), path('locked'));
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'passphrase', '-f', path('locked')]);
    copyFileSync(path(`${last}.pub`), path('authorized_keys'));
    // The operator keeps the public half alone: the private one is in the agent.
    for (const name of inAgent) copyFileSync(path(`${name}.pub`), path(`only-${name}.pub`));
    rmSync(path(last));
  });
  afterAll(async () => {
    agent.stop();
    await sshd.stop();
  });

  const configOf = (lines: readonly string[]): string => {
    const configFile = path('config');
    const options = lines.map((line) => line.replace(/^IdentityFile (?!none)/, `IdentityFile ${sshd.folder}/`));
    writeFileSync(
      configFile,
      `Host cp1
  HostName 127.0.0.1
  Port ${sshd.port}
  User root
  UserKnownHostsFile ${sshd.knownHosts}
  ${options.some((line) => line.startsWith('IdentityAgent')) ? '' : `IdentityAgent ${agent.socket}`}
  ${options.join('\n  ')}
`,
    );
    return configFile;
  };

  /** What sshd saw while something logged in: the keys in their order, and whether one was accepted. */
  const seen = async (login: () => unknown): Promise<readonly string[]> => {
    const before = sshd.log().length;
    await login();
    // The client may know that it failed before sshd has written it down.
    for (
      let tries = 0;
      tries < 50 && !/Disconnect|Connection closed|Connection reset/.test(sshd.log().slice(before));
      tries++
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const lines = sshd
      .log()
      .slice(before)
      .matchAll(/(Failed|Accepted) publickey for root .* (SHA256:\S+)/g);
    return [...lines].map(([, what, print = '']) => `${what === 'Accepted' ? '+' : ''}${names.get(print) ?? print}`);
  };

  const byQuorate = (configFile: string): Promise<readonly string[]> =>
    seen(async () => {
      const hosts = createHosts({ configFile, environment: {}, home: sshd.folder });
      await execute(hosts.host('cp1'), 'greet', 'true').catch((error: unknown) => {
        if (!(error instanceof QuorateError && error.type === 'AuthenticationFailed')) throw error;
      });
      await hosts.close();
    });
  const byOpenSsh = (configFile: string): Promise<readonly string[]> =>
    seen(() => spawnSync('ssh', ['-F', configFile, '-o', 'BatchMode=yes', 'cp1', 'true'], { stdio: 'ignore' }));

  const cases: Readonly<Record<string, readonly string[]>> = {
    'the public half of the last one is configured': [`IdentityFile only-${last}.pub`],
    'two are configured, in another order than the agent has them': [
      'IdentityFile only-agent3.pub',
      'IdentityFile only-agent1.pub',
    ],
    'IdentitiesOnly with public halves': [
      `IdentityFile only-${last}.pub`,
      'IdentityFile only-agent2.pub',
      'IdentitiesOnly yes',
    ],
    'private files beside the agent': ['IdentityFile file1', 'IdentityFile file0'],
    'private files alone, with IdentitiesOnly': ['IdentityFile file1', 'IdentityFile file0', 'IdentitiesOnly yes'],
    'a file that the agent holds as well, with one that it does not': [
      'IdentityFile file0',
      'IdentityFile agent4',
      'IdentitiesOnly yes',
    ],
    'a file with a passphrase that the agent holds': [
      'IdentityFile file0',
      'IdentityFile locked',
      `IdentityFile only-${last}.pub`,
      'IdentitiesOnly yes',
    ],
    'nothing is configured': ['IdentityFile none'],
    'no agent': ['IdentityFile file1', 'IdentityFile file0', 'IdentityAgent none'],
  };

  it('R23: seven keys in the agent and the public half of the last: logs in, and says which keys were offered when it cannot', async () => {
    const attempt = (...lines: string[]): Promise<QuorateError | string> => greetBy(configOf(lines), sshd.folder);
    expect(await attempt(`IdentityFile only-${last}.pub`)).toBe('in\n');
    const refused = await attempt('IdentityFile only-agent1.pub');
    expect(refused).toMatchObject({ type: 'AuthenticationFailed' });
    const { evidence, remedy } = (refused as QuorateError).details;
    expect(evidence.filter((line) => line.includes('SHA256:')).slice(0, 2)).toEqual([
      expect.stringContaining('only-agent1.pub'),
      expect.stringContaining('agent'),
    ]);
    expect(remedy).toContain('IdentitiesOnly yes');
  });

  for (const [title, lines] of Object.entries(cases)) {
    it(`R23: ${title}`, async () => {
      const configFile = configOf(lines);
      const expected = await byOpenSsh(configFile);
      expect(await byQuorate(configFile)).toEqual(expected);
      if (lines.some((line) => line.includes(last))) expect(expected.at(-1)).toBe(`+${last}`);
    });
  }
});
