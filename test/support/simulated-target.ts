import { markOf, sectioned } from './fake-host.js';
import type { FakeRule } from './fake-host.js';

interface SimulatedUnit {
  readonly argv: string;
  /** Undefined while it runs. */
  readonly exitStatus: number | undefined;
  readonly log: string;
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
  marker: string | undefined;
  /** Files below /run/quorate with their content. */
  readonly files: Map<string, string>;
}

const shown = (unit: SimulatedUnit | undefined): string => {
  const state =
    unit === undefined
      ? 'LoadState=not-found\nActiveState=inactive\nSubState=dead'
      : unit.exitStatus === undefined
        ? 'LoadState=loaded\nActiveState=active\nSubState=running'
        : `LoadState=loaded\nActiveState=${unit.exitStatus === 0 ? 'active\nSubState=exited' : 'failed\nSubState=failed'}\nExecMainCode=1\nExecMainStatus=${unit.exitStatus}`;
  return `${state}\nInvocationID=i\nBootId=b1\nLogSize=${unit?.log.length ?? 0}\n`;
};

const cleanHost = [
  'hostname cp3',
  'machine-id c3c3',
  'boot-id 11111111-2222-4333-8444-555555555555',
  'uname 6.1.0-30-amd64 x86_64',
  'cpus 4',
  'memory MemTotal: 4194304 kB',
  'cgroup 2',
  'rules 0',
];

const reading = ({ dirt, marker }: TargetState): string => {
  const now = `${Date.now()}000000`;
  return [
    `began ${now}`,
    ...cleanHost,
    ...(marker === undefined ? [] : [`marker ${marker.trim()}`]),
    ...dirt,
    `ended ${now}`,
    'end',
    '',
  ].join('\n');
};

const firstMatch = (pattern: RegExp, script: string): string => pattern.exec(script)?.[1] ?? '';

/** Rules of the host that an operation is about. */
export const targetRules = (host: string, state: TargetState, events: string[]): FakeRule[] => {
  const did = (what: string): void => void events.push(`${host}: ${what}`);
  const unitOf = (script: string): string => firstMatch(/(quorate-[a-z-]+-[0-9a-f]{12}\.service)/, script);
  const isLazy = (): boolean => [...state.files.values()].some((text) => text.includes('MNT_DETACH'));

  return [
    // First: these look at nearly everything that the others are told by.
    [/printf 'ended/, () => reading(state)],
    [
      /^removed\(\)/m,
      () => {
        did('deep clean');
        const gone = state.dirt.filter((line) => !state.stays(line, isLazy()));
        state.dirt = state.dirt.filter((line) => !gone.includes(line));
        return gone.map((line) => `removed ${line}\n`).join('');
      },
    ],
    [
      /systemd-run/,
      ({ script }) => {
        const unit = unitOf(script);
        const argv = firstMatch(/ -- (.*?) 2>&1\)/, script);
        if (state.units.has(unit))
          return sectioned(script, {
            start: `1 0\nUnit ${unit} was already loaded`,
            show: shown(state.units.get(unit)),
          });
        did(argv.split(' ').slice(0, 2).join(' '));
        state.units.set(unit, { argv, ...state.command(argv) });
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
        if (state.units.get(unit)?.exitStatus !== 1) state.units.delete(unit);
        return shown(state.units.get(unit));
      },
    ],
    [
      /tail -c 65536/,
      ({ script }) => [...state.units].find(([name]) => script.includes(name.slice(0, -8)))?.[1].log ?? '',
    ],
    [
      /^if listed=\$\(systemctl list-units/,
      () =>
        [...state.units]
          .flatMap(([name, { exitStatus }]) => (exitStatus === undefined ? [`running-unit ${name}\n`] : []))
          .join(''),
    ],
    [
      /^for folder in \/run\/quorate/,
      () => {
        did('remove other configurations');
        return '';
      },
    ],
    [/^systemctl show/, ({ script }) => shown(state.units.get(unitOf(script)))],
    [
      /marker\.json/,
      ({ script, options }) => {
        if (script.startsWith('sync')) return '';
        if (script.startsWith('rm ')) {
          if (state.marker !== undefined) did('remove the marker');
          state.marker = undefined;
          return '';
        }
        if (!script.includes('cat >')) return state.marker ?? '';
        did('write the marker');
        state.marker = options.stdin;
        return '';
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
