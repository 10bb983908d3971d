// The process that serves: with its ports, its servers and its runtime socket.
import { Process } from '../../system/process.js';
import { Backend } from './backend.js';
import type { HaproxyConfiguration } from './configuration.js';
import { warn } from './messages.js';
import { answerRuntime } from './runtime.js';
import type { Running } from './runtime.js';
import { loadServerState } from './server-state.js';

export const backendsOf = (process: Process, { backends, spreadMs }: HaproxyConfiguration): readonly Backend[] =>
  backends.map((definition) => new Backend(process.machine, definition, spreadMs));

export const putSocket = (process: Process, path: string, answer: (line: string) => Promise<string>): void => {
  const { machine } = process;
  machine.sockets.set(path, {
    protocol: 'haproxy',
    http: async ({ body }) => ({ status: 200, body: await answer(body) }),
  });
  machine.files.makeDirectories(path.replace(/\/[^/]*$/, ''));
  machine.files.write(path, '');
};

/** The process that a master starts; it holds nothing of its own. */
export const startWorker = (master: Process): Process => {
  const worker = new Process({
    machine: master.machine,
    parent: master,
    argv: master.argv,
    descriptors: new Map(),
    environment: master.environment,
    directory: master.directory,
    uid: master.uid,
    umask: master.umask,
  });
  worker.onKill(() => worker.end(128 + (worker.killedBy ?? 0)));
  return worker;
};

/** Opens the ports of a configuration, and the runtime socket. @throws PortInUse */
export const serve = (process: Process, worker: Process, configuration: HaproxyConfiguration): Running => {
  const { machine } = process;
  const backends = backendsOf(process, configuration);
  warn(process, loadServerState(machine, configuration, backends));
  const running: Running = {
    description: configuration.description,
    startedAt: Date.now(),
    pid: worker.pid,
    node: machine.hostname,
    backends,
    frontends: configuration.frontends,
  };
  machine.listeners = machine.listeners.filter((one) => one.process !== process);
  for (const { ports, backend } of configuration.frontends) {
    const target = backends.find((one) => one.definition.name === backend);
    for (const port of ports)
      machine.listen({
        port,
        address: '*',
        process,
        name: 'haproxy',
        service: { route: () => target?.route(), look: async () => target?.lookSoon() },
      });
  }
  if (configuration.socket !== undefined)
    putSocket(process, configuration.socket, (line) => answerRuntime(running, line));
  return running;
};
