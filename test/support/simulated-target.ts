import { markOf, sectioned, unquoted } from './fake-host.js';
import type { FakeRule } from './fake-host.js';

interface SimulatedUnit {
  readonly argv: string;
  /** Undefined while it runs. */
  readonly exitStatus: number | undefined;
  readonly log: string;
  /** When the log was written last, seconds since the epoch; default now. */
  readonly logTime?: number;
  readonly description?: string;
}

/** A host on which kubeadm runs, as far as units and files go. */
export interface TargetState {
  readonly units: Map<string, SimulatedUnit>;
  /** What each command of a unit does; it ends at once. */
  command: (argv: string) => { exitStatus: number; log: string };
  /** Lines of the host's reading that tell of an earlier node, such as `etcd-data`; empty when it is clean. */
  dirt: string[];
  /** What of it a reset, and what comes after, does not get away; with a lazy unmount or without. */
  stays: (line: string, lazily: boolean) => boolean;
  machineId: string;
  /** What tells whose node it carries besides, such as `/etc/kubernetes/pki/ca.crt 7:1767600000:1107`; a deep clean ends it. */
  nodeIdentity: string[];
  marker: string | undefined;
  /** Files below /run/quorate with their content. */
  readonly files: Map<string, string>;
}

const logOf = ({ log, logTime }: SimulatedUnit): string =>
  `LogSize=${log.length}\nLogTime=${log === '' ? 0 : (logTime ?? Math.floor(Date.now() / 1_000))}\n`;

/** @param log of a unit that is gone: it outlives the unit */
const shown = (unit: SimulatedUnit | undefined, log: SimulatedUnit | undefined = unit): string => {
  const state =
    unit === undefined
      ? 'LoadState=not-found\nActiveState=inactive\nSubState=dead'
      : unit.exitStatus === undefined
        ? 'LoadState=loaded\nActiveState=active\nSubState=running'
        : `LoadState=loaded\nActiveState=${unit.exitStatus === 0 ? 'active\nSubState=exited' : 'failed\nSubState=failed'}\nExecMainCode=1\nExecMainStatus=${unit.exitStatus}`;
  return `${state}\nInvocationID=i\nBootId=b1\n${log === undefined ? 'LogSize=0\nLogTime=0\n' : logOf(log)}`;
};

const cleanHost = [
  'hostname cp3',
  'boot-id 11111111-2222-4333-8444-555555555555',
  'uname 6.1.0-30-amd64 x86_64',
  'cpus 4',
  'memory MemTotal: 4194304 kB',
  'cgroup 2',
  'rules 0',
];

const markerPath = '/var/lib/quorate/marker.json';

/** The lines by which the host is known again, as `whose` prints them. */
export const identityOf = ({ machineId, marker, nodeIdentity }: TargetState): string[] => [
  ...(machineId === '' ? [] : [`/etc/machine-id ${machineId}`]),
  ...(marker === undefined ? [] : [`${markerPath} ${marker.trim()}`]),
  ...nodeIdentity,
];

const reading = (state: TargetState): string => {
  const { dirt, marker, machineId } = state;
  const now = `${Date.now()}000000`;
  return [
    `began ${now}`,
    ...cleanHost,
    ...(machineId === '' ? [] : [`machine-id ${machineId}`]),
    ...(marker === undefined ? [] : [`marker ${marker.trim()}`]),
    ...identityOf(state).map((line) => `identity ${line}`),
    ...dirt,
    `ended ${now}`,
    'end',
    '',
  ].join('\n');
};

const firstMatch = (pattern: RegExp, script: string): string => pattern.exec(script)?.[1] ?? '';

const quoted = String.raw`((?:'[^']*'|\\'|[^\s'])+)`;
const quotedAfter = (before: string, script: string): string | undefined => {
  const word = new RegExp(`${before}${quoted}`).exec(script)?.[1];
  return word === undefined ? undefined : unquoted(word);
};

/** What a guard in the script says of the host: undefined when it lets the script go on. */
const refusal = (script: string, state: TargetState): string | undefined => {
  const seen = quotedAfter('^seen=', script.slice(script.indexOf('\nseen=') + 1))?.split('\n');
  if (seen === undefined) throw new Error(`no guard in this script:\n${script}`);
  const own = quotedAfter('grep -vF -e ', script);
  const machine = quotedAfter('whose \\| grep -qxF -e ', script);
  const there = identityOf(state);
  const news = there.filter((line) => (own === undefined || !line.includes(own)) && !seen.includes(line));
  if (machine !== undefined && !there.includes(machine)) news.push(`no ${machine.slice(1)}`);
  return news.length === 0 ? undefined : sectioned(script, { differs: `${news.join('\n')}\n` });
};
const isGuarded = (script: string): boolean => script.includes('\nseen=');

