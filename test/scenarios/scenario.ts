import type { Activities } from '../../activities/contract.js';
import type { Specification } from '../../model/specification/specification.js';
import type { Site } from './site.js';

type Policy = Specification['spec']['policy'];

export interface ScenarioOptions {
  /** Control-plane hosts that are in the cluster. Default 1. */
  readonly controlPlanes?: number;
  /** Control-plane hosts in all. Default one more. */
  readonly hosts?: number;
  /** Workers, none of which is in it. Default 1. */
  readonly workers?: number;
  /** Budgets of an operator who would rather be asked than wait. Default: the product's own. */
  readonly impatient?: boolean;
  readonly policy?: Partial<Policy>;
  readonly kubeadm?: Partial<Specification['spec']['kubeadm']>;
  /** Puts something around the product's activities. */
  readonly wrap?: (activities: Activities) => Activities;
  /** Runs with each `npm run test:lab`; CI has others each day, and `npm run test:lab:failures` all. Default false. */
  readonly inEveryLabRun?: boolean;
}

/** A failure that is met on purpose, and what has to become of it: on simulated hosts and on those of the lab. */
export interface Scenario extends ScenarioOptions {
  /** `F<number>: ...`, the number of the failure. */
  readonly name: string;
  readonly run: (site: Site) => Promise<void>;
}

export const scenario = (name: string, options: ScenarioOptions, run: (site: Site) => Promise<void>): Scenario => ({
  name,
  ...options,
  run,
});
