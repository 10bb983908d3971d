import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { QuorateError } from '../../model/failure.js';
import { expandGlob } from './expand-glob.js';
import { expandPath } from './tokens.js';

/** A client configuration file and the folder that relative paths of `Include` begin at. */
export interface ConfigSource {
  readonly file: string;
  readonly includeFolder: string;
  /** Named by the operator: that it is missing is an error. */
  readonly required: boolean;
}

export interface ComputedConfig {
  /** By keyword in lower case, in the order of the first occurrence. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Files that were read. */
  readonly files: readonly string[];
}

interface Context {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One directive, and the `Host` or `Match` line it stands under. */
interface Line {
  readonly keyword: string;
  readonly value: string;
  readonly section: string;
  readonly from: ConfigSource;
  readonly depth: number;
}

/** As in OpenSSH (READCONF_MAX_DEPTH). */
const maxDepth = 16;

const everywhere = 'Match all';

/** The spelling by which ssh-config recognises what later `Match` lines depend on. */
const spelling: Readonly<Record<string, string>> = { host: 'Host', match: 'Match', hostname: 'HostName', user: 'User' };

const readLines = (source: ConfigSource, outer: string, depth: number): readonly Line[] => {
  let section = outer;
  const lines: Line[] = [];
  for (const raw of readFileSync(source.file, 'utf8').split('\n')) {
    const parts = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(\S.*)$/.exec(raw.trimEnd());
    const word = parts?.[1];
    const value = parts?.[2];
    if (word === undefined || value === undefined) continue;
    const keyword = spelling[word.toLowerCase()] ?? word.toLowerCase();
    if (keyword === 'Host' || keyword === 'Match') section = `${keyword} ${value}`;
    lines.push({ keyword, value, section, from: source, depth });
  }
  return lines;
};

const words = (value: string): readonly string[] =>
  [...value.matchAll(/"([^"]*)"|(\S+)/g)].map((found) => found[1] ?? found[2] ?? '');

const included = (line: Line, context: Context): readonly ConfigSource[] =>
  words(line.value).flatMap((word) => {
    const path = expandPath(word, {}, context.home, context.environment);
    const pattern = isAbsolute(path) ? path : join(line.from.includeFolder, path);
    return expandGlob(pattern).map((file) => ({ ...line.from, file, required: false }));
  });

const isVerbatim = (keyword: string): boolean => keyword === 'proxycommand';

/**
 * ssh-config leaves `Include` alone and takes the quotes of a ProxyCommand apart. So both go through it as markers:
 * a marker among the computed values says that its line applies to the host.
 */
const textOf = (lines: readonly Line[]): string =>
  lines
    .map(({ keyword, value }, index) => {
      if (keyword === 'include') return `quorateinclude${index} yes`;
      return isVerbatim(keyword) ? `${keyword} ${index}` : `${keyword} ${value}`;
    })
    .join('\n');

const compute = (lines: readonly Line[], host: string, user: string | undefined): Record<string, string | string[]> => {
  try {
    return SSHConfig.parse(textOf(lines)).compute(
      { Host: host, ...(user === undefined ? {} : { User: user }) },
      { ignoreCase: true, matchExec: false },
    );
  } catch (error) {
    const culprit = lines.find((line) => {
      try {
        SSHConfig.parse(textOf([line]));
        return false;
      } catch {
        return true;
      }
    });
    const where = culprit === undefined ? '' : ` at "${culprit.keyword} ${culprit.value}"`;
    throw new QuorateError(
      'InvalidSpecification',
      `${culprit?.from.file ?? 'the SSH client configuration'} cannot be parsed${where}: ${String(error)}`,
      { remedy: `correct the file until \`ssh -G ${host}\` accepts it`, cause: error },
    );
  }
};

/**
 * What the client configuration says about a host, as ssh_config(5): the first value of a keyword wins, identity
 * files add up, `Include` applies where it stands. `Match exec` and negated criteria of `Match` never match.
 * @throws QuorateError InvalidSpecification when a file that was named is missing, or one cannot be parsed.
 */
export const computeConfig = (
  sources: readonly ConfigSource[],
  host: string,
  user: string | undefined,
  context: Context,
): ComputedConfig => {
  const files: string[] = [];
  const read = (source: ConfigSource, outer: string, depth: number): readonly Line[] => {
    if (!existsSync(source.file)) {
      if (!source.required) return [];
      throw new QuorateError('InvalidSpecification', `the SSH client configuration ${source.file} does not exist`, {
        remedy: 'name an existing file, or leave the setting out to use ~/.ssh/config',
      });
    }
    if (!files.includes(source.file)) files.push(source.file);
    const lines = readLines(source, outer, depth);
    // Back to the section that the file was included from.
    const [keyword = 'Match', ...rest] = outer.split(' ');
    return [...lines, { keyword, value: rest.join(' '), section: outer, from: source, depth }];
  };

  let lines = sources.flatMap((source) => read(source, everywhere, 0));
  for (;;) {
    const values = compute(lines, host, user);
    const isActive = (index: number): boolean => `quorateinclude${index}` in values;
    if (!lines.some((line, index) => line.keyword === 'include' && isActive(index))) {
      const all = lines;
      return { values: new Map(Object.entries(values).map(([key, value]) => [key, valuesOf(key, value, all)])), files };
    }
    lines = lines.flatMap((line, index) => {
      if (line.keyword !== 'include' || !isActive(index)) return [line];
      if (line.depth >= maxDepth) {
        throw new QuorateError(
          'InvalidSpecification',
          `${line.from.file}: Include is nested more than ${maxDepth} deep`,
          {
            remedy: 'remove the Include that leads back to a file it came from',
          },
        );
      }
      return included(line, context).flatMap((source) => read(source, line.section, line.depth + 1));
    });
  }
};

const valuesOf = (key: string, value: string | string[], lines: readonly Line[]): readonly string[] => {
  const list = Array.isArray(value) ? value : [value];
  return isVerbatim(key) ? list.map((index) => lines[Number(index)]?.value ?? '') : list;
};
