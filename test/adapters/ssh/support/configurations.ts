import fc from 'fast-check';
import { userInfo } from 'node:os';
import { isBefore, leavesProxyCommand } from './ssh-g.js';

/** A configuration that was made up: the main file, and those that it may include, by name below one folder. */
export interface Configuration {
  readonly main: string;
  readonly included: Readonly<Record<string, string>>;
}

/** Names that the configurations are about. */
export const names = ['cp1', 'cp1', 'cp1', 'cp2', 'w1', 'CP1', 'db.example', '10.0.0.7', 'FD00:0::7'] as const;

export const environment = { SSH_AUTH_SOCK: '/run/agent.sock', MY_AGENT: '/run/mine.sock', FOLDER: '/folder' };

const of = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

/** The same word in another spelling: quoted, or with its blanks escaped. */
const spelled = (text: string): fc.Arbitrary<string> => {
  const bare = text.replaceAll(' ', '\\ ');
  const ways = [bare, bare, bare, `"${text}"`, `'${text}'`];
  if (text.length > 2 && !text.includes(' ')) ways.push(`${text.slice(0, 2)}"${text.slice(2)}"`);
  return of(...ways);
};

const word = (...texts: string[]): fc.Arbitrary<string> => of(...texts).chain(spelled);

const words = (...texts: string[]): fc.Arbitrary<string> =>
  fc.array(word(...texts), { minLength: 1, maxLength: 3 }).map((found) => found.join(' '));

/** One bad line ends everything, so bad ones are rare. */
const mostly = (good: fc.Arbitrary<string>, bad: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 50, arbitrary: good }, { weight: 1, arbitrary: bad });

type Option = readonly [keyword: string, value: fc.Arbitrary<string>];

const options: readonly Option[] = [
  ['HostName', mostly(word('10.0.0.1', '%h.example.com', 'DB.Example.Com', 'fd00:0:0::1', '127.1', '%%h'), of('%n'))],
  ['User', mostly(word('alice', 'bob', 'o p', 'a#b'), of('half"', ''))],
  ['User', of("o\\'hara", '"o\\"hara"', "'a b'c", 'back\\slash')],
  ['Port', mostly(word('22', '2222', '022', '+24', 'ssh'), of('0', '70000', '22x', '0x16', '-1'))],
  ['IdentityFile', word('~/.ssh/id', '/keys/a#b', '/keys/with blank', '%d/%u', 'none')],
  ['IdentityFile', word('/k/%n-%h-%r-%p', '${FOLDER}/id', '/k/100%%')],
  ['CertificateFile', word('/keys/a-cert.pub', 'none')],
  ['IdentitiesOnly', mostly(word('yes', 'no', 'YES', 'true', 'False'), of('maybe'))],
  [
    'IdentityAgent',
    mostly(
      word('none', 'SSH_AUTH_SOCK', '$MY_AGENT', '${MY_AGENT}', '~/agent', '/run/agent %n', '/run/%r'),
      of('${UNSET_ANYWHERE}', '$NOT-A-NAME', '%q'),
    ),
  ],
  [
    'UserKnownHostsFile',
    mostly(words('~/.ssh/known', '/a/known hosts', '/k/%h', '${FOLDER}/known', '/dev/null'), of('none /x', '""')),
  ],
  ['UserKnownHostsFile', word('none', 'NONE')],
  ['GlobalKnownHostsFile', mostly(words('/etc/known', '/etc/known two', '~/global', '/etc/%h'), of('none /x'))],
  ['GlobalKnownHostsFile', word('none', 'NONE')],
  ['HostKeyAlias', word('alias', 'ALIAS', '%h')],
  ['ConnectTimeout', mostly(word('5', '1m30s', '2H', 'none', '0'), of('soon', '-1', '5 s', '1m30x'))],
  ['StrictHostKeyChecking', mostly(word('yes', 'no', 'off', 'accept-new', 'Ask', 'false'), of('sometimes'))],
  ['PubkeyAuthentication', word('yes', 'no', 'unbound')],
  ['PreferredAuthentications', word('publickey', 'password', 'password,publickey')],
  ['AddressFamily', mostly(word('any', 'inet', 'inet6'), of('ipx'))],
  ['BindAddress', word('127.0.0.1', '::1')],
  ['CanonicalizeHostname', word('no', 'yes', 'always')],
  [
    'RekeyLimit',
    mostly(
      of('1G 1h', '512M', 'default 10m', '64K none', 'default none', '1.5g', '0', '1T'),
      of('much', '1G soon', '8', 'none'),
    ),
  ],
  ['IgnoreUnknown', word('Sp*', 'other,spec*')],
];

/** Taken as they are written, a comment too. */
const rawOptions: readonly Option[] = [
  [
    'ProxyCommand',
    mostly(
      of('nc %h %p', 'none', 'None', 'sh -c \'nc "%h"  %p\'', 'nc -x a=b %h # not a comment', 'nc %r@%n %%'),
      of('"half'),
    ),
  ],
  [
    'ProxyJump',
    mostly(
      of(
        ...(leavesProxyCommand ? ['none', 'NONE'] : []),
        'bastion',
        'me@bastion:2222',
        'outer,me@inner:22',
        'ssh://me@bastion:22',
        '[fd00::2]:22',
      ),
      of('fd00::2', 'bastion:x', '@bastion', 'ssh://bastion/path', '[fd00::2'),
    ),
  ],
  ['ProxyJump', of('bastion # near', 'none # x', '"bastion"')],
];

