import type { Client } from '@temporalio/client';
import { parse } from 'yaml';
import { clusterYaml } from '../../../lab/cluster-yaml.js';
import type { Lab } from '../../../lab/index.js';
import { createActivities } from '../../../activities/index.js';
import type { Activities, Before } from '../../../activities/contract.js';
import { createHosts } from '../../../adapters/ssh/hosts.js';
import type { Hosts } from '../../../adapters/ssh/types.js';
import type { OperationContext } from '../../../model/operation.js';
import type { OperationKind } from '../../../model/operations.js';
import { operationContext } from '../../../model/specification/operation-context.js';
import { validateSpecification } from '../../../model/specification/validate.js';
import { activityEnvironment } from '../../support/activity-environment.js';
import { recordHosts } from './recorder.js';
import type { Recorder } from './recorder.js';

/** One name on both sides: operations, units and paths on hosts are derived from it. */
export const clusterName = 'answers';

/** Where a scenario is played: hosts of the lab or simulated ones, with every answer noted. */
export interface Stage {
  readonly lab: Lab;
  /** How long the loss of a host takes to be felt by the others. */
  readonly pauseMs: number;
  /** Hosts whose answers are noted. */
  readonly hosts: Hosts;
  /** What was before each operation began to change its host, by the operation's id. */
  readonly before: Map<string, Before>;
  /** Context of an operation; `key` tells two of one kind on one host apart. */
  context(kind: OperationKind, host: string, key?: string): OperationContext;
  /** Runs an activity of the product as a worker would; answers its result, or undefined when it failed. */
  act<Name extends keyof Activities>(
    name: Name,
    ...args: Parameters<Activities[Name]>
  ): Promise<Awaited<ReturnType<Activities[Name]>> | undefined>;
  /** Runs a function of an adapter; what it throws is noted. */
  attempt(host: string, what: string, work: () => Promise<unknown>): Promise<void>;
  /** Runs a command that no adapter sends, such as one that kubeadm itself would. */
  ask(host: string, what: string, script: string): Promise<void>;
}

/** A part of a scenario. */
export interface Part {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}

export interface PlayedStage extends Stage {
  readonly recorder: Recorder;
  play(part: Part): Promise<void>;
  close(): Promise<void>;
}

const specificationOf = (lab: Lab) => {
  const validated = validateSpecification(parse(clusterYaml(lab, { name: clusterName })));
  if (!validated.ok) throw new Error(JSON.stringify(validated));
  return validated.specification;
};

const said = (error: unknown): string => {
  const cause = error instanceof Error ? error : new Error(String(error));
  const type = (cause as { type?: unknown }).type;
  return typeof type === 'string' ? type : `${cause.name}: ${cause.message}`;
};

/** Nobody listens to the progress that kubeadm's run reports. */
const deafClient = {
  withAbortSignal: <Result>(_signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => work(),
  workflow: { getHandle: () => ({ signal: () => Promise.resolve() }) },
} as unknown as Client;

/** Puts a stage on the hosts of a lab, or on simulated ones. */
export const openStage = (lab: Lab, pauseMs: number): PlayedStage => {
  const recorder = recordHosts(createHosts({ configFile: lab.sshConfigFile }));
  const { hosts } = recorder;
  const activities = createActivities({ hosts, webhooks: new Map() });
  const specification = specificationOf(lab);
  const note = async <Result>(host: string, what: string, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      const result = await work();
      // What it says of it is the product's, not the hosts'.
      recorder.note(host, what, { kind: 'exited', code: 0 }, 'done');
      return result;
    } catch (error) {
      recorder.note(host, what, { kind: 'exited', code: 1 }, said(error));
      return undefined;
    }
  };
  const stage: PlayedStage = {
    lab,
    pauseMs,
    hosts,
    recorder,
    before: new Map(),
    context: (kind, host, key = 'k1') =>
      operationContext(specification, kind, host, {
        operation: `${clusterName}/${kind}/${host}/${key}`,
        round: 0,
      }),
    act: (name, ...args) => {
      const context = args[0] as unknown as OperationContext;
      const activity = activities[name] as (...given: typeof args) => ReturnType<Activities[typeof name]>;
      return note(context.target.name, `activity ${name}`, () =>
        activityEnvironment({}, { client: deafClient }).run(async () => activity(...args)),
      ) as Promise<Awaited<ReturnType<Activities[typeof name]>> | undefined>;
    },
    attempt: async (host, what, work) => {
      await note(host, what, work);
    },
    ask: async (host, what, script) => {
      await recorder.ask(host, what, script);
    },
    play: (part) => {
      recorder.section = part.title;
      return part.play(stage);
    },
    close: () => hosts.close(),
  };
  return stage;
};
