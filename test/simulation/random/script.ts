// What happens in a random schedule: operations that are asked for, faults, and decisions, one after the other.
import fc from 'fast-check';
import type { OperationKind } from '../../../model/operations.js';
import type { DecisionAction } from '../../../model/progress.js';

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
/** Those that an operation about the host does not get over by itself. */
const stopping = ['power cut', 'isolate', 'cut off from ssh', 'disk full', 'kubelet stopped'] as const;
const links = ['partition', 'one way'] as const;
const ports = [2379, 2380, 6443, 10_250] as const;
const clusterFaults = [
  'load balancer off',
  'tokens deleted',
  'certificates uploaded again',
  'worker killed',
  'worker killed twice',
] as const;

/** What people do to a host themselves. */
const peopleOnHosts = [
  'joined by hand',
  'initialised by hand',
  'reset by hand',
  're-imaged',
  'renamed',
  'rebuilt as another cluster',
] as const;
/** What people do in Temporal to a workflow about the host that has ended. */
const again = ['workflow reset', 'begun again'] as const;

const withoutHost = new Set<Step['do']>([...clusterFaults, 'mend', 'token made', 'snapshot saved', 'ssh cut to some']);

/** What people do themselves, beside operations. */
export type PeopleStep =
  | { readonly do: (typeof peopleOnHosts)[number] | 'backend added'; readonly host: string }
  /** `0`: it never ends. */
  | { readonly do: 'token made'; readonly ttl: '0' | '30m' }
  /** Beside those of operations. */
  | { readonly do: 'snapshot saved'; readonly file: string };

/** What goes wrong. */
export type FaultStep =
  | { readonly do: (typeof hostFaults)[number]; readonly host: string }
  | { readonly do: (typeof links)[number]; readonly host: string; readonly other: string }
  | { readonly do: 'drop port' | 'reject port'; readonly host: string; readonly port: number }
  /** The worker reaches these no more, while they serve. */
  | { readonly do: 'ssh cut to some'; readonly hosts: readonly string[] }
  | { readonly do: (typeof clusterFaults)[number] };

export type Step =
  /** Asks for an operation about the host: `init`, or a join by its role. */
  | { readonly do: 'operation'; readonly host: string; readonly kind?: 'init' }
  | PeopleStep
  /** The last operation about the host that has ended is begun once more, by whoever finds it in Temporal. */
  | { readonly do: (typeof again)[number]; readonly host: string }
  | FaultStep
  /** Cancels what runs, or waits, for the host. */
  | { readonly do: 'cancel'; readonly host: string }
  /** Ends every fault. */
  | { readonly do: 'mend' };

/** When a step happens after the one before it. */
export type Moment =
  | { readonly afterMs: number }
  /** As soon as kubeadm prints this on the host of the last operation, or after 4 s. */
  | { readonly printed: string }
  /**
   * As soon as an operation waits for a decision, or after 8 s: nobody decides before it has happened, nor before what
   * follows at once.
   */
  | { readonly when: 'an operation waits' }
  /** As soon as no operation runs or waits, or after 8 s. */
  | { readonly when: 'all have ended' };

export interface Script {
  /** Control-plane hosts in all, and those that are in the cluster before anything happens. */
  readonly controlPlanes: number;
  readonly built: number;
  readonly workers: number;
  readonly policy: {
    readonly resetDirtyHosts: 'never' | 'approve' | 'when-ours';
    readonly resumeWhenHealthy: boolean;
  };
  /** Hosts that carry something of an earlier node; `foreign` of another cluster, `ours` of this one, with etcd data. */
  readonly leftovers: readonly { readonly host: string; readonly kind: 'unknown' | 'foreign' | 'ours' }[];
  readonly steps: readonly (Moment & Step)[];
  /**
   * What the operator wants, one for each time that an operation waits; the next best where it cannot be had. A rollback
   * is wanted until it can be had: while an operation only reads there is nothing to undo.
   */
  readonly decisions: readonly DecisionAction[];
}

