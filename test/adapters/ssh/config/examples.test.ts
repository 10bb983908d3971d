import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveHost, type ResolvedHost } from '../../../../adapters/ssh/config/client-config.js';
import { QuorateError } from '../../../../model/failures/failure.js';
import { bothSides } from '../support/compare.js';
import { leavesProxyCommand, opensshClient, sshG } from '../support/ssh-g.js';
import { makeFolder } from '../support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { homedir: home, username } = userInfo();

const write = (name: string, text: string, mode = 0o600): string => {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
  return file;
};

for (const name of ['a', 'b', 'c']) write(`conf/${name}.conf`, `Host from-${name}\n  Port 10${name.charCodeAt(0)}\n`);
write('conf/with blank.conf', 'Host blank\n  Port 4444\n');
write('conf/#odd.conf', 'Host odd\n  Port 5555\n');

const configFile = join(folder, 'config');
const resolve = (text: string, name = 'cp1', environment: Record<string, string> = {}): Promise<ResolvedHost> => {
  writeFileSync(configFile, text);
  return resolveHost({ name }, { configFile, home, environment });
};

interface Example {
  readonly title: string;
  readonly text: string;
  readonly name?: string;
  readonly expected: Partial<ResolvedHost>;
}

const examples: readonly Example[] = [
  {
    title: 'Include with a class takes the files of the class',
    text: `Include ${folder}/conf/[ab].conf\n`,
    name: 'from-b',
    expected: { port: 1098 },
  },
  {
    title: 'Include with a class takes no other file',
    text: `Include ${folder}/conf/[ab].conf\n`,
    name: 'from-c',
    expected: { port: 22 },
  },
  {
    title: 'Include with a class that is negated',
    text: `Include ${folder}/conf/[!ab].conf\n`,
    name: 'from-c',
    expected: { port: 1099 },
  },
  {
    title: 'Include of a path with an escaped blank',
    text: `Include ${folder}/conf/with\\ blank.conf\n`,
    name: 'blank',
    expected: { port: 4444 },
  },
  {
    title: 'Include of a path in single quotes, and of one with # within',
    text: `Include '${folder}/conf/with blank.conf' ${folder}/conf/#odd.conf # both\n`,
    name: 'odd',
    expected: { port: 5555 },
  },
  {
    title: 'values in single quotes',
    text: "Host 'cp1'\n  HostName 'db.example'\n  User 'o p'\n  IdentityFile '/keys/with blank'\n",
    expected: { hostName: 'db.example', user: 'o p', identityFiles: ['/keys/with blank'] },
  },
  {
    title: '# within a word is no comment, and one after a blank is',
    text: 'IdentityFile /keys/a#b\nUser x#y # z\nUserKnownHostsFile /k#1 /k2 #3\n',
    expected: { identityFiles: ['/keys/a#b'], user: 'x#y', userKnownHostsFiles: ['/k#1', '/k2'] },
  },
  {
    title: 'escaped blanks',
    text: 'IdentityFile /keys/with\\ blank\nUserKnownHostsFile /known\\ hosts /other\n',
    expected: { identityFiles: ['/keys/with blank'], userKnownHostsFiles: ['/known hosts', '/other'] },
  },
  {
    title: 'a comment after a value in double quotes',
    text: 'User "alice" # the "operator"\n',
    expected: { user: 'alice' },
  },
  {
    title: 'ProxyJump none keeps a general ProxyJump off',
    text: 'Host cp1\n  ProxyJump none\nHost *\n  ProxyJump bastion\n',
    expected: { proxy: { kind: 'none' } },
  },
  {
    title: 'ProxyCommand none keeps a general ProxyJump off',
    text: 'Host cp1\n  ProxyCommand none\nHost *\n  ProxyJump bastion\n',
    expected: { proxy: { kind: 'none' } },
  },
  {
    title: 'ProxyJump before a general ProxyCommand wins',
    text: 'Host cp1\n  ProxyJump bastion\nHost *\n  ProxyCommand nc %h %p\n',
    expected: { proxy: { kind: 'jump', hops: [{ name: 'bastion' }] } },
  },
  {
    title: 'Match host knows no case, Host does',
    text: 'Match host CP1\n  Port 1111\nHost CP1\n  User upper\n',
    expected: { port: 1111, user: username },
  },
  {
    title: 'Match host is asked for the HostName, originalhost for the name',
    text: 'HostName DB.example\nMatch host db.EXAMPLE\n  Port 1111\nMatch originalhost CP1\n  User original\n',
    expected: { port: 1111, user: 'original', hostName: 'db.example' },
  },
  {
    title: 'Match exec runs the command',
    text: 'Match exec "test %n = cp1"\n  Port 1111\nMatch exec "exit 1"\n  User never\n',
    expected: { port: 1111, user: username },
  },
  {
    title: 'Match with negations',
    text: 'Match !host cp2\n  Port 1111\nMatch !host cp1\n  User never\nMatch !user nobody !exec "exit 1"\n  HostKeyAlias both\n',
    expected: { port: 1111, user: username, hostKeyAlias: 'both' },
  },
  {
    title: 'Match user and localuser',
    text: `User alice\nMatch user alice localuser ${username}\n  Port 1111\nMatch localuser nobody\n  HostKeyAlias never\n`,
    expected: { port: 1111, user: 'alice' },
  },
  {
    title: 'Match final is asked with the name found, in a second pass',
    text: 'Match final host 10.0.0.1\n  Port 1111\nHost 10.0.0.1\n  User second\nHost cp1\n  HostName 10.0.0.1\n',
    expected: { port: 1111, user: 'second', hostName: '10.0.0.1' },
  },
  {
    title: 'Match canonical without a second pass never holds',
    text: 'Match canonical all\n  Port 1111\nHost cp1\n  Port 2222\n',
    expected: { port: 2222 },
  },
  {
    title: 'Match all after others',
    text: 'Host cp2\n  Port 1111\nMatch all\n  Port 2222\n',
    expected: { port: 2222 },
  },
  {
    title: 'an address is taken in its canonical spelling, a name in lower case',
    text: 'HostName FD00:0:0::1\nHostKeyAlias ALIAS\n',
    expected: { hostName: 'fd00::1', hostKeyAlias: 'alias' },
  },
  {
    title: 'numbers and times as ssh takes them',
    text: 'Port 022\nConnectTimeout 1m30s\n',
    expected: { port: 22, connectTimeoutMs: 90_000 },
  },
  {
    title: 'ConnectTimeout none leaves it open for a later one',
    text: 'ConnectTimeout none\nConnectTimeout 7\n',
    expected: { connectTimeoutMs: 7000 },
  },
  {
    title: 'StrictHostKeyChecking false is relaxed too',
    text: 'StrictHostKeyChecking FALSE\n',
    expected: { hostKeyCheckingRelaxed: true },
  },
  {
    title: 'S10: RekeyLimit takes its amount and its time from the first lines that give them',
    text: 'RekeyLimit 64K none\nRekeyLimit 1G 1h\n',
    expected: { rekey: { bytes: 65_536, ms: 3_600_000 } },
  },
  {
    title: 'IgnoreUnknown lets unknown keywords be',
    text: 'IgnoreUnknown Use*,Other\nUseSomething yes\nother x\nPort 1111\n',
    expected: { port: 1111 },
  },
  {
    title: 'keyword and value as one would not expect them',
    text: '  "HostName" 10.0.0.1\nPORT  =  2222\r\nuser\t"al"ice\n',
    expected: { hostName: '10.0.0.1', port: 2222, user: 'alice' },
  },
];

