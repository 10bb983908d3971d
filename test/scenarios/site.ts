import type { Faults, LabHost } from '../../lab/index.js';
import type { OperationKind } from '../../model/operations.js';
import type { DecisionAction } from '../../model/progress.js';
import type { Operations, Outcome } from './operations.js';

export interface SiteMember {
  readonly id: string;
  /** Empty for one that never started. */
  readonly name: string;
  readonly isLearner: boolean;
  /** Its etcd runs and follows a leader. */
  readonly isHealthy: boolean;
}

/** The world as it is, asked of the hosts themselves and never of the product. */
export interface SiteObserver {
  members(): Promise<readonly SiteMember[]>;
  /** Names, sorted. */
  readyNodes(): Promise<readonly string[]>;
  /** Servers of the load balancer with HAProxy's word for each. */
  backends(): Promise<readonly { readonly name: string; readonly status: string }[]>;
  /** Bootstrap tokens that exist. */
  tokens(): Promise<readonly { readonly id: string; readonly description: string }[]>;
  /** Names of the secrets that are lent for a join: bootstrap tokens, kubeadm-certs. */
  lentSecrets(): Promise<readonly string[]>;
  /** Whether the host's own API server says that it is ready. */
  isServing(host: string): Promise<boolean>;
  /** TCP ports of Kubernetes and etcd that are open on the host. */
  ports(host: string): Promise<readonly number[]>;
  /** Paths of the files below a folder of a host that is on. */
  files(host: string, folder: string): Promise<readonly string[]>;
  read(host: string, path: string): Promise<string | undefined>;
}

/** What was to happen at a moment. */
export interface Moment {
  /** Resolves when that has been done. @throws Error when the moment has not come, or what was to be done has failed */
  done(): Promise<void>;
}

export interface MomentOptions {
  /** The host goes on while the work is done. Default false; true for work that needs the host itself. */
  readonly hostGoesOn?: boolean;
}

/**
 * A cluster that the product has built, with hosts that are not in it yet: simulated, or of the lab. What is written
 * against it runs on both.
 *
 * Hosts in the cluster are cp1, cp2, ...; the control-plane host after them and w1, w2, ... are new; lb1 is the load
 * balancer. The Pod network is there.
 */
export interface Site extends Omit<Operations, 'stop' | 'activities' | 'hosts'> {
  readonly kind: 'simulation' | 'lab';
  /** The cluster's. */
  readonly name: string;
  readonly faults: Faults;
  readonly observer: SiteObserver;
  host(name: string): LabHost;
  /** Runs an operation that has to finish. @throws Error that tells why it did not */
  finish(kind: OperationKind, host: string): Promise<Outcome>;
  /** Decides a blocked operation, and waits until it has ended or waits again. */
  decide(outcome: Outcome, action: DecisionAction): Promise<Outcome>;
  /** The same, and it has to finish. */
  decideAndFinish(outcome: Outcome, action: DecisionAction): Promise<void>;
  /** Switches a host on and waits until ssh answers. */
  powerOn(host: string): Promise<void>;
  /**
   * Does something at the moment at which a program on a host prints a text into one of Quorate's logs. The host waits
   * meanwhile: a simulated one for the beginning of the work, one of the lab for its end.
   */
  whenPrinted(host: string, text: string, work: () => Promise<void>, options?: MomentOptions): Moment;
  /** The same at the moment at which a file is there whose path below the folder matches. */
  whenWritten(host: string, folder: string, path: RegExp, work: () => Promise<void>, options?: MomentOptions): Moment;
  /** What a host with a kernel, a clock or cgroups of its own would be; the lab's hosts are what the machine is. */
  makeCgroupV1(host: string): void;
  /** The simulation has found no error of its own; the lab has none to find. */
  expectNoDefects(): void;
}