/** Lines that kubeadm prints in the phases of each kind of operation, in their order. */
const phases: Readonly<Partial<Record<OperationKind, readonly string[]>>> = {
  init: [
    '[preflight] Running pre-flight checks',
    '[certs] Generating',
    '[kubeconfig] Writing',
    '[etcd] Creating static Pod manifest',
    '[kubelet-start] Starting the kubelet',
    '[mark-control-plane] Marking the node',
    'Your Kubernetes control-plane has initialized successfully',
  ],
  'join-control-plane': [
    '[preflight] Running pre-flight checks',
    '[certs] Generating',
    '[kubeconfig] Writing',
    '[kubelet-start] Starting the kubelet',
    '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap',
    '[etcd] Announced new etcd member',
    '[etcd] Creating static Pod manifest',
    '[etcd] Waiting for the new etcd member to join the cluster',
    '[mark-control-plane] Marking the node',
    'This node has joined the cluster',
  ],
  'join-worker': [
    '[preflight] Running pre-flight checks',
    '[kubelet-start] Starting the kubelet',
    '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap',
    'This node has joined the cluster',
  ],
} as const;

/** The operation that makes the host what its name says. */
export const kindOf = (host: string, { built }: Pick<Script, 'built'>): OperationKind =>
  host.startsWith('w') ? 'join-worker' : built === 0 && host === 'cp1' ? 'init' : 'join-control-plane';

const index = fc.nat({ max: 11 });
/** The host of the last operation, more often than any. */
const hostOrLast = fc.option(index, { nil: undefined, freq: 1 });

/** A moment and a step with numbers for hosts and phases, so that they mean something on any topology. */
type When =
  | { readonly afterMs: number }
  | { readonly phase: number }
  | { readonly when: 'an operation waits' | 'all have ended' };
interface Draft {
  readonly when: When;
  readonly do: Step['do'];
  /** Absent: the host of the last operation. */
  readonly host?: number | undefined;
  readonly other?: number;
  readonly port?: number;
  readonly kind?: 'init';
  readonly ttl?: '0' | '30m';
  readonly file?: string;
  /** Of the control-plane hosts, a bit for each. */
  readonly some?: number;
}

const alone = (draft: Draft): readonly Draft[] => [draft];

const afterAWhile = fc.record({ afterMs: fc.nat({ max: 2_500 }) });
const inAPhase = fc.record({ phase: fc.nat({ max: 69 }) });
const whenOneWaits = fc.constant({ when: 'an operation waits' as const });
const atOnce = fc.constant({ afterMs: 0 });
const whenAllHaveEnded = fc.constant({ when: 'all have ended' as const });
const anyMoment: fc.Arbitrary<When> = fc.oneof(
  { weight: 4, arbitrary: afterAWhile },
  { weight: 2, arbitrary: inAPhase },
  { weight: 1, arbitrary: whenOneWaits },
);
/** Most often while kubeadm runs. */
const inTheMiddle: fc.Arbitrary<When> = fc.oneof(
  { weight: 3, arbitrary: inAPhase },
  { weight: 1, arbitrary: afterAWhile },
);

const operation = (when: fc.Arbitrary<When>): fc.Arbitrary<Draft> =>
  fc.record({ when, do: fc.constant('operation' as const), host: index });
const cancel = (when: fc.Arbitrary<When>): fc.Arbitrary<Draft> =>
  fc.record({ when, do: fc.constant('cancel' as const), host: hostOrLast });
const mend = (when: fc.Arbitrary<When>): fc.Arbitrary<Draft> => fc.record({ when, do: fc.constant('mend' as const) });
const fault = (when: fc.Arbitrary<When>): fc.Arbitrary<Draft> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ when, do: fc.constantFrom(...hostFaults), host: hostOrLast }) },
    { weight: 2, arbitrary: fc.record({ when, do: fc.constantFrom(...links), host: hostOrLast, other: index }) },
    {
      weight: 2,
      arbitrary: fc.record({
        when,
        do: fc.constantFrom('drop port' as const, 'reject port' as const),
        host: hostOrLast,
        port: fc.constantFrom(...ports),
      }),
    },
    { weight: 4, arbitrary: fc.record({ when, do: fc.constantFrom(...clusterFaults) }) },
  );

const person = (when: fc.Arbitrary<When>, host: fc.Arbitrary<number | undefined>): fc.Arbitrary<Draft> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ when, do: fc.constantFrom(...peopleOnHosts), host }) },
    {
      weight: 3,
      arbitrary: fc.record({ when, do: fc.constant('token made' as const), ttl: fc.constantFrom('0', '30m') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        when,
        do: fc.constant('snapshot saved' as const),
        file: fc.constantFrom('0-before-migration.db', 'pre-upgrade-1.db'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ when, do: fc.constant('backend added' as const), host }) },
  );
const cutToSome = (when: fc.Arbitrary<When>): fc.Arbitrary<Draft> =>
  fc.record({ when, do: fc.constant('ssh cut to some' as const), some: fc.integer({ min: 1, max: 7 }) });

const last = fc.constant(undefined);

