// What happens in a random schedule: operations that are asked for, faults, and decisions, one after the other.
import fc from 'fast-check';
import type { DecisionAction } from '../../../src/model/progress.js';

/** Faults of one host that last until everything is mended, or until the host is. */
const hostFaults = [
  'power cut',
  'reboot',
  'freeze',
  'isolate',
  'cut off from ssh',
  'ssh lost for a moment',
  'disk full',
  'kubelet stopped',
  'slow learner',
  'clock ahead',
  'clock behind',
  'packet loss',
] as const;
const links = ['partition', 'one way'] as const;
const ports = [2379, 2380, 6443, 10_250] as const;
const clusterFaults = [
  'load balancer off',
  'tokens deleted',
  'certificates uploaded again',
  'worker killed',
  'worker killed twice',
] as const;

export type Step =
  /** Asks for an operation about the host: `init`, or a join by its role. */
  | { readonly do: 'operation'; readonly host: string }
  /** Cancels what runs, or waits, for the host. */
  | { readonly do: 'cancel'; readonly host: string }
  | { readonly do: (typeof hostFaults)[number]; readonly host: string }
  | { readonly do: (typeof links)[number]; readonly host: string; readonly other: string }
  | { readonly do: 'drop port' | 'reject port'; readonly host: string; readonly port: number }
  | { readonly do: (typeof clusterFaults)[number] }
  /** Ends every fault. */
  | { readonly do: 'mend' };

/** When a step happens after the one before it. */
export type Moment =
  | { readonly afterMs: number }
  /** As soon as kubeadm prints this on the host of the last operation, or after 4 s. */
  | { readonly printed: string };

export interface Script {
  /** Control-plane hosts in all, and those that are in the cluster before anything happens. */
  readonly controlPlanes: number;
  readonly built: number;
  readonly workers: number;
  readonly policy: {
    readonly resetDirtyHosts: 'approve' | 'when-ours';
    readonly resumeWhenHealthy: boolean;
  };
  /** Hosts that carry something of an earlier node; `foreign` of another cluster. */
  readonly leftovers: readonly { readonly host: string; readonly kind: 'unknown' | 'foreign' }[];
  readonly steps: readonly (Moment & Step)[];
  /** What the operator wants, one for each time that an operation waits; the next best where it cannot be had. */
  readonly decisions: readonly DecisionAction[];
}

/** Lines that kubeadm prints in the phases of a join and an init. */
const phases = [
  '[preflight] Running pre-flight checks',
  '[certs] Generating',
  '[kubeconfig] Writing',
  '[kubelet-start] Starting the kubelet',
  '[etcd] Announced new etcd member',
  '[etcd] Creating static Pod manifest',
  '[etcd] Waiting for the new etcd member to join the cluster',
  '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap',
  '[mark-control-plane] Marking the node',
  'This node has joined the cluster',
] as const;

const index = fc.nat({ max: 11 });
const moment: fc.Arbitrary<Moment> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ afterMs: fc.nat({ max: 2_500 }) }) },
  { weight: 2, arbitrary: fc.record({ printed: fc.constantFrom(...phases) }) },
);

/** A step with numbers for hosts, so that it means something on any topology. */
type Draft = { readonly do: Step['do']; readonly host?: number; readonly other?: number; readonly port?: number };

const step: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('operation' as const), host: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), host: index }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constantFrom(...hostFaults), host: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom(...links), host: index, other: index }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('drop port' as const, 'reject port' as const),
      host: index,
      port: fc.constantFrom(...ports),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom(...clusterFaults) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
);

const decision: fc.Arbitrary<DecisionAction> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<DecisionAction>('retry') },
  { weight: 3, arbitrary: fc.constant<DecisionAction>('approve') },
  { weight: 3, arbitrary: fc.constant<DecisionAction>('rollback') },
  { weight: 1, arbitrary: fc.constant<DecisionAction>('skip') },
  { weight: 1, arbitrary: fc.constant<DecisionAction>('abort') },
);

const hostNames = ({ controlPlanes, workers }: Pick<Script, 'controlPlanes' | 'workers'>): string[] => [
  ...Array.from({ length: controlPlanes }, (_, at) => `cp${at + 1}`),
  ...Array.from({ length: workers }, (_, at) => `w${at + 1}`),
];

/** Schedules: the same seed gives the same one. */
export const scripts: fc.Arbitrary<Script> = fc
  .record({
    controlPlanes: fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 6, arbitrary: fc.constantFrom(2, 3) }),
    built: fc.nat({ max: 2 }),
    workers: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
    policy: fc.record({
      resetDirtyHosts: fc.constantFrom('approve' as const, 'when-ours' as const),
      resumeWhenHealthy: fc.boolean(),
    }),
    leftovers: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.record({ host: index, kind: fc.constantFrom('unknown' as const, 'foreign' as const) })),
      },
    ),
    first: index,
    steps: fc.array(fc.tuple(moment, step), { minLength: 1, maxLength: 9 }),
    decisions: fc.array(decision, { maxLength: 8 }),
  })
  .map(({ controlPlanes, built: wanted, workers, policy, leftovers, first, steps, decisions }) => {
    const built = Math.min(wanted, controlPlanes);
    const names = hostNames({ controlPlanes, workers });
    // Operations are about hosts that are not in the cluster yet, and an init comes before all others.
    const free = names.slice(built);
    const every = [...names, 'lb1'];
    const pick = (of: readonly string[], number = 0): string => of[number % of.length] ?? 'cp1';
    const named = ({ do: what, host, other, port }: Draft): Step => {
      const from = what === 'operation' || what === 'cancel' ? free : what === 'kubelet stopped' ? names : every;
      return {
        do: what,
        ...(host === undefined ? {} : { host: pick(from, host) }),
        ...(other === undefined ? {} : { other: pick(every, other) }),
        ...(port === undefined ? {} : { port }),
      } as Step;
    };
    return {
      controlPlanes,
      built,
      workers,
      policy,
      leftovers: leftovers.map(({ host, kind }) => ({ host: pick(free, host), kind })),
      steps: [
        { afterMs: 0, do: 'operation', host: built === 0 ? 'cp1' : pick(free, first) },
        ...steps.map(([when, draft]) => ({ ...when, ...named(draft) })),
      ],
      decisions,
    };
  });
