import { readFileSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { QuorateError } from '../../../model/failures/failure.js';
import { matchesPatternList } from './pattern.js';
import { hostNameOf, requireNoLookup, spelled } from './canonical.js';
import { expandGlob } from './glob.js';
import { parseJumps, type Destination } from './jump.js';
import { isKeyword } from './keywords.js';
import { parseLine, refuseLine, type Line } from './line.js';
import { evaluateMatch, type MatchFacts } from './match.js';
import { takeLine, type Setting, type Settings } from './settings.js';
import { runsWell } from './shell.js';
import { expandTilde, expandTokens, type Environment, type Tokens } from './tokens.js';

/** A client configuration file. */
export interface ConfigSource {
  readonly file: string;
  /** Where relative paths of `Include` begin. */
  readonly includeFolder: string;
  /** Of the user, who may write `~` in `Include`. */
  readonly isUsers: boolean;
  /** Named by the operator: that it is missing is an error. */
  readonly required: boolean;
  /** Refused when others than the user and root may write it, since it may name commands. */
  readonly checked: boolean;
}

export interface ReadContext {
  readonly home: string;
  readonly environment: Environment;
}

export interface Reading {
  readonly settings: ReadonlyMap<string, Setting>;
  /** `HostName` with its tokens, or the name itself; names in lower case, addresses in their canonical spelling. */
  readonly hostName: string;
  /** Files that were read. */
  readonly files: readonly string[];
}

/** As in OpenSSH (READCONF_MAX_DEPTH). */
const maxDepth = 16;

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

const requireOwned = (file: string): void => {
  const { uid, mode } = statSync(file);
  if ((uid === 0 || uid === process.getuid?.()) && (mode & 0o022) === 0) return;
  throw new QuorateError('InvalidSpecification', `others may write ${file}, and ssh does not read it then`, {
    remedy: `\`chmod go-w ${file}\`, and make the user of the worker or root its owner`,
  });
};

/** The text of a file; undefined when it is not there. A folder is empty, as to OpenSSH. */
const textOf = ({ file, checked }: ConfigSource): string | undefined => {
  try {
    if (checked) requireOwned(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof QuorateError) throw error;
    if (isMissing(error)) return undefined;
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return '';
    throw new QuorateError(
      'InvalidSpecification',
      `the SSH client configuration ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { remedy: `make it readable for the user of the worker`, cause: error },
    );
  }
};

/** The host before it, by ProxyJump; empty when there is none. */
export const jumpHostOf = (settings: ReadonlyMap<string, Setting>): string => {
  const jumps = parseJumps(settings.get('proxyjump')?.values[0] ?? 'none');
  const last = typeof jumps === 'string' ? undefined : jumps.at(-1)?.name;
  return last === undefined || last.toLowerCase() === 'none' ? '' : last;
};

/**
 * What the client configuration says about a host, by ssh_config(5), as OpenSSH reads it (readconf.c). Read once with the
 * name that was given, and once more where `Match final` or CanonicalizeHostname want it, with the host name found.
 * @throws QuorateError InvalidSpecification, with file and line, for what OpenSSH refuses, and for what cannot be followed;
 *   Unreachable when a command of `Match exec` does not end.
 */
export const readConfig = async (
  sources: readonly ConfigSource[],
  destination: Destination,
  { home, environment }: ReadContext,
): Promise<Reading> => {
  const localUser = userInfo().username;
  const files: string[] = [];
  const settings: Settings = new Map();
  if (destination.user !== undefined) settings.set('user', { values: [destination.user] });
  if (destination.port !== undefined) settings.set('port', { values: [String(destination.port)] });
  if (destination.via !== undefined) settings.set('proxycommand', { values: ['none'] });
  const first = (keyword: string): string | undefined => settings.get(keyword)?.values[0];

  /** What `Host` is compared with: in the second pass the host name. */
  let host = destination.name;
  let isFinal = false;
  let wantsFinal = false;

  const hostNow = (): string => (isFinal ? host : hostNameOf(settings, destination.name));
  const tokensNow = (): Tokens => ({
    d: home,
    h: hostNow(),
    i: String(userInfo().uid),
    j: jumpHostOf(settings),
    k: first('hostkeyalias') ?? hostNow(),
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: destination.name,
    p: first('port') ?? '22',
    r: first('user') ?? localUser,
    u: localUser,
  });
  /** Tokens of `Match exec` and `Include`. */
  const expand = (line: Line, text: string, variables?: Environment): string => {
    try {
      return expandTokens(text, tokensNow(), variables);
    } catch (error) {
      throw refuseLine(line, error instanceof Error ? error.message : String(error));
    }
  };

  const hostHolds = (line: Line): boolean => {
    if (line.words.includes('')) throw refuseLine(line, 'a pattern is empty');
    return matchesPatternList(line.words, host);
  };

  const matchHolds = async (line: Line, isNever: boolean): Promise<boolean> => {
    const facts: MatchFacts = {
      host: hostNow(),
      originalHost: destination.name,
      user: first('user') ?? localUser,
      localUser,
      tag: first('tag') ?? '',
      isFinal,
      runs: (command) => runsWell(expand(line, command), environment, `${line.file} line ${line.number}`),
    };
    // Below an `Include` that does not apply nothing depends on it.
    const result = await evaluateMatch(line, isNever ? undefined : facts);
    wantsFinal ||= result.wantsFinal;
    return result.holds;
  };

  const include = async (line: Line, from: ConfigSource, isNever: boolean, depth: number): Promise<void> => {
    for (const word of line.words) {
      if (word === '') throw refuseLine(line, 'a path is empty');
      const path = expand(line, word, environment);
      if (path.startsWith('~') && !from.isUsers) throw refuseLine(line, '~ means nothing in a file of the system');
      const pattern = isAbsolute(path) || path.startsWith('~') ? path : join(from.includeFolder, path);
      let found: readonly string[];
      try {
        found = expandGlob(expandTilde(pattern, home));
      } catch (error) {
        throw refuseLine(line, error instanceof Error ? error.message : String(error));
      }
      for (const file of found) {
        if (await read({ ...from, file, required: false, checked: true }, isNever, depth + 1)) continue;
        throw refuseLine(line, `${file} leads nowhere`);
      }
    }
  };

  const isIgnored = (keyword: string): boolean => {
    const patterns = first('ignoreunknown')?.toLowerCase().split(',') ?? [];
    return matchesPatternList(patterns, keyword);
  };

  /** False when the file is not there. Within a file that is included where nothing applies, nothing does. */
  const read = async (source: ConfigSource, isNever: boolean, depth: number): Promise<boolean> => {
    if (depth > maxDepth) {
      throw new QuorateError('InvalidSpecification', `${source.file}: Include is nested more than ${maxDepth} deep`, {
        remedy: 'remove the Include that leads back to a file it came from',
      });
    }
    const text = textOf(source);
    if (text === undefined) return false;
    if (!files.includes(source.file)) files.push(source.file);
    let isActive = !isNever;
    for (const [index, raw] of text.split('\n').entries()) {
      const line = parseLine(raw, source.file, index + 1);
      if (line === undefined) continue;
      if (line.keyword === 'host') isActive = hostHolds(line) && !isNever;
      else if (line.keyword === 'match') isActive = await matchHolds(line, isNever);
      else if (line.keyword === 'include') await include(line, source, !isActive, depth);
      else if (isKeyword(line.keyword)) takeLine(line, isActive, settings, environment);
      else if (!isIgnored(line.keyword)) {
        throw refuseLine(
          line,
          'Quorate knows no such keyword',
          `correct it; if your ssh knows it, put \`IgnoreUnknown ${line.keyword}\` at the beginning of the file`,
        );
      }
    }
    return true;
  };

  const pass = async (): Promise<void> => {
    for (const source of sources) {
      if ((await read(source, false, 0)) || !source.required) continue;
      throw new QuorateError('InvalidSpecification', `the SSH client configuration ${source.file} does not exist`, {
        remedy: 'name an existing file, or leave the setting out to use ~/.ssh/config',
      });
    }
  };

  await pass();
  host = spelled(settings, hostNameOf(settings, destination.name));
  requireNoLookup(settings, host, destination.name);
  if (wantsFinal || (first('canonicalizehostname') ?? 'no') !== 'no') {
    isFinal = true;
    if (!settings.has('hostname')) settings.set('hostname', { values: [host] });
    await pass();
  }
  return { settings, hostName: host, files };
};
