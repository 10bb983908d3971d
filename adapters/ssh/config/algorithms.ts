import constants from 'ssh2/lib/protocol/constants.js';
import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';
import { refuseLine } from './line.js';
import { matchesPatternList } from './pattern.js';
import type { Setting } from './settings.js';

interface Choice<T extends string> {
  /** Offered without a setting, the best first: what `+`, `-` and `^` begin with. */
  readonly usual: readonly T[];
  /** What a setting may name. */
  readonly possible: readonly T[];
}

/** SHA-1 signatures (`ssh-rsa`) of hosts are never accepted. */
const hostKeys: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** The names by the setting, those that are possible; undefined without a setting. */
const chosen = <T extends string>(
  setting: Setting | undefined,
  { usual, possible }: Choice<T>,
): readonly T[] | undefined => {
  const text = setting?.values[0];
  if (text === undefined) return undefined;
  const [, prefix = '', names = ''] = /^([+^-]?)(.*)$/s.exec(text) ?? [];
  const given = names.split(',');
  const named = [...new Set(given)].flatMap((name) => possible.filter((one) => one === name));
  const others = usual.filter((name) => !named.includes(name));
  const found =
    prefix === '-'
      ? usual.filter((name) => !matchesPatternList(given, name))
      : prefix === '+'
        ? [...usual, ...named.filter((name) => !usual.includes(name))]
        : prefix === '^'
          ? [...named, ...others]
          : named;
  if (found.length > 0 || setting?.line === undefined) return found;
  throw refuseLine(
    setting.line,
    'it leaves no algorithm that Quorate can use',
    `allow one of ${possible.join(', ')} for the hosts of Quorate`,
  );
};

/** What the configuration allows; absent where it says nothing. */
export interface AllowedAlgorithms {
  readonly kex?: readonly KexAlgorithm[];
  readonly cipher?: readonly CipherAlgorithm[];
  readonly mac?: readonly MacAlgorithm[];
  /** Of hosts. */
  readonly hostKey: readonly ServerHostKeyAlgorithm[];
  /** The order of `hostKey` was given, and goes before what is known of a host. */
  readonly hostKeyOrdered: boolean;
  /** Signatures to log in with. */
  readonly userKey?: readonly string[];
  /** The settings that had a say, with their places, for messages. */
  readonly said: readonly string[];
}

const settingsOfAlgorithms = ['kexalgorithms', 'ciphers', 'macs', 'hostkeyalgorithms', 'pubkeyacceptedalgorithms'];

/**
 * The algorithms by the settings of that name, with `+`, `-` and `^` as in ssh_config(5).
 * @throws QuorateError InvalidSpecification for a line that leaves none.
 */
export const allowedAlgorithms = (settings: ReadonlyMap<string, Setting>): AllowedAlgorithms => {
  const kex = chosen(settings.get('kexalgorithms'), {
    usual: constants.DEFAULT_KEX,
    possible: constants.SUPPORTED_KEX,
  });
  const cipher = chosen(settings.get('ciphers'), {
    usual: constants.DEFAULT_CIPHER,
    possible: constants.SUPPORTED_CIPHER,
  });
  const mac = chosen(settings.get('macs'), { usual: constants.DEFAULT_MAC, possible: constants.SUPPORTED_MAC });
  const ofHosts = settings.get('hostkeyalgorithms');
  const userKey = chosen<string>(settings.get('pubkeyacceptedalgorithms'), {
    usual: hostKeys,
    possible: [...hostKeys, 'ssh-rsa'],
  });
  return {
    ...(kex === undefined ? {} : { kex }),
    ...(cipher === undefined ? {} : { cipher }),
    ...(mac === undefined ? {} : { mac }),
    hostKey: chosen(ofHosts, { usual: hostKeys, possible: hostKeys }) ?? hostKeys,
    hostKeyOrdered: /^[^+-]/.test(ofHosts?.values[0] ?? ''),
    ...(userKey === undefined ? {} : { userKey }),
    said: settingsOfAlgorithms.flatMap((keyword) => {
      const line = settings.get(keyword)?.line;
      return line === undefined ? [] : [`${line.file} line ${line.number}: ${line.keyword} ${line.text}`];
    }),
  };
};
