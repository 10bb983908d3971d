import type { FileSystem } from '../files/file-system.js';

/** What a unit is to do, from its file and its drop-ins, or as `systemd-run` was told. */
export interface UnitDefinition {
  readonly description: string;
  readonly argv: readonly string[];
  /** `exec` and `simple` are active at once, `oneshot` when the command has ended. */
  readonly type: string;
  readonly restart: 'no' | 'always' | 'on-failure';
  readonly restartSec: number;
  readonly remainAfterExit: boolean;
  readonly runtimeMaxSec?: number;
  readonly timeoutStopSec: number;
  /** Path that output is appended to; absent: the journal. */
  readonly outputFile?: string;
  readonly workingDirectory: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Read when the unit starts; a leading `-` of the path lets it be missing. */
  readonly environmentFiles: readonly string[];
  /** One after the other, as long as they succeed; none: it cannot be reloaded. */
  readonly execReload: readonly (readonly string[])[];
  readonly execStartPre: readonly (readonly string[])[];
  /** Has an [Install] section, so that it can be enabled. */
  readonly installable: boolean;
  readonly transient: boolean;
}

const folders = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];

/** Words of a line of a unit: quotes, no shell. */
export const splitWords = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double?.replaceAll(/\\(.)/g, '$1') ?? single ?? plain ?? '',
  );

/** A command line of a unit: prefixes such as `-` and `+` of the program are dropped. */
const splitCommand = (line: string): string[] =>
  splitWords(line).map((word, index) => (index === 0 ? word.replace(/^[-+!:@]+/, '') : word));

const parseSeconds = (text: string): number => {
  if (text === 'infinity') return Infinity;
  const [, number = '0', unit = 's'] = /^([\d.]+)\s*(ms|s|min|h)?$/.exec(text.trim()) ?? [];
  return Number(number) * ({ ms: 0.001, s: 1, min: 60, h: 3600 }[unit] ?? 1);
};

type Settings = ReadonlyMap<string, readonly string[]>;

const parseSettings = (texts: readonly string[]): { settings: Settings; installable: boolean } => {
  const settings = new Map<string, string[]>();
  let installable = false;
  for (const text of texts) {
    for (const line of text.replaceAll(/\\\n/g, ' ').split('\n')) {
      if (line.trim() === '[Install]') installable = true;
      const [, key, value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (key === undefined || /^\s*[#;]/.test(line)) continue;
      // An empty value takes back what was said before.
      if (value === '') settings.delete(key);
      else settings.set(key, [...(settings.get(key) ?? []), value]);
    }
  }
  return { settings, installable };
};

/** What settings, as of a file or of `--property`, make of a unit. */
export const definitionOf = (
  settings: Settings,
  of: { readonly argv?: readonly string[]; readonly installable: boolean; readonly transient: boolean },
): UnitDefinition => {
  const last = (key: string): string | undefined => settings.get(key)?.at(-1);
  const is = (key: string): boolean => ['yes', 'true', '1', 'on'].includes((last(key) ?? '').toLowerCase());
  const restart = last('Restart') ?? 'no';
  const runtimeMax = last('RuntimeMaxSec');
  const output = /^(?:append|file|truncate):(.*)$/.exec(last('StandardOutput') ?? '')?.[1];
  const environment = new Map(
    (settings.get('Environment') ?? [])
      .flatMap(splitWords)
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const),
  );
  return {
    description: last('Description') ?? '',
    argv: of.argv ?? splitCommand(last('ExecStart') ?? ''),
    type: last('Type') ?? 'simple',
    restart: restart === 'always' || restart === 'on-failure' ? restart : 'no',
    restartSec: parseSeconds(last('RestartSec') ?? '100ms'),
    remainAfterExit: is('RemainAfterExit'),
    ...(runtimeMax === undefined ? {} : { runtimeMaxSec: parseSeconds(runtimeMax) }),
    timeoutStopSec: parseSeconds(last('TimeoutStopSec') ?? '90s'),
    ...(output === undefined ? {} : { outputFile: output }),
    workingDirectory: last('WorkingDirectory') ?? '/',
    environment,
    environmentFiles: (settings.get('EnvironmentFile') ?? []).map((path) => path.replace(/^-/, '')),
    execReload: (settings.get('ExecReload') ?? []).map(splitCommand),
    execStartPre: (settings.get('ExecStartPre') ?? []).map(splitCommand),
    installable: of.installable,
    transient: of.transient,
  };
};

export const isMasked = (files: FileSystem, name: string): boolean => {
  const inode = files.look(`/etc/systemd/system/${name}`, false);
  return inode?.kind === 'link' && inode.target === '/dev/null';
};

/** Path of the file of a unit. */
export const unitFile = (files: FileSystem, name: string): string | undefined =>
  folders.map((folder) => `${folder}/${name}`).find((path) => files.look(path)?.kind === 'file');

/** The definition of a unit from its file; undefined when there is none. */
export const readDefinition = (files: FileSystem, name: string): UnitDefinition | undefined => {
  const file = unitFile(files, name);
  if (file === undefined) return undefined;
  const dropIns = folders
    .map((folder) => `${folder}/${name}.d`)
    .filter((folder) => files.isDirectory(folder))
    .flatMap((folder) => files.list(folder).map((entry) => `${folder}/${entry}`))
    .filter((path) => path.endsWith('.conf'))
    .toSorted((a, b) => (a.replace(/.*\//, '') < b.replace(/.*\//, '') ? -1 : 1));
  const { settings, installable } = parseSettings([file, ...dropIns].map((path) => files.read(path)));
  return definitionOf(settings, { installable, transient: false });
};

const wants = '/etc/systemd/system/multi-user.target.wants';

/** As `systemctl is-enabled` says it; undefined when there is no such unit. */
export const enablement = (files: FileSystem, name: string): string | undefined => {
  if (isMasked(files, name)) return 'masked';
  const definition = readDefinition(files, name);
  if (definition === undefined) return undefined;
  if (files.look(`${wants}/${name}`, false) !== undefined) return 'enabled';
  return definition.installable ? 'disabled' : 'static';
};

export const enable = (files: FileSystem, name: string): boolean => {
  const file = unitFile(files, name);
  if (file === undefined || files.look(`${wants}/${name}`, false) !== undefined) return false;
  files.makeDirectories(wants);
  files.makeLink(file, `${wants}/${name}`);
  return true;
};

export const disable = (files: FileSystem, name: string): boolean => {
  if (files.look(`${wants}/${name}`, false) === undefined) return false;
  files.remove(`${wants}/${name}`);
  return true;
};

export const enabledUnits = (files: FileSystem): string[] => (files.isDirectory(wants) ? files.list(wants) : []);
