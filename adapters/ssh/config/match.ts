import { networkInterfaces } from 'node:os';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { matchesPatternList } from './pattern.js';
import { refuseLine, type Line } from './line.js';
import { cutWord } from './words.js';

/** One condition of a `Match` line. */
interface Criterion {
  readonly name: string;
  readonly negated: boolean;
  /** Absent for `all`, `canonical` and `final`. */
  readonly argument?: string;
}

/** What the conditions are compared with. */
export interface MatchFacts {
  readonly host: string;
  readonly originalHost: string;
  readonly user: string;
  readonly localUser: string;
  readonly tag: string;
  /** The second pass, after `HostName` was taken into use. */
  readonly isFinal: boolean;
  /** Whether the command of `exec` exits with 0; called only when all conditions before it hold. */
  runs(command: string): Promise<boolean>;
}

export interface MatchResult {
  readonly holds: boolean;
  /** The line asks for a second pass. */
  readonly wantsFinal: boolean;
}

const flags: ReadonlySet<string> = new Set(['canonical', 'final']);
const compared: ReadonlySet<string> = new Set([
  'command',
  'exec',
  'host',
  'localnetwork',
  'localuser',
  'originalhost',
  'sessiontype',
  'tagged',
  'user',
  'version',
]);
const mayBeEmpty: ReadonlySet<string> = new Set(['tagged', 'command']);

/** Conditions from words, taken one by one; a string says what is wrong. */
const criteriaOf = (next: () => string | undefined, splitsAtEquals: boolean): readonly Criterion[] | string => {
  const criteria: Criterion[] = [];
  for (let word = next(); word !== undefined && word !== ''; word = next()) {
    if (word.startsWith('#')) break;
    const negated = word.startsWith('!');
    const bare = negated ? word.slice(1) : word;
    const equals = splitsAtEquals ? bare.indexOf('=') : -1;
    const name = (equals === -1 ? bare : bare.slice(0, equals)).toLowerCase();
    if (name === 'all') {
      const more = next();
      if (criteria.length > 1 || (more !== undefined && more !== '' && !more.startsWith('#'))) {
        return '"all" stands alone';
      }
      return [...criteria, { name, negated }];
    }
    if (flags.has(name)) {
      criteria.push({ name, negated });
      continue;
    }
    if (!compared.has(name) && criteria.at(-1)?.name === 'exec') return 'a command of several words stands in quotes';
    if (!compared.has(name)) return `"${word}" is no criterion of Match that Quorate knows`;
    const argument = equals === -1 ? next() : bare.slice(equals + 1);
    if (argument === undefined || argument.startsWith('#') || (argument === '' && !mayBeEmpty.has(name))) {
      return `nothing follows "${name}"`;
    }
    criteria.push({ name, negated, argument });
  }
  return criteria.length === 0 ? 'no criterion' : criteria;
};

/** As OpenSSH reads the line since 9.9: words with quotes of both kinds. */
const read = ({ words }: Line): readonly Criterion[] | string => {
  let at = 0;
  return criteriaOf(() => words[at++], true);
};

/** As it did before: double quotes alone, and `=` between any two words. */
const readBefore = ({ text }: Line): readonly Criterion[] | string => {
  let left: string | undefined = text;
  return criteriaOf(() => {
    const cut = left === undefined ? undefined : cutWord(left);
    left = cut?.rest;
    return cut?.word;
  }, false);
};

/** A command in single quotes is the same to the shell that runs it. */
const argumentOf = ({ name, argument }: Criterion): string | undefined =>
  name === 'exec' ? argument?.replace(/^'(.*)'$/s, '$1') : argument;

const sameCriteria = (some: readonly Criterion[], others: readonly Criterion[]): boolean =>
  some.length === others.length &&
  some.every((one, index) => {
    const other = others[index];
    return (
      other !== undefined &&
      one.name === other.name &&
      one.negated === other.negated &&
      argumentOf(one) === argumentOf(other)
    );
  });

/**
 * The conditions of a line.
 * @throws QuorateError InvalidSpecification for what no OpenSSH takes, and for what versions of it read differently.
 */
const readCriteria = (line: Line): readonly Criterion[] => {
  const [now, before] = [read(line), readBefore(line)];
  if (typeof now === 'string') {
    if (typeof before === 'string') throw refuseLine(line, now);
    return before;
  }
  if (typeof before !== 'string' && !sameCriteria(now, before)) {
    throw refuseLine(
      line,
      'OpenSSH before and since 9.9 read this differently',
      'use double quotes, around whole arguments, and no backslash before a quote',
    );
  }
  return now;
};

/** Whether an address of this machine is in one of the networks; undefined when one of them is none. */
const isInNetwork = (networks: string): boolean | undefined => {
  const known = new BlockList();
  for (const network of networks.split(',')) {
    const [address = '', length] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    const most = family === 'ipv4' ? 32 : 128;
    const bits = Number(length ?? most);
    if (family === undefined || !Number.isInteger(bits) || bits < 0 || bits > most) return undefined;
    known.addSubnet(address, bits, family);
  }
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.some(({ address, family }) => known.check(address, family === 'IPv4' ? 'ipv4' : 'ipv6'));
};

/** Whether one condition holds, before its negation; a string says why that cannot be told. */
const holds = async (line: Line, { name, argument = '' }: Criterion, facts: MatchFacts): Promise<boolean | string> => {
  const isOneOf = (text: string, patterns = argument): boolean => matchesPatternList(patterns.split(','), text);
  switch (name) {
    case 'all':
      return true;
    case 'canonical':
    case 'final':
      return facts.isFinal;
    case 'host':
      return isOneOf(facts.host.toLowerCase(), argument.toLowerCase());
    case 'originalhost':
      return isOneOf(facts.originalHost.toLowerCase(), argument.toLowerCase());
    case 'user':
      return isOneOf(facts.user);
    case 'localuser':
      return isOneOf(facts.localUser);
    case 'tagged':
      return facts.tag === '' ? argument === '' : isOneOf(facts.tag);
    case 'sessiontype':
      return isOneOf('exec');
    case 'exec':
      return facts.runs(argument);
    case 'localnetwork': {
      const found = isInNetwork(argument);
      if (found === undefined) throw refuseLine(line, `"${argument}" is no list of networks`);
      return found;
    }
    default:
      return `Match ${name} is not supported`;
  }
};

/**
 * Whether the options after a `Match` line apply; without facts it is only read.
 * @throws QuorateError InvalidSpecification for a line that cannot be read, and for one that comes to depend on
 *   something that Quorate does not know: it never counts as no match.
 */
export const evaluateMatch = async (line: Line, facts: MatchFacts | undefined): Promise<MatchResult> => {
  const criteria = readCriteria(line);
  const wantsFinal = criteria.some(({ name }) => name === 'final');
  if (facts === undefined) return { holds: false, wantsFinal };
  let unknown: string | undefined;
  let result = true;
  for (const criterion of criteria) {
    if (!result) break;
    const found = await holds(line, criterion, facts);
    if (typeof found === 'string') unknown = found;
    else if (found === criterion.negated) result = false;
  }
  if (result && unknown !== undefined) {
    throw refuseLine(line, unknown, 'name the hosts by Match host or originalhost instead');
  }
  return { holds: result, wantsFinal };
};
