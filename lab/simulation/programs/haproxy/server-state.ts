// The file of `server-state-file`, as `show servers state` prints it (HAProxy's server_state.c).
import type { Machine } from '../../system/machine.js';
import type { Backend, Server } from './backend.js';
import { checkNumbers, firstWithCode } from './check-results.js';
import type { CheckResult } from './check-results.js';
import type { HaproxyConfiguration } from './configuration.js';

/** What a line says of a server. */
export interface SavedState {
  readonly isUp: boolean;
  /** Flags of `srv_admin_state`. */
  readonly admin: number;
  readonly since: number;
  readonly check: CheckResult | undefined;
  readonly checksEnabled: boolean;
  readonly port: number;
}

const minimumFields = 20;

const checkOf = (number: number, result: number): CheckResult | undefined => {
  const status = Object.entries(checkNumbers).find(([, one]) => one === number)?.[0];
  if (status === undefined || status === 'INI') return undefined;
  return { ok: result === 3, status, ...(number >= firstWithCode ? { code: 0 } : {}), last: '' };
};

/** The lines by "BACKEND SERVER"; undefined when HAProxy takes none of it. */
const parse = (text: string): Map<string, SavedState> | undefined => {
  const [version, ...lines] = text.split('\n');
  if (version !== '1' || !text.endsWith('\n')) return undefined;
  const saved = new Map<string, SavedState>();
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (fields.length < minimumFields) return undefined;
    const number = (index: number): number => Number(fields[index]);
    saved.set(`${fields[1]} ${fields[3]}`, {
      isUp: number(5) !== 0,
      admin: number(6),
      since: number(9),
      check: checkOf(number(10), number(11)),
      checksEnabled: (number(13) & 4) !== 0,
      port: number(18),
    });
  }
  return saved;
};

const downWords = (backend: Backend, server: Server): string => {
  const left = backend.servers.filter((one) => one.takesTraffic).length;
  return `config : Server ${backend.definition.name}/${server.definition.name} is DOWN, changed from server-state after a reload. ${left} active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`;
};

/** Applies the state file to servers that begin. @returns what HAProxy warns of */
export const loadServerState = (
  machine: Machine,
  { stateFile }: HaproxyConfiguration,
  backends: readonly Backend[],
): string[] => {
  if (stateFile === undefined) return [];
  const text = machine.files.readIfThere(stateFile);
  if (text === undefined)
    return [`config : config: Can't open global server state file '${stateFile}': No such file or directory`];
  const saved = parse(text);
  if (saved === undefined)
    return [`config : config: Can't get version of the global server state file '${stateFile}'.`];
  const warnings: string[] = [];
  for (const backend of backends.filter(({ definition }) => definition.loadsState)) {
    for (const server of backend.servers) {
      const state = saved.get(`${backend.definition.name} ${server.definition.name}`);
      if (state === undefined) continue;
      const before = server.takesTraffic;
      server.restore(state);
      if (before && !server.takesTraffic) warnings.push(downWords(backend, server));
    }
  }
  return warnings;
};
