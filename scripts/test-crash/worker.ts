// A worker of the product in a process of its own, which stops where it is told to, so that it can be killed there.
import { Context, activityInfo } from '@temporalio/activity';
import type { Info } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import type { Activities } from '../../activities/index.js';
import { createHosts } from '../../adapters/ssh/hosts.js';
import type { Hosts } from '../../adapters/ssh/types.js';
import type { ActivityName, FromWorker, Gate, Moment, ToWorker, WorkerConfiguration } from './moments.js';

const tell = (message: FromWorker): void => {
  process.send?.(message);
};

/** Where activities stop. */
let gates: Gate[] = [];
let goOn: (() => void)[] = [];

/** Ids of the activities of the operation that runs, by type, in the order in which they began. */
const began = new Map<string, string[]>();
const commands = new Map<string, number>();

const nameOf = (type: string, id: string): ActivityName => {
  const ids = began.get(type) ?? [];
  if (!ids.includes(id)) ids.push(id);
  began.set(type, ids);
  return { type, occurrence: ids.indexOf(id) + 1 };
};

const find = ({ type, occurrence }: ActivityName, matches: (moment: Moment) => boolean): Gate | undefined => {
  const gate = gates.find(
    ({ activity, moment }) => activity.type === type && activity.occurrence === occurrence && matches(moment),
  );
  if (gate !== undefined) gates = gates.filter((other) => other !== gate);
  return gate;
};

/** Tells that a gate is reached, and waits until it opens. */
const stopAt = async (activity: ActivityName, matches: (moment: Moment) => boolean): Promise<void> => {
  const gate = find(activity, matches);
  if (gate === undefined) return;
  const opened = new Promise<void>((resolve) => goOn.push(resolve));
  tell({ kind: 'reached', gate });
  await opened;
};

/** Of one activity among those of all workflows. */
const idOf = ({ activityId, workflowExecution: of }: Info): string => `${of?.workflowId}/${of?.runId}/${activityId}`;

const stopping =
  <Arguments extends unknown[], Result>(activity: (...args: Arguments) => Promise<Result>) =>
  async (...args: Arguments): Promise<Result> => {
    const info = activityInfo();
    const name = nameOf(info.activityType, idOf(info));
    const startedAt = Date.now();
    tell({ kind: 'began', activity: name });
    await stopAt(name, ({ at }) => at === 'start');
    const late = find(name, ({ at }) => at === 'afterMs');
    const timer =
      late?.moment.at === 'afterMs'
        ? setTimeout(() => tell({ kind: 'reached', gate: late }), late.moment.ms)
        : undefined;
    try {
      const result = await activity(...args);
      tell({ kind: 'ended', activity: name, ms: Date.now() - startedAt });
      await stopAt(name, ({ at }) => at === 'end');
      return result;
    } finally {
      clearTimeout(timer);
    }
  };

/** Activity that the code which asks belongs to. */
const current = (): { type: string; id: string } | undefined => {
  try {
    const { info } = Context.current();
    return { type: info.activityType, id: idOf(info) };
  } catch {
    return undefined;
  }
};

const counting = (hosts: Hosts): Hosts => ({
  host: (name) => {
    const host = hosts.host(name);
    return {
      name,
      run: async (script, options) => {
        const asking = current();
        if (asking !== undefined) {
          const activity = nameOf(asking.type, asking.id);
          const number = (commands.get(asking.id) ?? 0) + 1;
          commands.set(asking.id, number);
          tell({ kind: 'command', activity, host: name });
          await stopAt(activity, (moment) => moment.at === 'command' && moment.number === number);
        }
        return host.run(script, options);
      },
    };
  },
  close: () => hosts.close(),
});

const run = async ({ address, namespace, taskQueue, codePath, sshConfigFile }: WorkerConfiguration): Promise<void> => {
  const activities = createActivities({
    hosts: counting(createHosts({ configFile: sshConfigFile })),
    webhooks: new Map(),
  });
  const stoppingActivities = Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      stopping(activity as (...args: unknown[]) => Promise<unknown>),
    ]),
  ) as unknown as Activities;
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    namespace,
    taskQueue,
    workflowBundle: { codePath },
    activities: { ...stoppingActivities },
    // The next worker asks for the tasks of one that was killed that much sooner.
    stickyQueueScheduleToStartTimeout: '500ms',
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: 0,
    workflowThreadPoolSize: 1,
  });
  const running = worker.run();
  tell({ kind: 'running' });
  await running;
};

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'run':
      void run(message.configuration).catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
      break;
    case 'begin':
      began.clear();
      commands.clear();
      gates = [];
      break;
    case 'arm':
      gates = [...message.gates];
      break;
    case 'go': {
      const waiting = goOn;
      goOn = [];
      for (const open of waiting) open();
      break;
    }
  }
});
// The runner is gone.
process.on('disconnect', () => process.exit(0));

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
tell({ kind: 'loaded' });
