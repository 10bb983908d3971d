import { PortInUse } from '../../network/port-in-use.js';
import type { Process, Program } from '../../system/process.js';
import { signalNumbers } from '../../system/signals.js';
import { parseOptions } from '../../text/input.js';
import { Backend } from './backend.js';
import { ConfigurationError, parseConfiguration } from './configuration.js';
import type { HaproxyConfiguration } from './configuration.js';
import { answerRuntime, haproxyReleaseDate, haproxyVersion } from './runtime.js';
import type { Running } from './runtime.js';

const reloadMs = 150;

const read = (process: Process, path: string): HaproxyConfiguration => {
  const text = process.machine.files.readIfThere(path);
  if (text === undefined)
    throw new ConfigurationError(`Cannot open configuration file/directory ${path} : No such file or directory`);
  return parseConfiguration(text, path);
};

/** Opens the ports of a configuration, and the runtime socket. @throws PortInUse */
const start = (process: Process, configuration: HaproxyConfiguration): void => {
  const { machine } = process;
  const backends = configuration.backends.map((definition) => new Backend(machine, definition));
  const running: Running = {
    description: configuration.description,
    startedAt: Date.now(),
    pid: process.pid,
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
  if (configuration.socket !== undefined) {
    machine.sockets.set(configuration.socket, {
      protocol: 'haproxy',
      http: async ({ body }) => ({ status: 200, body: await answerRuntime(running, body) }),
    });
    machine.files.makeDirectories(configuration.socket.replace(/\/[^/]*$/, ''));
    machine.files.write(configuration.socket, '');
  }
};

/** What it says when it cannot go on. @param path of a file that could not be read to its end */
const alert = (process: Process, { message, warnings }: ConfigurationError, path?: string): void => {
  const mark = (level: string): string => `[${level}]`.padEnd(10) + ` (${process.pid}) :`;
  process.complain(
    [
      `${mark('NOTICE')} haproxy version is ${haproxyVersion}`,
      `${mark('NOTICE')} path to executable is /usr/sbin/haproxy`,
      `${mark('ALERT')} ${message}`,
      ...warnings.map((warning) => `${mark('WARNING')} ${warning}`),
      ...(path === undefined ? [] : [`${mark('ALERT')} config : Error(s) found in configuration file : ${path}`]),
      `${mark('ALERT')} config : Fatal errors found in configuration.`,
      '',
    ].join('\n'),
  );
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
    process.print('Configuration file is valid\n');
    return 0;
  }
  let reload: (() => void) | undefined;
  process.onSignal = (signal) => {
    if (signal !== signalNumbers.USR2) return false;
    reload?.();
    return true;
  };
  try {
    for (;;) {
      try {
        start(process, configuration);
      } catch (error) {
        if (!(error instanceof PortInUse)) throw error;
        process.complain(
          `[ALERT]    (${process.pid}) : Starting frontend: cannot bind socket (Address already in use) [${error.message.replace(/^listen tcp (\S+): .*/, '$1')}]\n[ALERT]    (${process.pid}) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.\n`,
        );
        return 1;
      }
      await process.during(new Promise<void>((resolve) => (reload = resolve)));
      await process.work(reloadMs);
      try {
        configuration = read(process, path);
      } catch (error) {
        // The old workers go on.
        if (!(error instanceof ConfigurationError)) throw error;
        alert(process, error);
      }
    }
  } finally {
    machine.closePorts(process);
    if (configuration.socket !== undefined) machine.sockets.delete(configuration.socket);
  }
};
