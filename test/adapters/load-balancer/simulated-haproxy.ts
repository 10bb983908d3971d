import { createHash } from 'node:crypto';
import { managedHeader, parseServers, type Server } from '../../../adapters/load-balancer/configuration.js';
import { fakeHost, sectioned, type FakeHost, type FakeReply, type FakeRun } from '../../support/fake-host.js';

export interface SimulatedHaproxy {
  readonly host: FakeHost;
  file: string | undefined;
  /** Servers by name with HAProxy's administrative flags; undefined while it does not run. */
  running: { revision: string; servers: Map<string, Server & { flags: number }> } | undefined;
  /** The state file for starts. */
  stateFile: string | undefined;
  reloads: number;
  /** Answers instead of the simulation. */
  instead: ((run: FakeRun) => FakeReply | undefined) | undefined;
}

const digest = (text: string | undefined): string =>
  text === undefined ? '' : createHash('sha256').update(text).digest('hex');

const statHeader = '# pxname,svname,scur,status,type,check_status,check_code,last_chk,addr,';

const runtimeText = ({ running }: Pick<SimulatedHaproxy, 'running'>, backend: string): string => {
  if (running === undefined) return 'connect: No such file or directory\n';
  const servers = [...running.servers.values()];
  const words = (flags: number): string =>
    (flags & 1) !== 0 ? 'MAINT,2,,' : (flags & 8) !== 0 ? 'DRAIN,2,L7OK,200' : 'UP,2,L7OK,200';
  return [
    'Name: HAProxy',
    'Version: 2.6.12',
    `description: quorate ${running.revision}`,
    '',
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state',
    ...servers.map(({ name, address, flags }, index) => `3 ${backend} ${index + 1} ${name} ${address} 2 ${flags}`),
    '',
    statHeader,
    `endpoint,FRONTEND,0,OPEN,0,,,,,`,
    ...servers.map(({ name, address, port, flags }) => `${backend},${name},0,${words(flags)},,${address}:${port},`),
    '',
  ].join('\n');
};

const load = (text: string): Map<string, Server & { flags: number }> =>
  new Map(parseServers(text).map((server) => [server.name, { ...server, flags: server.disabled ? 5 : 0 }]));

/** A host that answers the load balancer's scripts from a few lines of state. */
export const simulatedHaproxy = (name: string, backend = 'kube-apiserver'): SimulatedHaproxy => {
  const read = ({ script }: FakeRun): FakeReply =>
    sectioned(script, {
      program: '/usr/sbin/haproxy',
      client: 'socat',
      unit: state.running === undefined ? 'inactive\ndisabled' : 'active\nenabled',
      digest: digest(state.file),
      state: digest(state.stateFile),
      ...(state.file?.startsWith(managedHeader) === true ? { managed: state.file } : { foreign: '' }),
      runtime: runtimeText(state, backend),
      end: '',
    });
  const write = ({ script, options }: FakeRun): FakeReply => {
    const expected = /"\$\(digest "\$file"\)" = '([0-9a-f]*)'/.exec(script)?.[1];
    if (expected !== digest(state.file)) return sectioned(script, { changed: '', end: '' });
    state.file = options.stdin ?? state.file;
    const atStart = /^at_start\(\) \{\n {2}printf %s '([^']*)'/m.exec(script)?.[1];
    if (/^(at_start|taken_over)$/m.test(script)) state.stateFile = atStart;
    const revision = /revision == "([0-9a-f]{12})"/.exec(script)?.[1];
    if (revision !== undefined) {
      state.reloads += 1;
      state.running = { revision, servers: load(state.file ?? '') };
    }
    for (const [, server = '', wanted = ''] of script.matchAll(/set server [^/]+\/(\S+) state (\w+)/g)) {
      const found = state.running?.servers.get(server);
      if (found !== undefined) found.flags = { ready: 0, drain: 8, maint: 1 }[wanted] ?? Number.NaN;
    }
    return sectioned(script, { runtime: runtimeText(state, backend), end: '' });
  };
  const wait = ({ script }: FakeRun): FakeReply => {
    const server = state.running?.servers.get(/-v server=(\S+) /.exec(script)?.[1] ?? '');
    return sectioned(script, {
      [server?.flags === 0 ? 'up' : 'late']: '',
      runtime: runtimeText(state, backend),
      end: '',
    });
  };
  const state: SimulatedHaproxy = {
    host: fakeHost(name, [
      [/outcome=late/, (run) => state.instead?.(run) ?? wait(run)],
      [/flock/, (run) => state.instead?.(run) ?? write(run)],
      [/section foreign/, (run) => state.instead?.(run) ?? read(run)],
    ]),
    file: undefined,
    stateFile: undefined,
    running: undefined,
    reloads: 0,
    instead: undefined,
  };
  return state;
};