describe('a client configuration is read as OpenSSH reads it', () => {
  for (const { title, text, name = 'cp1', expected } of examples) {
    it(`R25: ${title}`, async () => {
      expect(await resolve(text, name)).toMatchObject(expected);
      if (!opensshClient.isThere) return;
      const context = { configFile, home, environment: {} };
      const { mine, real } = await bothSides(sshG(configFile, name), name, context);
      expect(mine).toEqual(real);
    });
  }

  // OpenSSH before 10.3 lets `ProxyJump none` stand for both, unless a distribution has mended it.
  it('R25: ProxyJump none leaves a general ProxyCommand alone', async () => {
    expect(await resolve('Host cp1\n  ProxyJump none\nHost *\n  ProxyCommand nc %h %p\n')).toMatchObject({
      proxy: { kind: 'command', command: 'nc cp1 22' },
    });
    if (!leavesProxyCommand) return;
    expect(sshG(configFile, 'cp1').values.get('proxycommand')).toEqual(['nc %h %p']);
  });
});

describe('what is refused, with file and line', () => {
  const refusal = async (text: string, name = 'cp1', environment: Record<string, string> = {}): Promise<string> => {
    const error: unknown = await resolve(text, name, environment).catch((reason: unknown) => reason);
    if (!(error instanceof QuorateError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
    expect(error.type).toBe('InvalidSpecification');
    return error.message.replaceAll(folder, '');
  };

  it.each([
    ['Port 22\nHots cp2\n', '/config line 2, "hots": Quorate knows no such keyword'],
    ['Host cp2\n  Port x\n', '/config line 2, "port x": that is not a port'],
    ['User a b\n', 'line 1, "user a b": more words than one'],
    ['IdentitiesOnly maybe\n', 'it takes yes, true, no, false'],
    ['ConnectTimeout soon\n', 'that is not a time'],
    ['UserKnownHostsFile none /x\n', '"none" stands alone'],
    ['ProxyJump fd00::1\n', 'an IPv6 address in brackets'],
    ['ProxyJump $(bastion)\n', 'more than a host'],
    ['Match nonsense x\n', '"nonsense" is no criterion of Match'],
    ['Match all host cp1\n', '"all" stands alone'],
    ['Match host\n', 'nothing follows "host"'],
    ['HostName %n\n', '%n is not expanded here'],
    ['IdentityFile /keys/%C\n', '%C is not expanded here'],
    ['IdentityFile ${UNSET}/x\n', 'the environment variable ${UNSET} is not set'],
    ['IdentityAgent ${UNSET}\n', 'the environment variable ${UNSET} is not set'],
    ['User\n', 'nothing follows the keyword'],
    ['RefuseConnection "ask first"\n', 'it refuses this connection'],
  ])('R25: %j', async (text, why) => {
    expect(await refusal(text)).toContain(why);
  });

  it.each([
    'ProxyCommand sshpass -p s3cret',
    'ProxyComand sshpass -p s3cret x',
    'Match exec check s3cret',
    "Match exec 's3cret",
  ])('a value that may hold a secret is not repeated: %s', async (line) => {
    expect(await refusal(`${line}${line.startsWith('ProxyCommand') ? ' "half' : ''}\n`)).not.toContain('s3cret');
  });

  it('R25: a criterion that is not known is refused where it would decide, and only there', async () => {
    expect(await refusal('Match host cp1 version OpenSSH_9*\n  Port 1\n')).toContain('Match version is not supported');
    expect(await refusal('Match command "uptime"\n  Port 1\n')).toContain('Match command is not supported');
    expect((await resolve('Match host cp2 version OpenSSH_9*\n  Port 1\n')).port).toBe(22);
    expect((await resolve('Match version OpenSSH_9* host cp2\n  Port 1\n')).port).toBe(22);
  });

  it('R25: a Match line that versions of OpenSSH read differently', async () => {
    expect(await refusal("Match host 'cp1'\n  Port 1\n")).toContain('OpenSSH before and since 9.9');
    // One that only some of them take is read as those do; a command is the same to its shell.
    expect((await resolve("Match exec 'test x = x'\n  Port 1\n")).port).toBe(1);
    expect((await resolve("Match exec 'true'\n  Port 1\n")).port).toBe(1);
  });

  it('R25: criteria of newer OpenSSH', async () => {
    expect((await resolve('Tag office\nMatch tagged off*\n  Port 1\n')).port).toBe(1);
    expect((await resolve('Match tagged off*\n  Port 1\n')).port).toBe(22);
    expect((await resolve('Match sessiontype exec\n  Port 1\n')).port).toBe(1);
    expect((await resolve('Match localnetwork 127.0.0.0/8\n  Port 1\n')).port).toBe(1);
    expect((await resolve('Match localnetwork 203.0.113.0/24,2001:db8::/32\n  Port 1\n')).port).toBe(22);
    expect(await refusal('Match localnetwork 10.0.0.0/33\n')).toContain('no list of networks');
  });

  it('R25: names that a name server would have to complete', async () => {
    const domains = 'CanonicalizeHostname yes\nCanonicalDomains example.com\n';
    expect(await refusal(domains)).toContain(
      'line 2, "canonicaldomains example.com": the name of cp1 would have to be',
    );
    expect(await refusal('CanonicalizePermittedCNAMEs *:*\n')).toContain('completed by a name server');
    for (const rest of ['HostName 10.0.0.1', 'HostName a.b.c', 'ProxyJump bastion', 'CanonicalDomains none']) {
      expect(await resolve(`${rest}\n${domains}`)).toMatchObject({ name: 'cp1' });
    }
    expect((await resolve('CanonicalizeHostname yes\nMatch canonical\n  Port 1\n')).port).toBe(1);
  });

  it('R25: where this machine connects from', async () => {
    expect(await resolve('AddressFamily inet6\n')).toMatchObject({ family: 6 });
    expect(await resolve('BindAddress 127.0.0.2\n')).toMatchObject({ family: 4, localAddress: '127.0.0.2' });
    expect(await refusal('BindInterface eth0\n')).toContain('it is not supported');
    expect(await refusal('BindAddress localhost\n')).toContain('names are not supported here');
    expect((await resolve('BindInterface eth0\nProxyCommand nc %h %p\n')).proxy.kind).toBe('command');
  });

  it('R25: what others may write, and what leads nowhere', async () => {
    const open = write('open.conf', 'Port 1\n');
    chmodSync(open, 0o666);
    expect(await refusal(`Include ${open}\n`)).toContain('others may write /open.conf');
    const gone = join(folder, 'gone.conf');
    symlinkSync('/does/not/exist', gone);
    expect(await refusal(`Include ${gone}\n`)).toContain('/gone.conf leads nowhere');
    expect((await resolve(`Include ${folder}/absent.conf\n`)).port).toBe(22);
    const config = write('home/.ssh/config', 'Port 1\n');
    chmodSync(config, 0o620);
    const context = { home: join(folder, 'home'), environment: {} };
    await expect(resolveHost({ name: 'cp1' }, context)).rejects.toThrow('others may write');
    chmodSync(config, 0o600);
    expect((await resolveHost({ name: 'cp1' }, context)).port).toBe(1);
  });
});

describe('Match exec', () => {
  const touch = join(folder, 'touched');

  it('R25: is not run where it decides nothing', async () => {
    await resolve(`Match host other exec "touch ${touch}"\n  Port 1\n`);
    const included = write('exec.conf', `Match exec "touch ${touch}"\n`);
    await resolve(`Host other\n  Include ${included}\n`);
    expect(existsSync(touch)).toBe(false);
    await resolve(`Match host cp1 exec "touch ${touch}"\n  Port 1\n`);
    expect(existsSync(touch)).toBe(true);
  });

  it('R25: that is killed gives no answer', async () => {
    await expect(resolve('Match exec "kill -9 $$"\n  Port 1\n')).rejects.toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('did not end by itself'),
    });
  });

  it('R25: runs by the shell of the user, unless that is none', async () => {
    const by = async (shell: string): Promise<number> =>
      (
        await resolve('Match exec "test -n \\"$BASH_VERSION\\""\n  Port 1\n', 'cp1', {
          SHELL: shell,
          PATH: '/bin:/usr/bin',
        })
      ).port;
    if (existsSync('/bin/bash')) expect(await by('/bin/bash')).toBe(1);
    expect(await by('/usr/sbin/nologin')).toBe(22);
  });
});