/** Rules of the host that an operation is about. */
export const targetRules = (host: string, state: TargetState, events: string[]): FakeRule[] => {
  const did = (what: string): void => void events.push(`${host}: ${what}`);
  const unitOf = (script: string): string => firstMatch(/(quorate-[a-z-]+-[0-9a-f]{12}\.service)/, script);
  const isLazy = (): boolean => [...state.files.values()].some((text) => text.includes('MNT_DETACH'));
  const writeMarker = (script: string): void => {
    const text = /printf '%s\\n' ('(?:[^']|'\\'')*') > \/var\/lib\/quorate\/marker\.json/.exec(script)?.[1];
    if (text === undefined) throw new Error(`no marker in this script:\n${script}`);
    did('write the marker');
    state.marker = `${unquoted(text)}\n`;
  };
  /** Logs of units that are gone. */
  const logs = new Map<string, SimulatedUnit>();
  const running = (): string[] =>
    [...state.units].flatMap(([name, { exitStatus }]) => (exitStatus === undefined ? [`running-unit ${name}\n`] : []));

  return [
    // First: these look at nearly everything that the others are told by.
    [/printf 'ended/, () => reading(state)],
    [
      /^removed\(\)/m,
      ({ script }) => {
        const refused = refusal(script, state);
        if (refused !== undefined) return refused;
        did('deep clean');
        state.nodeIdentity = [];
        const gone = state.dirt.filter((line) => !state.stays(line, isLazy()));
        state.dirt = state.dirt.filter((line) => !gone.includes(line));
        return gone.map((line) => `removed ${line}\n`).join('');
      },
    ],
    [
      /systemd-run/,
      ({ script }) => {
        const unit = firstMatch(/--unit=([^\s']+)/, script);
        const argv = firstMatch(/ -- (.*?) 2>&1\)/, script);
        const others = running().filter((line) => line !== `running-unit ${unit}\n`);
        if (others.length > 0)
          return sectioned(script, { start: '0 0\n\n', others: others.join(''), show: shown(state.units.get(unit)) });
        if (state.units.has(unit))
          return sectioned(script, {
            start: `1 0\nUnit ${unit} was already loaded`,
            show: shown(state.units.get(unit)),
          });
        if (isGuarded(script)) {
          const refused = refusal(script, state);
          if (refused !== undefined) return refused;
          writeMarker(script);
        }
        did(argv.split(' ').slice(0, 2).join(' '));
        const description = firstMatch(/'--description=([^']*)'/, script);
        state.units.set(unit, { argv, description, ...state.command(argv) });
        return sectioned(script, { start: '0 0\n\n', show: shown(state.units.get(unit)) });
      },
    ],
    [
      /--pid=/,
      ({ script }) => {
        const unit = state.units.get(unitOf(script));
        return `${unit?.log ?? ''}${markOf(script)} \n${shown(unit)}`;
      },
    ],
    [
      /systemctl stop/,
      ({ script }) => {
        const unit = unitOf(script);
        did(`stop ${unit}`);
        const known = state.units.get(unit);
        if (known !== undefined) logs.set(unit, known);
        if (known?.exitStatus !== 1) state.units.delete(unit);
        return shown(state.units.get(unit), logs.get(unit));
      },
    ],
    [
      /tail -c 65536/,
      ({ script }) => [...state.units].find(([name]) => script.includes(name.slice(0, -8)))?.[1].log ?? '',
    ],
    [/^if listed=\$\(systemctl list-units/, () => running().join('')],
    [
      /^listed=\$\(systemctl list-units/,
      ({ script }) => {
        const operation = quotedAfter('-v operation=', script);
        return [...state.units]
          .filter(([, { description = '' }]) => description.startsWith(`quorate ${operation} `))
          .map(([name]) => `${name}\n`)
          .join('');
      },
    ],
    [
      /^for folder in \/run\/quorate/,
      () => {
        did('remove other configurations');
        return '';
      },
    ],
    [
      /^systemctl show/,
      ({ script }) =>
        shown(state.units.get(unitOf(script)), state.units.get(unitOf(script)) ?? logs.get(unitOf(script))),
    ],
    // A guard alone, for what is changed elsewhere.
    [/^cd \/ \|\| exit 1\nwhose\(\)/, ({ script }) => refusal(script, state) ?? ''],
    [
      /marker\.json/,
      ({ script }) => {
        if (/^\[ ! -e \S+ \] \|\| cat /.test(script)) return state.marker ?? '';
        if (state.marker === undefined) return 'done\n';
        if (!state.marker.includes(quotedAfter('grep -qF -e ', script) ?? '')) return 'kept\n';
        if (script.includes('\nrm -f -- ')) {
          did('remove the marker');
          state.marker = undefined;
        } else writeMarker(script);
        return 'done\n';
      },
    ],
    [
      /\/run\/quorate\/[0-9a-f]{12}/,
      ({ script, options }) => {
        if (script.startsWith('rm -rf')) {
          did('remove the configuration');
          state.files.clear();
          return '';
        }
        const path = firstMatch(/mv -f -- "\$t" (\S+)/, script);
        state.files.set(path, options.stdin ?? '');
        return '';
      },
    ],
    [
      /10248\/healthz/,
      'unit LoadState=loaded\nunit ActiveState=active\nunit SubState=running\nunit UnitFileState=enabled\nhealthz ok 200\nend\n',
    ],
  ];
};