/** What seldom lets an operation go on, and what happens once it waits. */
const stop: fc.Arbitrary<readonly Draft[]> = fc
  .tuple(
    fc.record({ when: inTheMiddle, do: fc.constantFrom(...stopping), host: fc.constant(undefined) }),
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: mend(whenOneWaits) },
        { weight: 2, arbitrary: cancel(whenOneWaits) },
        { weight: 1, arbitrary: fc.record({ when: whenOneWaits, do: fc.constantFrom(...clusterFaults) }) },
      ),
      { maxLength: 1 },
    ),
  )
  .map(([fault, after]) => [fault, ...after]);

/** What comes between an operation and its end. */
const disturbances: fc.Arbitrary<readonly Draft[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fault(inTheMiddle).map(alone) },
      { weight: 3, arbitrary: stop },
      { weight: 2, arbitrary: cancel(inTheMiddle).map(alone) },
    ),
    { maxLength: 3 },
  )
  .map((several) => several.flat());

/** What stops an operation: in the middle of it, or somewhere else before it comes so far. */
const standstill: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ when: inTheMiddle, do: fc.constantFrom(...stopping), host: last }) },
  { weight: 1, arbitrary: fc.record({ when: atOnce, do: fc.constant('disk full' as const), host: index }) },
);

/** The operation that was asked for stops, people do something meanwhile, and it goes on. */
const meanwhile: fc.Arbitrary<readonly Draft[]> = fc
  .tuple(
    standstill,
    person(whenOneWaits, fc.oneof({ weight: 4, arbitrary: last }, { weight: 1, arbitrary: index })),
    fc.option(person(atOnce, hostOrLast), { nil: undefined, freq: 2 }),
    fc.oneof({ weight: 3, arbitrary: mend(atOnce) }, { weight: 2, arbitrary: cancel(atOnce) }),
  )
  .map((drafts) => drafts.filter((draft) => draft !== undefined));

/** A workflow that has ended is begun once more, perhaps long after. */
const onceMore: fc.Arbitrary<readonly Draft[]> = fc
  .tuple(
    fc.option(operation(afterAWhile), { nil: undefined, freq: 2 }),
    fc.option(
      fc.oneof(
        person(whenAllHaveEnded, hostOrLast),
        fc.record({
          when: whenAllHaveEnded,
          do: fc.constantFrom('kubelet stopped' as const, 'power cut' as const, 'reboot' as const),
          host: last,
        }),
      ),
      { nil: undefined, freq: 2 },
    ),
    fc.record({ when: whenAllHaveEnded, do: fc.constantFrom(...again), host: hostOrLast }),
  )
  .map((drafts) => drafts.filter((draft) => draft !== undefined));

/** A host becomes another one by hand, and an operation is asked for about it. */
const anew: fc.Arbitrary<readonly Draft[]> = fc
  .tuple(
    fc.record({ when: afterAWhile, do: fc.constantFrom(...peopleOnHosts), host: index }),
    fc.option(cutToSome(atOnce), { nil: undefined, freq: 2 }),
    fc.record({
      when: atOnce,
      do: fc.constant('operation' as const),
      kind: fc.constantFrom('init' as const, undefined),
    }),
  )
  .map(([first, cut, asked]) => [
    first,
    ...(cut === undefined ? [] : [cut]),
    { when: asked.when, do: asked.do, host: undefined, ...(asked.kind === undefined ? {} : { kind: asked.kind }) },
  ]);

/** One step, or an operation with what disturbs it: by themselves they seldom meet. */
const group: fc.Arbitrary<readonly Draft[]> = fc.oneof(
  { weight: 2, arbitrary: operation(anyMoment).map(alone) },
  { weight: 1, arbitrary: cancel(anyMoment).map(alone) },
  { weight: 6, arbitrary: fault(anyMoment).map(alone) },
  { weight: 1, arbitrary: mend(anyMoment).map(alone) },
  { weight: 4, arbitrary: person(anyMoment, hostOrLast).map(alone) },
  { weight: 1, arbitrary: cutToSome(anyMoment).map(alone) },
  {
    weight: 12,
    arbitrary: fc.tuple(operation(afterAWhile), meanwhile).map(([asked, others]) => [asked, ...others]),
  },
  { weight: 7, arbitrary: onceMore },
  { weight: 7, arbitrary: anew },
  {
    weight: 10,
    arbitrary: fc.tuple(operation(afterAWhile), disturbances).map(([asked, others]) => [asked, ...others]),
  },
);

