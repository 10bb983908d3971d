import type { HostRole } from './specification/hosts.js';

/** What an operation is about, in the words of the specification. */
export interface OperationSubject {
  readonly cluster: string;
  readonly host: string;
}

/** Preflight checks by name; `model/preflight/index.ts` has them in the order in which they are made. */
export type PreflightCheck =
  'init' | 'join' | 'running' | 'dirt' | 'identity' | 'living' | 'host' | 'versions' | 'clock' | 'ports' | 'reach';

/** What everything but its steps has to know of a kind of operation. */
export interface OperationDefinition {
  /** Type of its workflow in Temporal. Never changes once it is released: histories name it. */
  readonly workflow: string;
  /** Of the command line and the HTTP API; several kinds may share one, and differ by the role of the host. */
  readonly verb: string;
  /** Role that its host has in the specification. */
  readonly role: Exclude<HostRole, 'load-balancer'>;
  /**
   * What may run beside it in the same cluster: `alone` nothing, `exclusive` only shared ones, as it changes members,
   * control-plane hosts or the load balancer, `shared` also its like.
   */
  readonly lock: 'alone' | 'exclusive' | 'shared';
  /** What it does, as an order: "join cp3 as a control-plane node of prod". */
  readonly phrase: (subject: OperationSubject) => string;
  /** There is no cluster before it: no other host can be asked, and none may be there. */
  readonly makesCluster: boolean;
  /** Its host is, or becomes, a control-plane host with a stacked etcd member. */
  readonly hasEtcdMember: boolean;
  /** It uploads the cluster's certificates for its host, and takes them away again. */
  readonly uploadsCertificates: boolean;
  readonly checks: readonly PreflightCheck[];
}

const everyHost = ['running', 'dirt', 'identity', 'host', 'versions', 'clock', 'ports', 'reach'] as const;

/** Every kind of operation; `workflows/operations/` has the steps of each. */
export const operations = {
  init: {
    workflow: 'initCluster',
    verb: 'init',
    role: 'control-plane',
    lock: 'alone',
    phrase: ({ cluster, host }) => `initialise ${cluster} on ${host}`,
    makesCluster: true,
    hasEtcdMember: true,
    uploadsCertificates: false,
    checks: ['init', ...everyHost],
  },
  'join-control-plane': {
    workflow: 'joinControlPlane',
    verb: 'join',
    role: 'control-plane',
    lock: 'exclusive',
    phrase: ({ cluster, host }) => `join ${host} as a control-plane node of ${cluster}`,
    makesCluster: false,
    hasEtcdMember: true,
    uploadsCertificates: true,
    checks: ['join', 'living', ...everyHost],
  },
  'join-worker': {
    workflow: 'joinWorker',
    verb: 'join',
    role: 'worker',
    lock: 'shared',
    phrase: ({ cluster, host }) => `join ${host} as a worker of ${cluster}`,
    makesCluster: false,
    hasEtcdMember: false,
    uploadsCertificates: false,
    checks: ['join', 'living', ...everyHost],
  },
} as const satisfies Record<string, OperationDefinition>;

type Operations = typeof operations;
export type OperationKind = keyof Operations;
export type Verb = Operations[OperationKind]['verb'];

/** In the order in which they are defined. */
export const operationKinds = Object.keys(operations) as [OperationKind, ...OperationKind[]];
export const verbs = [...new Set(operationKinds.map((kind) => operations[kind].verb))] as [Verb, ...Verb[]];

export const isOperationKind = (kind: string): kind is OperationKind => Object.hasOwn(operations, kind);

export const definitionOf = ({ kind }: { readonly kind: OperationKind }): OperationDefinition => operations[kind];

/** Types of the workflows in Temporal, by kind. */
export const workflowTypes = Object.fromEntries(operationKinds.map((kind) => [kind, operations[kind].workflow])) as {
  readonly [Kind in OperationKind]: Operations[Kind]['workflow'];
};

/**
 * The kind that a verb means for a host of that role.
 * @returns where none fits, the last of that verb, which is refused by the role that it needs
 */
export const kindFor = (verb: Verb, role: HostRole | undefined): OperationKind => {
  const kinds = operationKinds.filter((kind) => operations[kind].verb === verb);
  return kinds.find((kind) => operations[kind].role === role) ?? kinds.at(-1) ?? operationKinds[0];
};

/** What an operation does, in one phrase; the kind and the host's name where the kind is of a newer version. */
export const phraseOf = ({ kind, ...subject }: OperationSubject & { readonly kind: string }): string =>
  isOperationKind(kind) ? operations[kind].phrase(subject) : `${kind} of ${subject.host}, ${subject.cluster}`;
