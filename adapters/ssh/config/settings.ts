import { parseJumps } from './jump.js';
import { refuseLine, type Line } from './line.js';
import type { Environment } from './tokens.js';
import { choices, parsePort, parseSize, parseTime } from './values.js';

/** What the configuration says for a keyword, and the line that said it first; none for what the caller gave. */
export interface Setting {
  readonly values: readonly string[];
  readonly line?: Line;
}

/** By keyword in lower case. */
export type Settings = Map<string, Setting>;

/** Undefined where the line says nothing after all, as with `ConnectTimeout none`. */
type Reader = (line: Line, environment: Environment) => readonly string[] | undefined;

const oneWord = (line: Line): string => {
  const [word = ''] = line.words;
  if (word === '') throw refuseLine(line, 'the value is missing');
  if (line.words.length > 1) throw refuseLine(line, 'more words than one: quote a value that holds blanks');
  return word;
};

const one: Reader = (line) => [oneWord(line)];

const list: Reader = (line) => {
  const { words } = line;
  if (words.includes('')) throw refuseLine(line, 'a value is empty');
  if (words.length > 1 && words.some((word) => word.toLowerCase() === 'none')) {
    throw refuseLine(line, '"none" stands alone');
  }
  return words.length === 0 ? undefined : words;
};

const choice: Reader = (line) => {
  const word = oneWord(line);
  const meaning = choices[line.keyword]?.[word.toLowerCase()];
  if (meaning === undefined) throw refuseLine(line, `it takes ${Object.keys(choices[line.keyword] ?? {}).join(', ')}`);
  return [meaning];
};

const port: Reader = (line) => {
  const found = parsePort(oneWord(line));
  if (found === undefined) throw refuseLine(line, 'that is not a port');
  return [String(found)];
};

const time: Reader = (line) => {
  const word = oneWord(line);
  if (word === 'none') return undefined;
  const seconds = parseTime(word);
  if (seconds === undefined) throw refuseLine(line, 'that is not a time: seconds, or such as 1m30s');
  return [String(seconds)];
};

const integer: Reader = (line) => {
  const word = oneWord(line);
  if (!/^[+-]?\d+$/.test(word)) throw refuseLine(line, 'that is not a number');
  return [String(Number(word))];
};

/** One word, and not empty after its prefix. */
const algorithms: Reader = (line) => {
  const word = oneWord(line);
  if (/^[+^-]?$/.test(word)) throw refuseLine(line, 'it names no algorithm');
  return [word];
};

/** Bytes, 0 without a bound, and seconds where the line gives a time. */
const rekeyLimit: Reader = (line) => {
  const [size = '', duration = 'none', ...rest] = line.words;
  const bytes = size === 'default' ? 0 : parseSize(size);
  const seconds = duration === 'none' ? [] : [parseTime(duration)];
  if (bytes === undefined || seconds.includes(undefined) || rest.length > 0) {
    throw refuseLine(line, 'that is not an amount and a time, such as 1G 1h');
  }
  return [bytes, ...seconds].map(String);
};

const agent: Reader = (line, environment) => {
  const word = oneWord(line);
  const unset = [...word.matchAll(/\$\{([^}]*)\}/g)].find(([, name = '']) => environment[name] === undefined);
  if (unset !== undefined) throw refuseLine(line, `the environment variable ${unset[0]} is not set`);
  if (/^\$(?!\{)(?!\w+$)/.test(word)) throw refuseLine(line, 'that is not the name of an environment variable');
  return [word];
};

/** Taken as it is written, a comment too. */
const command: Reader = (line) => [line.text.replace(/^[ \t\r\n=]+/, '')];

const readers: Readonly<Record<string, Reader>> = {
  addressfamily: choice,
  bindaddress: one,
  bindinterface: one,
  canonicaldomains: list,
  canonicalizefallbacklocal: choice,
  canonicalizehostname: choice,
  canonicalizemaxdots: integer,
  canonicalizepermittedcnames: list,
  certificatefile: one,
  checkhostip: choice,
  ciphers: algorithms,
  connecttimeout: time,
  globalknownhostsfile: list,
  hostkeyalgorithms: algorithms,
  hostkeyalias: one,
  hostname: one,
  identitiesonly: choice,
  identityagent: agent,
  identityfile: one,
  ignoreunknown: one,
  kexalgorithms: algorithms,
  knownhostscommand: command,
  macs: algorithms,
  pkcs11provider: one,
  port,
  preferredauthentications: one,
  proxycommand: command,
  proxyusefdpass: choice,
  pubkeyacceptedalgorithms: algorithms,
  pubkeyauthentication: choice,
  refuseconnection: one,
  rekeylimit: rekeyLimit,
  requiredrsasize: integer,
  revokedhostkeys: one,
  stricthostkeychecking: choice,
  tag: one,
  user: one,
  userknownhostsfile: list,
};

const synonyms: Readonly<Record<string, string>> = {
  dsaauthentication: 'pubkeyauthentication',
  identityfile2: 'identityfile',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
  rsaminsize: 'requiredrsasize',
  smartcarddevice: 'pkcs11provider',
};

/** These add up; of all others the first value wins. */
const addsUp: ReadonlySet<string> = new Set(['identityfile', 'certificatefile']);

/** ProxyJump and ProxyCommand compete: the first of them wins, but `ProxyJump none` leaves ProxyCommand alone. */
const takeJump = (line: Line, isActive: boolean, settings: Settings): void => {
  const text = line.text.replace(/^[ \t\r\n=]+/, '');
  const isNone = text.toLowerCase() === 'none';
  const jumps = isNone ? [] : parseJumps(text);
  if (typeof jumps === 'string') throw refuseLine(line, jumps);
  if (!isActive || settings.has('proxyjump')) return;
  if (!isNone && settings.has('proxycommand')) return;
  settings.set('proxyjump', { values: [isNone ? 'none' : text], line });
  if (!isNone) settings.set('proxycommand', { values: ['none'], line });
};

/** Amount and time are settings of their own: a line without a time leaves that to a later one. */
const takeRekeyLimit = ([bytes = '0', seconds]: readonly string[], line: Line, settings: Settings): void => {
  if (!settings.has('rekeylimit')) settings.set('rekeylimit', { values: [bytes], line });
  if (seconds !== undefined && !settings.has('rekeyinterval')) {
    settings.set('rekeyinterval', { values: [seconds], line });
  }
};

/** Whether the value of a keyword, in lower case, is read at all. */
export const isRead = (keyword: string): boolean =>
  keyword === 'proxyjump' || readers[synonyms[keyword] ?? keyword] !== undefined;

/**
 * Takes a line into account. One that does not apply is looked at all the same, as `ssh` refuses a file for it.
 * What becomes of each keyword: `keywordGroups`.
 * @throws QuorateError InvalidSpecification
 */
export const takeLine = (line: Line, isActive: boolean, settings: Settings, environment: Environment): void => {
  const keyword = synonyms[line.keyword] ?? line.keyword;
  if (keyword === 'proxyjump') return takeJump(line, isActive, settings);
  const values = readers[keyword]?.({ ...line, keyword }, environment);
  if (values === undefined || !isActive) return;
  if (keyword === 'rekeylimit') return takeRekeyLimit(values, line, settings);
  if (keyword === 'refuseconnection')
    throw refuseLine(line, 'it refuses this connection', 'see the words of that line');
  const known = settings.get(keyword);
  if (known === undefined) settings.set(keyword, { values, line });
  else if (addsUp.has(keyword)) settings.set(keyword, { ...known, values: [...known.values, ...values] });
};
