import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveHost, type ResolvedHost } from '../../../../adapters/ssh/config/client-config.js';
import { QuorateError } from '../../../../model/failures/failure.js';
import { needs } from '../../../support/needs.js';
import { bothSides } from '../support/compare.js';
import { opensshClient, sshG } from '../support/ssh-g.js';
import { makeFolder } from '../support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const write = (text: string): string => {
  const file = join(folder, `config-${count++}`);
  writeFileSync(file, text);
  return file;
};
const home = userInfo().homedir;
const resolve = (configFile: string, name: string, environment: Record<string, string> = {}): Promise<ResolvedHost> =>
  resolveHost({ name }, { configFile, home, environment });

const included = join(folder, 'included');
mkdirSync(included);
writeFileSync(join(included, '1.conf'), 'Host inc1\n  HostName inc1.example\nHost *\n  ConnectTimeout 7\n');
writeFileSync(join(included, '2.conf'), 'User carol\nHost inc2\n  Port 2022\n');
writeFileSync(join(included, '.hidden.conf'), 'User mallory\n');

const examples: Record<string, string> = {
  plain: `Host cp1
  HostName 10.0.0.1
  User alice # the operator
  Port 2222
  IdentityFile ~/.ssh/one
  IdentityFile /keys/%h-%r-%p-%n
Host *
  User bob
  IdentitiesOnly yes
  IdentityFile ~/.ssh/last
`,
  equals: `host=cp1 cp2
hostname = %h.example.com
PORT=2200
Host "quoted" cp?
  User=dave
  UserKnownHostsFile /a/one "/b/two" ~/.ssh/three
`,
  negated: `Host * !cp1
  User other
Host cp*
  User cps
  HostKeyAlias alias
`,
  command: `Host cp1
  ProxyCommand sh -c 'echo "a  b" && nc --x="%h" %h %p'
  ProxyJump ignored
Host cp2
  ProxyJump a,bob@b:2222
  ProxyCommand ignored
Host inc1
  ProxyCommand none
Host *
  ProxyJump bastion
`,
  include: `Host cp1
  Include ${included}/*.conf
  Port 1234
Host cp2
  HostName cp2.example
Include ${included}/1.conf
User late
`,
  includeTop: `Include ${included}/2.conf ${included}/1.conf
Port 99
Host cp1
  User never
`,
  match: `Host cp1
  HostName target.example
Match host target.example
  User matched
Match originalhost cp2
  Port 4444
Match all
  User fallback
`,
};

describe('resolveHost', () => {
  for (const [title, text] of Object.entries(examples)) {
    it(`agrees with the real ssh: ${title}`, needs(opensshClient), async () => {
      const configFile = write(text);
      for (const name of ['cp1', 'cp2', 'inc1', 'inc2', 'quoted', 'unknown']) {
        const { mine, real } = await bothSides(sshG(configFile, name), name, { configFile, home, environment: {} });
        expect(mine, name).not.toBe('refused');
        expect(mine, name).toEqual(real);
      }
    });
  }

  it('takes a name that no file knows for the HostName', async () => {
    expect(await resolve(write(''), 'w9')).toMatchObject({
      hostName: 'w9',
      port: 22,
      user: userInfo().username,
      hostNameConfigured: false,
    });
  });

  it('expands %d and %u, ${VARIABLES} and "none"', async () => {
    const file = write(
      'Host a\n  IdentityFile %d/%u\n  UserKnownHostsFile none\nHost b\n  IdentityFile none\n  UserKnownHostsFile ${KNOWN}/x\n',
    );
    expect(await resolve(file, 'a')).toMatchObject({
      identityFiles: [`${home}/${userInfo().username}`],
      userKnownHostsFiles: [],
    });
    expect(await resolve(file, 'b', { KNOWN: '/k' })).toMatchObject({
      identityFiles: [],
      userKnownHostsFiles: ['/k/x'],
    });
  });

  it('finds the agent as ssh does', async () => {
    const file = write(
      'Host none\n  IdentityAgent none\nHost own\n  IdentityAgent ~/agent.%n\nHost env\n  IdentityAgent $MY_AGENT\nHost named\n  IdentityAgent SSH_AUTH_SOCK\n',
    );
    const agent = async (name: string): Promise<string | undefined> =>
      (await resolve(file, name, { SSH_AUTH_SOCK: '/s', MY_AGENT: '/m' })).identityAgent;
    expect(await Promise.all(['none', 'own', 'env', 'named', 'other'].map(agent))).toEqual([
      undefined,
      `${home}/agent.own`,
      '/m',
      '/s',
      '/s',
    ]);
  });

  it('falls back to the default keys', async () => {
    expect(await resolve(write(''), 'a')).toMatchObject({
      identitiesConfigured: false,
      identityFiles: ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'].map((key) =>
        join(home, '.ssh', key),
      ),
    });
  });

  it('names file and line when one is missing, broken or in a loop', async () => {
    const failureOf = async (configFile: string): Promise<QuorateError> => {
      const error: unknown = await resolve(configFile, 'a').catch((reason: unknown) => reason);
      if (error instanceof QuorateError) return error;
      throw new Error('nothing was thrown');
    };
    expect((await failureOf('/does/not/exist')).message).toContain('/does/not/exist');
    const broken = write('User x\nIdentityFile "half\n');
    expect((await failureOf(broken)).message).toContain(`${broken} line 2, "identityfile "half": a quote does not end`);
    expect((await failureOf(write('Port seven\n'))).message).toContain('line 1, "port seven": that is not a port');
    const loop = join(folder, 'loop');
    writeFileSync(loop, `Include ${loop}\n`);
    expect((await failureOf(loop)).message).toContain('nested more than 16 deep');
  });

  it('reads the file anew each time', async () => {
    const file = write('Port 1\n');
    expect((await resolve(file, 'a')).port).toBe(1);
    writeFileSync(file, 'Port 2\n');
    expect((await resolve(file, 'a')).port).toBe(2);
  });

  it('reads ~/.ssh/config of the home directory by default', async () => {
    mkdirSync(join(folder, '.ssh'));
    writeFileSync(join(folder, '.ssh', 'config'), 'Include more\nHost a\n  Port 7\n');
    writeFileSync(join(folder, '.ssh', 'more'), 'Host a\n  User fromMore\n');
    const host = await resolveHost({ name: 'a' }, { home: folder, environment: {} });
    expect(host).toMatchObject({ port: 7, user: 'fromMore', configFile: join(folder, '.ssh', 'config') });
    expect(host.configFiles).toEqual(
      expect.arrayContaining([join(folder, '.ssh', 'config'), join(folder, '.ssh', 'more')]),
    );
  });
});
