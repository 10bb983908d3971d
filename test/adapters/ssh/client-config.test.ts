import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseJump, resolveHost, type ResolvedHost } from '../../../src/adapters/ssh/client-config.js';
import { QuorateError } from '../../../src/model/failure.js';
import { makeFolder } from './support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const write = (text: string): string => {
  const file = join(folder, `config-${count++}`);
  writeFileSync(file, text);
  return file;
};
const home = userInfo().homedir;
const resolve = (configFile: string, name: string, environment: Record<string, string> = {}): ResolvedHost =>
  resolveHost({ name }, { configFile, home, environment });

/** What the real ssh makes of a file. */
const sshOf = (configFile: string, name: string): Map<string, string[]> => {
  const values = new Map<string, string[]>();
  for (const line of execFileSync('ssh', ['-G', '-F', configFile, name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
};

const hopText = (host: ResolvedHost): string | undefined =>
  host.proxy.kind === 'jump'
    ? host.proxy.hops
        .map(
          ({ name, user, port }) =>
            `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`,
        )
        .join(',')
    : undefined;

const tilde = (path: string): string => path.replace(/^~/, home);

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
    it(`agrees with the real ssh: ${title}`, () => {
      const configFile = write(text);
      for (const name of ['cp1', 'cp2', 'inc1', 'inc2', 'quoted', 'unknown']) {
        const mine = resolve(configFile, name);
        const real = sshOf(configFile, name);
        const first = (key: string): string | undefined => real.get(key)?.[0];
        expect({
          name,
          hostName: mine.hostName,
          user: mine.user,
          port: String(mine.port),
          only: mine.identitiesOnly ? 'yes' : 'no',
          known: mine.userKnownHostsFiles,
          alias: mine.hostKeyAlias,
          timeout: mine.connectTimeoutMs === undefined ? 'none' : String(mine.connectTimeoutMs / 1000),
          command: mine.proxy.kind === 'command' ? mine.proxy.command : undefined,
          jump: hopText(mine),
        }).toEqual({
          name,
          hostName: first('hostname'),
          user: first('user'),
          port: first('port'),
          only: first('identitiesonly'),
          known: first('userknownhostsfile')?.split(' ').map(tilde),
          alias: first('hostkeyalias'),
          timeout: first('connecttimeout'),
          // ssh expands the tokens of a ProxyCommand only when it runs it.
          command: first('proxycommand')?.replaceAll('%h', mine.hostName).replaceAll('%p', String(mine.port)),
          jump: first('proxyjump')?.replace(/\[(.*)\]/, '$1'),
        });
        if (mine.identitiesConfigured) {
          const expected = (real.get('identityfile') ?? []).map((file) =>
            tilde(file)
              .replace('%h', mine.hostName)
              .replace('%r', mine.user)
              .replace('%p', String(mine.port))
              .replace('%n', name),
          );
          expect(mine.identityFiles).toEqual(expected);
        }
      }
    });
  }

  it('takes a name that no file knows for the HostName', () => {
    expect(resolve(write(''), 'w9')).toMatchObject({
      hostName: 'w9',
      port: 22,
      user: userInfo().username,
      hostNameConfigured: false,
    });
  });

  it('expands %d and %u, ${VARIABLES} and "none"', () => {
    const file = write(
      'Host a\n  IdentityFile %d/%u\n  UserKnownHostsFile none\nHost b\n  IdentityFile none\n  UserKnownHostsFile ${KNOWN}/x\n',
    );
    expect(resolve(file, 'a')).toMatchObject({
      identityFiles: [`${home}/${userInfo().username}`],
      userKnownHostsFiles: [],
    });
    expect(resolve(file, 'b', { KNOWN: '/k' })).toMatchObject({ identityFiles: [], userKnownHostsFiles: ['/k/x'] });
  });

  it('finds the agent as ssh does', () => {
    const file = write(
      'Host none\n  IdentityAgent none\nHost own\n  IdentityAgent ~/agent.%n\nHost env\n  IdentityAgent $MY_AGENT\nHost named\n  IdentityAgent SSH_AUTH_SOCK\n',
    );
    const agent = (name: string): string | undefined =>
      resolve(file, name, { SSH_AUTH_SOCK: '/s', MY_AGENT: '/m' }).identityAgent;
    expect(['none', 'own', 'env', 'named', 'other'].map(agent)).toEqual([
      undefined,
      `${home}/agent.own`,
      '/m',
      '/s',
      '/s',
    ]);
  });

  it('falls back to the default keys', () => {
    expect(resolve(write(''), 'a')).toMatchObject({
      identitiesConfigured: false,
      identityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name)),
    });
  });

  it('names the file when one is missing, broken or in a loop', () => {
    const failureOf = (configFile: string): QuorateError => {
      try {
        resolve(configFile, 'a');
      } catch (error) {
        if (error instanceof QuorateError) return error;
      }
      throw new Error('nothing was thrown');
    };
    expect(failureOf('/does/not/exist').message).toContain('/does/not/exist');
    const broken = write('User x\nIdentityFile "half\n');
    expect(failureOf(broken).message).toContain(`${broken} cannot be parsed at "identityfile "half"`);
    expect(failureOf(write('Port seven\n')).message).toContain('"Port seven"');
    const loop = join(folder, 'loop');
    writeFileSync(loop, `Include ${loop}\n`);
    expect(failureOf(loop).message).toContain('nested more than 16 deep');
  });

  it('takes Match exec and negated criteria for no match', () => {
    const file = write(
      'Match exec "true"\n  Port 1\nMatch !host b\n  Port 2\nMatch host a\n  User matched\nHost *\n  Port 3\n',
    );
    expect(resolve(file, 'a')).toMatchObject({ port: 3, user: 'matched' });
  });

  it('reads the file anew each time', () => {
    const file = write('Port 1\n');
    expect(resolve(file, 'a').port).toBe(1);
    writeFileSync(file, 'Port 2\n');
    expect(resolve(file, 'a').port).toBe(2);
  });

  it('reads ~/.ssh/config of the home directory by default', () => {
    mkdirSync(join(folder, '.ssh'));
    writeFileSync(join(folder, '.ssh', 'config'), 'Include more\nHost a\n  Port 7\n');
    writeFileSync(join(folder, '.ssh', 'more'), 'Host a\n  User fromMore\n');
    const host = resolveHost({ name: 'a' }, { home: folder, environment: {} });
    expect(host).toMatchObject({ port: 7, user: 'fromMore', configFile: join(folder, '.ssh', 'config') });
    expect(host.configFiles).toEqual(
      expect.arrayContaining([join(folder, '.ssh', 'config'), join(folder, '.ssh', 'more')]),
    );
  });
});

describe('parseJump', () => {
  it('takes user and port apart', () => {
    expect(parseJump('bastion')).toEqual({ name: 'bastion' });
    expect(parseJump('me@bastion:2222')).toEqual({ name: 'bastion', user: 'me', port: 2222 });
    expect(parseJump('ssh://me@bastion:2222/')).toEqual({ name: 'bastion', user: 'me', port: 2222 });
    expect(parseJump('me@[fd00::1]:2222')).toEqual({ name: 'fd00::1', user: 'me', port: 2222 });
    expect(parseJump('fd00::1')).toEqual({ name: 'fd00::1' });
  });
});