/** Not read by Quorate, whatever their values are. */
const otherOptions: readonly Option[] = [
  ['Compression', of('yes')],
  ['SendEnv', of('LANG LC_*')],
  ['ServerAliveInterval', of('5')],
  ['LocalForward', of('8080 localhost:80')],
];

const unknownOptions: readonly Option[] = [['Special', of('yes')]];

const criterion: fc.Arbitrary<string> = fc
  .tuple(
    of('', '', '', '!'),
    fc.oneof(
      of('host', 'Host', 'originalhost', 'OriginalHost').chain((name) =>
        of('cp1', 'cp*', '"cp1,cp2"', '*,!cp1', 'CP1', '*.example*', '10.0.0.?', 'cp#1').map(
          (value) => `${name} ${value}`,
        ),
      ),
      of('alice', userInfo().username, '"*"', 'b?b,!bob').map((value) => `user ${value}`),
      of(`localuser ${userInfo().username}`, 'localuser nobody'),
      of('exec "true"', 'exec "exit 3"', 'exec "test %n = cp1"', 'Exec "test %h = 10.0.0.1 -a %r != x"', 'exec false'),
      of('final', 'canonical', 'FINAL'),
    ),
  )
  .map(([negation, text]) => `${negation}${text}`)
  // OpenSSH 10.1 changed what this means.
  .filter((text) => text.toLowerCase() !== '!final' || isBefore(10, 1));

const section: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 5,
    arbitrary: words('cp1', 'cp*', '*', '!cp2', '!w*', 'c?1', 'CP1', 'db.*', 'fd00*').map((text) => `Host ${text}`),
  },
  { weight: 3, arbitrary: fc.array(criterion, { minLength: 1, maxLength: 3 }).map((all) => `Match ${all.join(' ')}`) },
  {
    weight: 1,
    arbitrary: of(
      'Match all',
      'Match !all',
      'Match canonical all',
      'match ALL # everywhere',
      'Match host=cp1',
      // As one word each it is something else since.
      ...(isBefore(9, 9) ? ['Match host = cp1'] : []),
    ),
  },
);

const badSection = of('Match all host cp1', 'Match', 'Match host', 'Match nonsense x', 'Host ""', 'Host', 'Include ""');

const include = (folder: string): fc.Arbitrary<string> =>
  of(
    `Include ${folder}/*.conf`,
    `Include ${folder}/[ab].conf`,
    `Include ${folder}/[!a].conf`,
    `Include ${folder}/[a-a].conf ${folder}/[]b].conf`,
    `Include ${folder}/[[:alpha:]].conf`,
    `include=${folder}/a.conf`,
    `Include ${folder}/b\\.conf`,
    `Include ${folder}/?.conf ${folder}/missing`,
    `Include "${folder}/a.conf" '${folder}/b.conf' # both`,
    `Include ${folder}/.*.conf`,
    `Include ${folder}/{a,b}.conf`,
    `Include "${folder}/sub dir/*.conf"`,
    `Include ${folder}/sub\\ dir/c.conf`,
    `Include ${folder}/sub*/c.conf`,
  );

const keyword = (name: string): fc.Arbitrary<string> => of(name, name, name.toLowerCase(), name.toUpperCase());

const separator = of(' ', ' ', ' ', '\t', '=', ' = ', '  ', ' =');

const end = fc.oneof(
  { weight: 60, arbitrary: of('') },
  { weight: 12, arbitrary: of(' # a "comment', ' #', '  ', '\t', '\r') },
  { weight: 1, arbitrary: of(' extra', '#no comment', '"') },
);

const line = (from: readonly Option[], ends: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .constantFrom(...from)
    .chain(([name, value]) => fc.tuple(of('', '  ', '\t'), keyword(name), separator, value, ends))
    .map((parts) => parts.join(''));

const nothing = of('', '# a comment', '  # "half', '\t', '"half a line');

const file = (
  maxLength: number,
  ...more: { weight: number; arbitrary: fc.Arbitrary<string> }[]
): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 100, arbitrary: line(options, end) },
        { weight: 30, arbitrary: line(rawOptions, of('')) },
        { weight: 12, arbitrary: line(otherOptions, of('', '  ', '\r')) },
        { weight: 45, arbitrary: section },
        { weight: 8, arbitrary: nothing },
        { weight: 1, arbitrary: line(unknownOptions, of('')) },
        { weight: 1, arbitrary: badSection },
        ...more,
      ),
      { minLength: 1, maxLength },
    )
    .map((lines) => `${lines.join('\n')}\n`);

/** Configurations whose included files lie in `folder`. */
export const configurations = (folder: string): fc.Arbitrary<Configuration> =>
  fc.record({
    main: file(12, { weight: 20, arbitrary: include(folder) }),
    included: fc.record({
      'a.conf': file(4),
      'b.conf': file(4),
      '.hidden.conf': file(4),
      'sub dir/c.conf': file(4),
    }),
  });
