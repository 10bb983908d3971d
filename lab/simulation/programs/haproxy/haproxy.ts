import { PortInUse } from '../../network/port-in-use.js';
import { Process } from '../../system/process.js';
import type { Program } from '../../system/process.js';
import { signalNumbers } from '../../system/signals.js';
import { parseOptions } from '../../text/input.js';
import { Backend } from './backend.js';
import { ConfigurationError, parseConfiguration } from './configuration.js';
import type { HaproxyConfiguration } from './configuration.js';
import { answerMaster } from './master.js';
import { answerRuntime, haproxyReleaseDate, haproxyVersion } from './runtime.js';
import type { Running } from './runtime.js';
import { loadServerState } from './server-state.js';

const reloadMs = 150;

const read = (process: Process, path: string): HaproxyConfiguration => {
  const text = process.machine.files.readIfThere(path);
  if (text === undefined)
    throw new ConfigurationError(`Cannot open configuration file/directory ${path} : No such file or directory`);
  return parseConfiguration(text, path);
};

const backendsOf = (process: Process, { backends, spreadMs }: HaproxyConfiguration): readonly Backend[] =>
  backends.map((definition) => new Backend(process.machine, definition, spreadMs));

const putSocket = (process: Process, path: string, answer: (line: string) => Promise<string>): void => {
  const { machine } = process;
  machine.sockets.set(path, {
    protocol: 'haproxy',
    http: async ({ body }) => ({ status: 200, body: await answer(body) }),
  });
  machine.files.makeDirectories(path.replace(/\/[^/]*$/, ''));
  machine.files.write(path, '');
};

/** The process that a master starts; it holds nothing of its own. */
const startWorker = (master: Process): Process => {
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
const start = (process: Process, worker: Process, configuration: HaproxyConfiguration): Running => {
  const { machine } = process;
  const backends = backendsOf(process, configuration);
  warn(process, loadServerState(machine, configuration, backends));
  const running: Running = {
    description: configuration.description,
    startedAt: Date.now(),
    pid: worker.pid,
    node: machine.name,
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

const mark = (process: Process, level: string): string => `[${level}]`.padEnd(10) + ` (${process.pid}) :`;

const introduction = (process: Process): readonly string[] => [
  `${mark(process, 'NOTICE')} haproxy version is ${haproxyVersion}`,
  `${mark(process, 'NOTICE')} path to executable is /usr/sbin/haproxy`,
];

const warn = (process: Process, warnings: readonly string[]): void => {
  if (warnings.length === 0) return;
  const lines = warnings.map((warning) => `${mark(process, 'WARNING')} ${warning}`);
  process.complain([...introduction(process), ...lines, ''].join('\n'));
};

/** What it says when it cannot go on. @param path of a file that could not be read to its end */
const alert = (process: Process, { message, warnings }: ConfigurationError, path?: string): void => {
  process.complain(
    [
      ...introduction(process),
      `${mark(process, 'ALERT')} ${message}`,
      ...warnings.map((warning) => `${mark(process, 'WARNING')} ${warning}`),
      ...(path === undefined
        ? []
        : [`${mark(process, 'ALERT')} config : Error(s) found in configuration file : ${path}`]),
      `${mark(process, 'ALERT')} config : Fatal errors found in configuration.`,
      '',
    ].join('\n'),
  );
};

/** Undefined when it cannot be loaded: the worker of before goes on. */
const readAgain = (process: Process, path: string): HaproxyConfiguration | undefined => {
  try {
    return read(process, path);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    alert(process, error);
    return undefined;
  }
};

/** haproxy: it checks a configuration, or runs as a master that reloads on USR2. */
export const haproxy: Program = async (process, args) => {
  const { flags, values } = parseOptions(args, 'fpSL');
  if (flags.has('v')) {
    process.print(`HAProxy version ${haproxyVersion} ${haproxyReleaseDate} - https://haproxy.org/\n`);
    return 0;
  }
  const path = values.get('f') ?? '/etc/haproxy/haproxy.cfg';
  const { machine } = process;
  let configuration: HaproxyConfiguration;
  try {
    configuration = read(process, path);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    alert(process, error, /: parsing \[/.test(error.message) ? path : undefined);
    return 1;
  }
  if (flags.has('c')) {
    const warnings = loadServerState(machine, configuration, backendsOf(process, configuration));
    if (flags.has('q')) return 0;
    warn(process, warnings);
    process.print(`${warnings.length === 0 ? '' : 'Warnings were found.\n'}Configuration file is valid\n`);
    return 0;
  }
  const masterSocket = values.get('S')?.replace(/,.*$/, '');
  const startedAt = Date.now();
  let running: Running | undefined;
  let worker: Process | undefined;
  let reloads = 0;
  let reload: (() => void) | undefined;
  process.onSignal = (signal) => {
    if (signal !== signalNumbers.USR2) return false;
    reload?.();
    return true;
  };
  try {
    for (;;) {
      const next = startWorker(process);
      try {
        running = start(process, next, configuration);
      } catch (error) {
        next.end(1);
        if (!(error instanceof PortInUse)) throw error;
        process.complain(
          `[ALERT]    (${process.pid}) : Starting frontend: cannot bind socket (Address already in use) [${error.message.replace(/^listen tcp (\S+): .*/, '$1')}]\n[ALERT]    (${process.pid}) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.\n`,
        );
        return 1;
      }
      worker?.end(0);
      worker = next;
      if (masterSocket !== undefined)
        putSocket(process, masterSocket, (line) =>
          answerMaster({ pid: process.pid, reloads, startedAt, running }, line),
        );
      let reloaded: HaproxyConfiguration | undefined;
      while (reloaded === undefined) {
        await process.during(new Promise<void>((resolve) => (reload = resolve)));
        await process.work(reloadMs);
        reloads += 1;
        reloaded = readAgain(process, path);
      }
      configuration = reloaded;
    }
  } finally {
    worker?.end(0);
    machine.closePorts(process);
    if (masterSocket !== undefined) machine.sockets.delete(masterSocket);
    if (configuration.socket !== undefined) machine.sockets.delete(configuration.socket);
  }
};