const decision: fc.Arbitrary<DecisionAction> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<DecisionAction>('retry') },
  { weight: 3, arbitrary: fc.constant<DecisionAction>('approve') },
  { weight: 5, arbitrary: fc.constant<DecisionAction>('rollback') },
  { weight: 1, arbitrary: fc.constant<DecisionAction>('skip') },
  { weight: 3, arbitrary: fc.constant<DecisionAction>('abort') },
);

const hostNames = ({ controlPlanes, workers }: Pick<Script, 'controlPlanes' | 'workers'>): string[] => [
  ...Array.from({ length: controlPlanes }, (_, at) => `cp${at + 1}`),
  ...Array.from({ length: workers }, (_, at) => `w${at + 1}`),
];

/** Schedules: the same seed gives the same one. */
export const scripts: fc.Arbitrary<Script> = fc
  .record({
    // Made smaller in this order: most is gained by leaving out what comes last.
    groups: fc.array(group, { maxLength: 6 }),
    disturbances: fc.oneof({ weight: 2, arbitrary: disturbances }, { weight: 1, arbitrary: meanwhile }),
    decisions: fc.array(decision, { maxLength: 8 }),
    controlPlanes: fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 6, arbitrary: fc.constantFrom(2, 3) }),
    built: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: fc.constant(3) }),
    workers: fc.constantFrom(1, 2),
    policy: fc.record({
      resetDirtyHosts: fc.constantFrom('approve' as const, 'when-ours' as const, 'never' as const),
      resumeWhenHealthy: fc.boolean(),
    }),
    leftovers: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      {
        weight: 1,
        // Most often on the host of the first operation.
        arbitrary: fc.tuple(
          fc.record({
            host: hostOrLast,
            kind: fc.constantFrom('unknown' as const, 'foreign' as const, 'ours' as const),
          }),
        ),
      },
    ),
    first: index,
  })
  .map(
    ({ controlPlanes, built: wanted, workers, policy, leftovers, first, disturbances: early, groups, decisions }) => {
      const built = Math.min(wanted, controlPlanes);
      const names = hostNames({ controlPlanes, workers });
      // Operations are about hosts that are not in the cluster yet, or not any more; an init comes before all others.
      const free = names.slice(built);
      const every = [...names, 'lb1'];
      const pick = (of: readonly string[], number = 0): string => of[number % of.length] ?? 'cp1';
      const target = built === 0 ? 'cp1' : pick(free, first);
      let about = target;
      /** Host of the operation that was asked for last. */
      let running = target;
      const asked = new Set([about]);
      const moment = (when: When): Moment => {
        if (!('phase' in when)) return when;
        const of = phases[kindOf(running, { built })] ?? [];
        return { printed: pick(of, when.phase) };
      };
      const controls = names.slice(0, controlPlanes);
      const ofPeople = new Set<Step['do']>([...peopleOnHosts, ...again]);
      const named = ({ when, do: what, host, other, port, some, kind, ...more }: Draft): Moment & Step => {
        // Most often another host: about one that has joined there is nothing to do.
        const others = host !== undefined && host % 4 > 0 ? free.filter((name) => !asked.has(name)) : [];
        const from =
          what === 'operation' && host !== undefined
            ? others.length > 0
              ? others
              : free
            : what === 'cancel'
              ? free
              : what === 'backend added'
                ? controls
                : what === 'kubelet stopped' || ofPeople.has(what)
                  ? names
                  : every;
        const step = {
          ...moment(when),
          do: what,
          ...(withoutHost.has(what)
            ? {}
            : { host: host === undefined && from.includes(about) ? about : pick(from, host) }),
          ...(some === undefined ? {} : { hosts: controls.filter((_, at) => (some & (1 << at)) !== 0) }),
          ...(other === undefined ? {} : { other: pick(every, other) }),
          ...(port === undefined ? {} : { port }),
          ...more,
        } as Moment & Step;
        // What people have made another host of is what the next one is about.
        if (ofPeople.has(step.do) && 'host' in step && host !== undefined) about = step.host;
        if (step.do === 'operation') {
          about = step.host;
          running = about;
          if (kind !== undefined && about.startsWith('cp') && built > 0) Object.assign(step, { kind });
          asked.add(about);
        }
        return step;
      };
      return {
        controlPlanes,
        built,
        workers,
        policy,
        leftovers: leftovers.map(({ host, kind }) => ({ host: host === undefined ? target : pick(free, host), kind })),
        steps: [{ afterMs: 0, do: 'operation', host: target }, ...[...early, ...groups.flat()].map(named)],
        decisions,
      };
    },
  );
