import type { Edit } from './support/copy.js';
import type { NamedTests } from './support/run-tests.js';

/** The product broken in one way, and the tests that have to notice. */
export interface Mutation {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Each of them fails; without the mutation each of them passes. */
  readonly tests: NamedTests;
  /** What each failure has to say, where that matters. */
  readonly says?: RegExp;
}

/** A change of workflow code that replays, or the same change without its guard. */
const reordered = (guard: string): readonly Edit[] => [
  {
    file: 'workflows/operations/join-worker.ts',
    replace: "import { newState, unlessJoined } from '../steps/state.js';",
    by: "import { newState, unlessJoined } from '../steps/state.js';\nimport { patched } from '@temporalio/workflow';",
  },
  {
    file: 'workflows/operations/join-worker.ts',
    replace: '    unlessJoined(prepare),\n    unlessJoined(credentials),\n',
    by: `    ...(${guard} ? [credentials, prepare] : [prepare, credentials]).map(unlessJoined),\n`,
  },
];

const replayOf = (scenario: string): string =>
  `operations that older code began go on with the present code ${scenario}`;

/** docs/versioning.md tells how to make this change; the recorded histories have to replay with it. */
export const guardedChange: { readonly edits: readonly Edit[]; readonly tests: NamedTests } = {
  edits: reordered("patched('credentials-before-prepare')"),
  tests: {
    'test/workflows/replay.test.ts': ['join-worker', 'failed-join-retried', 'notified'].map(replayOf),
  },
};

export const mutations: readonly Mutation[] = [
  {
    title: 'the quorum projection allows every removal',
    edits: [
      {
        file: 'model/etcd/quorum.ts',
        replace: '  const after = quorumState(rest);\n',
        by: '  const after = quorumState(rest);\n  if (rest !== members) return { allowed: true, before, after, text: describe(before, after) };\n',
      },
    ],
    tests: {
      'test/model/etcd/quorum.test.ts': [
        'projectRemoval refuses a live one of three while another is down',
        'for any member list an allowed removal leaves a healthy majority of the voters left over',
        'for any member list the last voter is never removed',
      ],
      'test/activities/etcd.test.ts': [
        'what a host left behind is a voter that cannot go now: refused, and its Node stays too',
      ],
      'test/activities/undo.test.ts': [
        'undoing the join of a control plane resets nothing while the member cannot be removed: a wiped voter would count against the quorum',
      ],
      'test/simulation/quorum-and-lock.test.ts': [
        'quorum and lock, on simulated hosts a rollback that would cost the quorum removes nothing, and goes on when the voter is back',
      ],
    },
  },
  {
    title: 'a member is removed without asking the quorum projection',
    edits: [
      {
        file: 'activities/etcd.ts',
        replace: '  if (!projection.allowed) {',
        by: '  if (!projection.allowed && survivor === undefined) {',
      },
    ],
    tests: {
      'test/activities/etcd.test.ts': [
        'what a host left behind is a voter that cannot go now: refused, and its Node stays too',
      ],
      'test/activities/undo.test.ts': [
        'undoing the join of a control plane resets nothing while the member cannot be removed: a wiped voter would count against the quorum',
      ],
    },
  },
  {
    title: 'the queue lets everything begin at once',
    edits: [
      {
        file: 'model/queue.ts',
        replace: 'const conflict = (one: QueueEntry, other: QueueEntry): string | undefined => {\n',
        by: 'const conflict = (one: QueueEntry, other: QueueEntry): string | undefined => {\n  if (one !== other) return undefined;\n',
      },
    ],
    tests: {
      'test/model/queue.test.ts': [
        'waitsFor a second exclusive operation waits for the first, and says so',
        'properties of the queue what must not run together never does',
      ],
      'test/workflows/cluster-entity/queue.test.ts': [
        'exclusive operations asked for one after the other run one after the other, in that order',
      ],
    },
  },
  {
    title: 'the lock is gone: neither the queue nor the server holds an exclusive operation back',
    edits: [
      {
        file: 'model/queue.ts',
        replace: '  if (alone !== undefined) return `${alone.kind} runs alone`;\n',
        by: '  if (one !== other) return undefined;\n',
      },
      {
        file: 'workflows/queue-state.ts',
        replace: 'isExclusive(of.kind) ? workflowIds.exclusive(cluster)',
        by: 'isExclusive(of.kind) ? `${workflowIds.exclusive(cluster)}/${of.target.name}`',
      },
    ],
    tests: {
      'test/workflows/cluster-entity/queue.test.ts': [
        'exclusive operations asked for at the same moment never overlap',
        'exclusive operations are refused by the server itself when somebody starts one beside the queue',
      ],
      'test/simulation/quorum-and-lock.test.ts': [
        'quorum and lock, on simulated hosts two control-plane joins that are asked for at once never run kubeadm at the same time',
      ],
    },
  },
  {
    title: 'undos run in the order in which the steps were begun',
    edits: [
      {
        file: 'workflows/saga.ts',
        replace: 'for (const step of registered.toReversed()) {',
        by: 'for (const step of registered) {',
      },
    ],
    tests: {
      'test/workflows/rollback.test.ts': [
        "the decision rollback undoes in reverse order what was begun 'join-control-plane', blocked at 'enable'",
        "the decision rollback undoes in reverse order what was begun 'join-worker', blocked at 'join'",
      ],
    },
  },
  {
    title: 'the undo of a join resets the host before its etcd member is removed',
    edits: [
      {
        file: 'activities/undo.ts',
        replace:
          '    // Before the reset, while a voter still runs: a wiped voter would count against the quorum (invariant 2).\n',
        by: "    await resetToClean(dependencies, context, { purpose: 'undo-reset', ownAttempt: true, before: host, judged: host, keep: before.keep });\n",
      },
    ],
    tests: {
      'test/activities/undo.test.ts': [
        'undoing the join of a control plane stops kubeadm, removes the member from a survivor, and only then resets the host and deletes the Node',
        'undoing the join of a control plane resets nothing while the member cannot be removed: a wiped voter would count against the quorum',
      ],
      'test/simulation/failures/etcd.test.ts': [
        'etcd membership F32: a rollback after the promotion takes the member out while it runs, then resets',
      ],
    },
  },
  {
    title: 'a join is undone without looking whether this operation has begun it',
    edits: [
      {
        file: 'activities/undo.ts',
        replace: 'notOurs: notOurWork(host, { machineId, ...known }) };',
        by: 'notOurs: [notOurWork(host, { machineId, ...known })].find(() => false) };',
      },
    ],
    tests: {
      'test/activities/undo.test.ts': [
        ...[
          'installed anew and joined by hand: its member answers',
          'reset and joined by hand',
          'joined by hand with the marker still on it',
          'begun by another run of the operation',
        ].map(
          (what) =>
            `R5: undoing a join on a host that is no longer what the operation left leaves what somebody has done since: it was ${what}`,
        ),
        'undoing an init R5: resets nothing on a host that was installed anew',
        'undoing an init R1: resets nothing that an earlier run has made',
        'undoing the join of a control plane does nothing but stop kubeadm when the marker on the host is none',
        'undoing the join of a control plane does nothing but stop kubeadm when the marker on the host is that of another operation',
        'undoing an init resets nothing that another operation wrote',
      ],
    },
  },
  {
    title: 'the undo of a join forgets that there is something to undo before all is undone',
    edits: [
      {
        file: 'activities/host.ts',
        replace: "if (purpose === 'reset') await removeMarker",
        by: 'await removeMarker',
      },
    ],
    tests: {
      'test/activities/undo.test.ts': [
        'undoing the join of a control plane goes on when the Node could not be deleted: the host is marked until all is undone',
        'undoing the join of a control plane goes on when the Node could not be read: the host is marked until all is undone',
      ],
    },
  },
  {
    title: 'the tokens of an init live on when they could not be revoked at once',
    edits: [
      {
        file: 'activities/kubeadm.ts',
        replace: 'await Promise.all([revoke(), ',
        by: 'await Promise.all([revoke().catch((error: unknown) => errorText(error)), ',
      },
    ],
    tests: {
      'test/activities/kubeadm.test.ts': [
        'revoking after an init is tried again while its API server does not answer: the tokens would live on',
        'revoking after an init is tried again when the connection was lost',
      ],
    },
  },
  {
    title: 'a host is taken for clean after its reset without being read again',
    edits: [
      {
        file: 'activities/host.ts',
        replace: 'left = leftovers(after, before, keep);',
        by: 'left = leftovers(after, after, keep).slice(0, 0);',
      },
    ],
    tests: {
      'test/activities/host.test.ts': [
        'a reset is tried a second time with a lazy unmount, in a unit of its own',
        'a reset that does not get everything away lists what is left, and the marker stays',
      ],
      'test/simulation/failures/dirty-hosts.test.ts': [
        'hosts that were something else before F15: a mount that is busy in the reset is detached at the second try',
      ],
    },
  },
  {
    title: 'stale members are removed by a list that is read once',
    edits: [
      {
        file: 'activities/etcd.ts',
        replace:
          '    for (let round = 0; round < 4 && definitionOf(context).hasEtcdMember; round++) {\n      const { members } = await readEtcd(survivor.host);\n',
        by: '    const { members } = await readEtcd(survivor.host);\n    for (let round = 0; round < 4; round++) {\n',
      },
    ],
    tests: {
      'test/activities/etcd.test.ts': [
        'what a host left behind is a learner and a voter: the learner first, then the voter on a fresh list',
      ],
    },
  },
  {
    title: 'the exit status of kubeadm decides',
    edits: [
      {
        file: 'workflows/steps/kubeadm.ts',
        replace: 'if (definitionOf(context).makesCluster) throw failureOf(',
        by: "if (context.kind !== 'status') throw failureOf(",
      },
    ],
    tests: {
      'test/workflows/kubeadm.test.ts': [
        'the world decides what a kubeadm that did not succeed has done control plane: a voter with a bootstrapped kubelet and a Node has joined, whatever the exit status',
        'the world decides what a kubeadm that did not succeed has done worker: no member is needed',
        'the world decides what a kubeadm that did not succeed has done endpoint nobody-reaches-it: TlsBootstrapStuck is LoadBalancerUnavailable',
      ],
    },
  },
  {
    title: 'each attempt starts a command of its own on the host',
    edits: [
      {
        file: 'adapters/systemd/unit-name.ts',
        replace: '.update(JSON.stringify([of.operation, of.run, of.step, of.host, of.round]))',
        by: '.update(JSON.stringify([of.operation, of.run, of.step, of.host, of.round, Math.random()]))',
      },
    ],
    tests: {
      'test/adapters/systemd/units.test.ts': [
        'the name is stable over attempts and differs by operation, run, step, host and round',
      ],
    },
  },
  {
    title: 'the command of another run of the operation is taken for its own',
    edits: [
      {
        file: 'adapters/systemd/unit-name.ts',
        replace: '.update(JSON.stringify([of.operation, of.run, of.step, of.host, of.round]))',
        by: '.update(JSON.stringify([of.operation, of.step, of.host, of.round]))',
      },
    ],
    tests: {
      'test/adapters/systemd/units.test.ts': [
        'the name is stable over attempts and differs by operation, run, step, host and round',
      ],
      'test/activities/kubeadm.test.ts': ['init', 'join-control-plane', 'join-worker'].map(
        (kind) =>
          `running kubeadm R1: of one run is no result of another the '${kind}' that is reset in Temporal begins a command of its own, under a mark of its own`,
      ),
    },
  },
  {
    title: 'a command that changes a host is begun without comparing whose the host is',
    edits: [
      {
        file: 'adapters/systemd/ensure-unit.ts',
        replace: '${guardScript(mark, guard)}\n',
        by: '',
      },
    ],
    tests: {
      'test/adapters/systemd/ensure-unit.test.ts': ['another machine', 'somebody else’s mark', 'another node'].map(
        (what) =>
          `a command that changes a host R3: is not begun on a host with ${what}: nothing is written, nothing is started`,
      ),
      'test/activities/host.test.ts': [
        'its CA was written anew',
        'another operation has marked it',
        'it is another machine',
      ].map((what) => `the activity of the step R3: touches nothing when, since it was checked, ${what}`),
      'test/activities/kubeadm.test.ts': ['another machine', 'a node of somebody', 'marked by another operation'].map(
        (what) => `running kubeadm R3: is not begun on a host that is ${what} since it was checked`,
      ),
      'test/activities/undo.test.ts': [
        'R5: undoing a join on a host that is no longer what the operation left resets nothing on a host that is a node of somebody after it was read',
      ],
    },
  },
  {
    title: 'the deep clean does not compare whose the host is',
    edits: [
      {
        file: 'adapters/kubeadm/deep-clean/deep-clean.ts',
        replace: '`${guardScript(mark, guard)}${deepCleanScript(options)}`',
        by: 'deepCleanScript(options)',
      },
    ],
    tests: {
      'test/adapters/kubeadm/deep-clean/deep-clean.test.ts': [
        'another machine',
        'another node',
        'another operation’s mark',
      ].map(
        (what) => `R3: on a host that is no longer what was checked nothing is stopped, nothing is removed: ${what}`,
      ),
    },
  },
  {
    title: 'a machine that has lost its machine-id is the one that was checked',
    edits: [
      {
        file: 'adapters/host/identity-script.ts',
        replace: "${machine === undefined ? '' : `whose",
        by: "${identity.length >= 0 ? '' : `whose",
      },
    ],
    tests: {
      'test/adapters/host/identity-script.test.ts': ['is empty', 'is gone'].map(
        (what) =>
          `a host, read by /bin/sh R3: whose machine-id ${what} refuses: an image that is about to become another machine`,
      ),
    },
  },
  {
    title: 'what has come to live on a host since it was checked is reset',
    edits: [
      {
        file: 'activities/host.ts',
        replace: '    await requireNothingLives(dependencies, context, host, checked);\n',
        by: '    if (context.kind === undefined) await requireNothingLives(dependencies, context, host, checked);\n',
      },
    ],
    tests: {
      'test/activities/host.test.ts': [
        'R4: touches nothing when its etcd member has come to run since it was checked',
        'R4: touches nothing when its Node has become Ready, with its kubelet behind it',
        'R1: of an init touches nothing when an API server has come to serve on the host',
        'of an init that began the cluster itself R3: touches nothing when another host has joined it since it was checked',
      ].map((name) => `the activity of the step ${name}`),
    },
  },
  {
    title: 'what another run of the operation began counts as its own attempt',
    edits: [
      {
        file: 'model/preflight/ownership.ts',
        replace: 'marker.ofThisRun === true && isAttempt(marker)',
        by: 'isAttempt(marker)',
      },
    ],
    tests: {
      'test/model/preflight/dirt.test.ts': ['another run of it began', 'some run of it began'].map(
        (what) => `findings R1: what this very run of the operation left is cleaned without asking ${what}`,
      ),
      'test/model/preflight/init.test.ts': [
        'R1: an init of a host that carries a cluster never takes for its own attempt what another run of it began',
      ],
    },
  },
  {
    title: 'what the operation has finished counts as its attempt',
    edits: [
      {
        file: 'model/preflight/ownership.ts',
        replace: 'marker.ofThisRun === true && isAttempt(marker)',
        by: 'marker.ofThisRun === true',
      },
    ],
    tests: {
      'test/model/preflight/dirt.test.ts': ['it has proven', 'it found, and was resetting'].map(
        (what) => `findings R1: what this very run of the operation left is cleaned without asking ${what}`,
      ),
      'test/model/preflight/init.test.ts': [
        'R1: an init of a host that carries a cluster never takes for its own attempt what it has finished',
      ],
    },
  },
  {
    title: 'a proof does not end the attempt on the marker',
    edits: [
      {
        file: 'adapters/host/marker.ts',
        replace: "writeMarkerScript(renderMarker({ ...marker, state: 'joined' })),",
        by: 'writeMarkerScript(renderMarker(marker)),',
      },
    ],
    tests: {
      'test/adapters/host/marker.test.ts': [
        'R1: the marker says how its operation ended a host that was proven is nobody’s attempt any more',
      ],
      'test/activities/proofs.test.ts': [
        'a control plane R1: ends the attempt on the marker: what is on the host is nobody’s attempt any more',
      ],
    },
  },
  {
    title: 'a marker that another run has written is taken away',
    edits: [
      {
        file: 'adapters/host/marker.ts',
        replace: '{ echo kept; exit 0; }',
        by: ':',
      },
    ],
    tests: {
      'test/adapters/host/marker.test.ts': [
        'of another run of the operation',
        'of another operation',
        'of older code',
      ].map((what) => `R1: the marker says how its operation ended one ${what} is neither concluded nor removed`),
    },
  },
  {
    title: 'a member is removed without comparing it with what was projected',
    edits: [
      {
        file: 'adapters/etcd/change-members.ts',
        replace: '[ "$found" = ${quote(expected)} ] ||',
        by: '[ -n "$found" ] ||',
      },
    ],
    tests: {
      'test/adapters/etcd/etcd.test.ts': [
        'was promoted',
        'has started',
        'has another peer URL',
        'has another name',
      ].map((what) => `changing members R4: a member goes only while it is what was projected not one that ${what}`),
    },
  },
  {
    title: 'a member that was added since the check is removed as stale',
    edits: [
      {
        file: 'activities/etcd.ts',
        replace: 'if (!checked.members.includes(decision.member.id))',
        by: 'if (checked.members.includes(`${decision.member.id}?`))',
      },
    ],
    tests: {
      'test/activities/etcd.test.ts': ['a learner that has not started', 'a voter that does not answer'].map(
        (what) =>
          `what has changed since the host was checked R4: another member was added, ${what}: it is somebody’s join`,
      ),
    },
  },
  {
    title: 'the Node of another machine is a proof',
    edits: [
      {
        file: 'adapters/kubernetes/change-node.ts',
        replace: 'const isOurs = node !== undefined && isOfMachine(node, options.machine);',
        by: 'const isOurs = node !== undefined && (node.ready || isOfMachine(node, options.machine));',
      },
    ],
    tests: {
      'test/activities/proofs.test.ts': [
        'S8: the Node of another machine is no proof of a control plane, though it is Ready and has the name',
        'S8: the Node of another machine is no proof of a worker neither',
        'S8: the Node of another machine is no proof what an earlier machine has left is waited out',
      ],
    },
  },
  {
    title: 'the value of a flag of the kubelet may hold another flag',
    edits: [
      {
        file: 'model/specification/kubeadm.ts',
        replace: "[!-~])*$/, not('is not one word",
        by: "[ -~])*$/, not('is not one word",
      },
    ],
    tests: {
      'test/model/specification/reserved-flags.test.ts': [
        'flags of the kubelet S8: the value "2 --hostname-override=cp1" is more than one word, and is refused',
      ],
    },
  },
  {
    title: 'a host key of RevokedHostKeys is accepted',
    edits: [
      {
        file: 'adapters/ssh/connection/host-key.ts',
        replace: 'if (known.some((entry) => entry.revoked && same(entry.key, key))) return false;',
        by: 'if (known.some((entry) => entry.revoked && entry.file === "" && same(entry.key, key))) return false;',
      },
    ],
    tests: {
      'test/adapters/ssh/connection/host-key.test.ts': [
        'createHostKeyCheck refuses a revoked key though it is known',
        'createHostKeyCheck S10: refuses a key of RevokedHostKeys though it is known',
      ],
    },
  },
  {
    title: 'a Node is deleted in whatever version it is by then',
    edits: [
      {
        file: 'adapters/kubernetes/change-node.ts',
        replace: 'const preconditions = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };',
        by: 'const preconditions = resourceVersion === uid ? { uid } : {};',
      },
    ],
    tests: {
      'test/adapters/kubernetes/change-node.test.ts': ['deleting names the uid and the version as preconditions'],
      'test/activities/etcd.test.ts': [
        'what has changed since the host was checked R4: its Node becomes Ready between the look at it and its deletion',
      ],
    },
  },
  {
    title: 'whatever Node has the name is deleted',
    edits: [
      {
        file: 'activities/etcd.ts',
        replace: 'if (node.uid === known?.uid && (known.ready || !node.ready)) return true;',
        by: 'if (node.uid !== undefined) return true;',
      },
    ],
    tests: {
      'test/activities/etcd.test.ts': [
        'R4: its Node has become Ready',
        'R4: another Node has its name',
        'R4: a Node has its name that had none',
        'R4: of a worker its Node alone is compared',
      ].map((name) => `what has changed since the host was checked ${name}`),
    },
  },
  {
    title: 'an init does not ask whether an API server answers at its endpoint',
    edits: [
      {
        file: 'activities/read.ts',
        replace: 'makesCluster ? askForOthers(dependencies, context) : undefined,',
        by: 'makesCluster && candidates.length === 0 ? askForOthers(dependencies, context) : undefined,',
      },
    ],
    tests: {
      'test/activities/read.test.ts': [
        'asks from the host at the endpoint and at every other declared address, and reads the host itself as a cluster',
        'finds a cluster that lives, whose hosts cannot be reached by SSH',
      ].map((name) => `R2: reading before an init ${name}`),
    },
  },
  {
    title: 'an API server that answers at the endpoint is no matter for an init',
    edits: [
      {
        file: 'model/preflight/init.ts',
        replace: "answers === 'yes' && !(own && ownCa)",
        by: "answers === 'yes' && own && !own && ownCa",
      },
    ],
    tests: {
      'test/model/preflight/init.test.ts': [
        'is refused when an API server answers at the endpoint, whoever can be reached by SSH',
        'is refused when an API server answers at a declared address, whoever can be reached by SSH',
      ].map((name) => `R2: an init beside a cluster that lives ${name}`),
    },
  },
  {
    title: 'who takes the connection and says nothing is nobody',
    edits: [
      {
        file: 'adapters/kubernetes/answering.ts',
        replace: 'echo "answer $1 unknown no"',
        by: 'echo "answer $1 no no"',
      },
    ],
    tests: {
      'test/adapters/kubernetes/answering.test.ts': [
        'R2: an API server answers perhaps where the connection is taken and nothing is said: one that is overloaded is not absent',
      ],
    },
  },
  {
    title: 'bootstrap tokens of anybody are revoked',
    edits: [
      {
        file: 'adapters/kubeadm/credentials/revoke.ts',
        replace: '($3 "" == ENVIRON["ours"] || $4 "" == ENVIRON["label"])',
        by: '1',
      },
    ],
    tests: {
      'test/adapters/kubeadm/credentials/credentials.test.ts': [
        'an operation takes back its own tokens and, where asked, the shared certificates with the token that owns them',
      ],
    },
  },
  {
    title: 'shared certificates are deleted whosever they are',
    edits: [
      {
        file: 'adapters/kubeadm/credentials/revoke.ts',
        replace: '${quote(`${operationLabelValue(operation)} `)}*)',
        by: "*' '*)",
      },
    ],
    tests: {
      'test/adapters/kubeadm/credentials/credentials.test.ts': [
        'a colleague’s, without a label',
        'another operation’s',
        'labelled with one that only begins alike',
      ].map((what) => `R7: shared certificates that are ${what} stay, and so does what owns them`),
    },
  },
  {
    title: 'addresses of IPv6 are compared as they are spelt',
    edits: [
      {
        file: 'model/network-address.ts',
        replace: 'a === b || urlKey(a) === urlKey(b)',
        by: 'a === b || (urlKey(a) === urlKey(b) && a.length === b.length && a === b)',
      },
    ],
    tests: {
      'test/model/etcd/member-decision.test.ts': [
        'R10: an address of IPv6, however it is spelt 2001:DB8:0:0::3: the member that never started is the host’s',
        'R10: an address of IPv6, however it is spelt 2001:DB8:0:0::3: its own running member is no other machine’s',
      ],
      'test/activities/proofs.test.ts': [
        'a control plane R10: is proven by its member at an address of IPv6, however that is spelt',
      ],
    },
  },
  {
    title: 'the backend of a host takes traffic before its API server is ready',
    edits: [
      {
        file: 'workflows/steps/load-balancer.ts',
        replace: 'run: (state) => register(state, false),',
        by: 'run: (state) => register(state, true),',
      },
    ],
    tests: {
      'test/workflows/order.test.ts': [
        'activities in order the backend is registered disabled for a join, and enabled at once for init',
      ],
    },
  },
  {
    title: 'a HAProxy that begins takes every server for UP until a check has failed',
    edits: [
      {
        file: 'adapters/load-balancer/configuration.ts',
        replace: '    load-server-state-from-file global\n',
        by: '',
      },
    ],
    tests: {
      'test/simulation/failures/endpoint.test.ts': [
        'load balancer and endpoint R20: an API server that is DOWN gets no connection from a HAProxy that reloads or starts again',
      ],
    },
    says: /expected \d+ to be (\+)?0/,
  },
  {
    title: 'a reload hands over as UP what failed its last check or was never checked',
    edits: [
      {
        file: 'adapters/load-balancer/server-state.ts',
        replace: 'isUp = $6 > 0 && $11 > 1 && $13 >= 2',
        by: 'isUp = $6 > 0',
      },
    ],
    tests: {
      'test/adapters/load-balancer/server-state.test.ts': [
        'was never checked',
        'failed its last check',
        'left maintenance and was not checked since',
      ].map((what) => `R20: what a reload hands over is that it is not, of one that ${what}`),
    },
  },
  {
    title: 'a server that was moved is UP at its new address because it was at its old one',
    edits: [
      {
        file: 'adapters/load-balancer/decide.ts',
        replace: 'now !== undefined && sameAddress(server.address, now.address);',
        by: 'now !== undefined;',
      },
    ],
    tests: {
      'test/adapters/load-balancer/decide.test.ts': [
        'what a reload hands over is nothing of a server at its old address',
      ],
    },
  },
  {
    title: 'connections that older processes of HAProxy hold to a server that is taken out are left',
    edits: [
      {
        file: 'adapters/load-balancer/decide.ts',
        replace: '(served || heldTo(reading.older, wish.name) > 0)',
        by: 'served',
      },
    ],
    tests: {
      'test/adapters/load-balancer/decide.test.ts': [
        'a server that is taken out is not done with while an older process holds connections to it',
      ],
    },
  },
  {
    title: 'a step that destroys begins on what was read before the operation waited, or by a run before',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: '!isAttaching && observations.areOutdated(step.restsOn, step.id)',
        by: "!isAttaching && step.restsOn === 'nothing'",
      },
    ],
    tests: {
      'test/workflows/fresh-facts.test.ts': [
        'R3: nothing is destroyed on what was read before the operation waited for an answer after a reset that was found again, kubeadm begins on what is read then',
        'R1: an operation that was reset in Temporal is another run, and reads before it destroys in the middle, at runKubeadm',
        'R1: an operation that was reset in Temporal is another run, and reads before it destroys after its end, at any step that destroys: is proven anew',
      ],
    },
  },
  {
    title: 'a retry goes on with the step that failed',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: 'step.retriedInPlace === undefined ? first : (step.restsOn ?? step.id)',
        by: 'step.id',
      },
    ],
    tests: {
      'test/workflows/retries.test.ts': [
        "R3: a step that failed blocks, and a retry reads the world anew, in a new round 'join-worker': 'prepare'",
        "R3: a step that failed blocks, and a retry reads the world anew, in a new round 'join-worker': 'credentials'",
      ],
    },
  },
  {
    title: 'what comes after a step that was left out acts on what was read before',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: 'return step.retriedInPlace === undefined ? nextRound(first) : indexOf(step.id);',
        by: 'return indexOf(step.id);',
      },
    ],
    tests: {
      'test/workflows/skip.test.ts': [
        "a step that nothing rests on 'join-worker': 'prepare' is left out, and says what that means",
      ],
    },
  },
  {
    title: 'a step that was left out is done after all when the operation goes back',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: 'leftOut.get(step.id) ?? step.skipWhen?.(state)',
        by: '(step.id === first ? leftOut.get(step.id) : undefined) ?? step.skipWhen?.(state)',
      },
    ],
    tests: {
      'test/workflows/skip.test.ts': [
        "a step that nothing rests on 'join-control-plane': 'snapshot' is left out, and says what that means",
      ],
    },
  },
  {
    title: 'facts never grow old',
    edits: [
      {
        file: 'workflows/observations.ts',
        replace: 'if (now() - last.atMs <= factsHoldMs ||',
        by: 'if (now() - last.atMs >= 0 ||',
      },
    ],
    tests: {
      'test/workflows/observations.test.ts': [
        'R4: facts have an age what is older than a quarter of an hour is not, once for each step: what lies between may take longer',
      ],
    },
  },
  {
    title: 'what was read before the operation waited is read afresh for ever',
    edits: [
      {
        file: 'workflows/observations.ts',
        replace: 'last.waits !== waits || ',
        by: '',
      },
    ],
    tests: {
      'test/workflows/observations.test.ts': [
        'R4: facts have an age what was seen before the operation waited for an answer is not, however short the wait',
      ],
      'test/workflows/fresh-facts.test.ts': [
        'R3: nothing is destroyed on what was read before the operation waited for an answer after a reset that was found again, kubeadm begins on what is read then',
      ],
    },
  },
  {
    title: 'a run acts on what the run that it was reset from has read',
    edits: [
      {
        file: 'workflows/observations.ts',
        replace: ' || last.run !== run()',
        by: '',
      },
    ],
    tests: {
      'test/workflows/observations.test.ts': [
        'R4: facts have an age R1: what was seen before the workflow was reset is not: that was another run',
      ],
      'test/workflows/fresh-facts.test.ts': [
        'R1: an operation that was reset in Temporal is another run, and reads before it destroys in the middle, at runKubeadm',
      ],
    },
  },
  {
    title: 'what is no longer what was checked is asked about at once',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: 'step.restsOn !== undefined && times < readingsAnew',
        by: 'step.restsOn !== undefined && times < 0',
      },
    ],
    tests: {
      'test/workflows/fresh-facts.test.ts': [
        "what is another thing when the act compares it (ChangedSinceCheck) 'join-worker', 'reset': is read again by itself three times, then a person decides",
        'what is another thing when the act compares it (ChangedSinceCheck) says so while it goes back',
      ],
    },
  },
  {
    title: 'what is no longer what was checked is read again without end',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: 'step.restsOn !== undefined && times < readingsAnew',
        by: 'step.restsOn !== undefined',
      },
    ],
    tests: {
      'test/workflows/fresh-facts.test.ts': [
        "what is another thing when the act compares it (ChangedSinceCheck) 'join-control-plane', 'join': is read again by itself three times, then a person decides",
      ],
    },
  },
  {
    title: 'a command that sight was lost of is begun anew by a retry',
    edits: [
      {
        file: 'workflows/runner.ts',
        replace: '          attaching = step.id;\n',
        by: '',
      },
    ],
    tests: {
      'test/workflows/retries.test.ts': [
        "a host that cannot be reached at 'reset': the command may still run, so a retry attaches to it in the same round",
        "a host that cannot be reached at 'join': the command may still run, so a retry attaches to it in the same round",
      ],
    },
  },
  {
    title: 'a probe answers whichever question is open',
    edits: [
      {
        file: 'workflows/decisions.ts',
        replace: 'const isOpen = asked === question && ',
        by: 'const isOpen = ',
      },
    ],
    tests: {
      'test/workflows/questions.test.ts': [
        'R6: an answer is one to its own question a probe of an earlier block never answers a later one that a person has to decide',
        'R6: an answer is one to its own question nor does it answer a later block of the same kind; that has a probe of its own',
        'R6: an answer is one to its own question nor does it wake what waits for an approval',
      ],
    },
  },
  {
    title: 'a decision is taken for whichever question is open',
    edits: [
      {
        file: 'workflows/decisions.ts',
        replace: 'if (about !== undefined && about !== blocked.question) {',
        by: 'if (about !== undefined && about < 0) {',
      },
    ],
    tests: {
      'test/workflows/questions.test.ts': [
        'R6: an answer is one to its own question a decision that names another question than the open one is refused, and leaves no event',
        'R6: an answer is one to its own question of two that approve what they have read, the second does not approve what came after',
      ],
    },
  },
  {
    title: 'commands to decide do not say which question they answer',
    edits: [
      {
        file: 'api/client/retry-operations.ts',
        replace: '...(summary.blockedQuestion === undefined ? {} : { about: summary.blockedQuestion }),',
        by: '',
      },
    ],
    tests: {
      'test/api/client/retry-operations.test.ts': [
        'retrying what is blocked R6: is no answer to what an operation asks by the time that it arrives',
      ],
    },
  },
  {
    title: 'the retry of an undo keeps its round',
    edits: [
      {
        file: 'workflows/saga.ts',
        replace: 'if (found.lostSight !== true) state.context',
        by: 'if (found.lostSight === undefined) state.context',
      },
    ],
    tests: {
      'test/workflows/rollback.test.ts': [
        'an undo that fails R12: is tried again in a new round, in which no unit of the try before is taken for its own',
      ],
    },
  },
  {
    title: 'an attempt ends after an hour, whatever the budgets are',
    edits: [
      {
        file: 'workflows/activity-proxies.ts',
        replace: 'longestCommandMs + policy.joinBudgetMs + 2 * policy.readyBudgetMs + policy.unreachableBudgetMs',
        by: 'longestCommandMs + 0 * policy.joinBudgetMs',
      },
    ],
    tests: {
      'test/workflows/budgets.test.ts': [
        "R9: an attempt ends only after the budgets of the policy, so that the operation blocks then 'join-worker', 'ready: 2h'",
        "R9: an attempt ends only after the budgets of the policy, so that the operation blocks then 'init', 'the longest that there may be'",
      ],
    },
  },
  {
    title: 'an attempt whose time is up is tried again without end',
    edits: [
      {
        file: 'workflows/activity-proxies.ts',
        replace: ", 'TemporalTimeout:StartToClose'",
        by: '',
      },
    ],
    tests: {
      'test/workflows/budgets.test.ts': [
        'R9: an attempt ends only after the budgets of the policy, so that the operation blocks then none of an operation is tried again without end when its time is up, and each is seen to live',
      ],
    },
  },
  {
    title: 'the approval of a plan is for the lines that it was shown in',
    edits: [
      {
        file: 'workflows/steps/observe.ts',
        replace: 'needApproval(planSubject(context, host, cluster), {',
        by: "needApproval(lines.join(', '), {",
      },
    ],
    tests: {
      'test/workflows/approvals.test.ts': [
        'a policy that wants plans approved R8: what changes by itself does not make it another plan: processes, numbers, whether a Node is Ready',
        'a policy that wants plans approved R8: nor does what has been done of it by the time it is read again',
      ],
    },
  },
  {
    title: 'a plan that was approved covers whatever comes to be destroyed',
    edits: [
      {
        file: 'model/plan-subject.ts',
        replace: '[null, given.deletesNode].includes(asked.deletesNode) &&',
        by: '',
      },
    ],
    tests: {
      'test/model/plan-covers.test.ts': [
        'R8: it does not cover another Node',
        'R8: it does not cover a Node where there was none',
      ],
      'test/workflows/approvals.test.ts': [
        'a policy that wants plans approved R8: another Node that would be destroyed is asked about again',
      ],
    },
  },
  {
    title: 'steps of an operation change their order without a guard for operations that run',
    edits: reordered('context !== undefined'),
    tests: { 'test/workflows/replay.test.ts': ['join-worker', 'credentials-lapsed', 'notified'].map(replayOf) },
    says: /Guard the change with patched\('<id>'\)[^]*npm run record:histories -- [a-z-]+\n[^]*docs\/versioning\.md/,
  },
  {
    title: 'secrets are not redacted from what hosts print',
    edits: [
      {
        file: 'adapters/ssh/redact.ts',
        replace: 'if (needles.length === 0) return {',
        by: 'if (needles.length >= 0) return {',
      },
    ],
    tests: {
      'test/adapters/ssh/redact.test.ts': ['redact replaces every secret', 'redact leaves no secret in what it gives'],
      'test/adapters/ssh/faults.test.ts': [
        'output secrets are redacted over the borders of chunks, in what is streamed too',
      ],
    },
  },
  {
    title: 'what looks like the name of a unit of an operation is one',
    edits: [
      {
        file: 'adapters/systemd/running-units.ts',
        replace: "const namePattern = `^quorate-(${steps.join('|')})-${'[0-9a-f]'.repeat(12)}[.]service$`;",
        by: 'const namePattern = `^quorate-.*|${steps.length}`;',
      },
    ],
    tests: {
      'test/adapters/host/read-host.test.ts': ["R19: a unit that only begins like an operation's is none"],
      'test/adapters/systemd/units.test.ts': [
        'R19: every name that unitName makes for a step of a command is taken for one, others are not',
      ],
    },
  },
  {
    title: 'a service with a file of its own is taken for an operation by its name',
    edits: [
      {
        file: 'adapters/systemd/running-units.ts',
        replace: 'case $fragment in FragmentPath=/run/systemd/transient/*)',
        by: 'case $fragment in FragmentPath=*)',
      },
    ],
    tests: {
      'test/adapters/host/read-host.test.ts': ['R19: a unit with a file of its own is no operation, whatever its name'],
    },
  },
  {
    title: 'links that only begin like those of Cilium are its',
    edits: [{ file: 'model/reset/traces.ts', replace: 'lxc${hex(12)}', by: 'lxc[0-9a-z]+' }],
    tests: {
      'test/adapters/host/read-host.test.ts': [
        "a clean host, read by /bin/sh R16: takes LXC's bridge for nobody's, and Cilium's links for Cilium's",
      ],
      'test/adapters/host/traces/agreement.test.ts': [
        'R16: the reading and the deep clean agree on thousands of names of network links',
      ],
      'test/simulation/failures/left-alone.test.ts': [
        'what is not the product’s R16: a host with the bridge of LXC is reset, and keeps the bridge',
      ],
    },
  },
  {
    title: 'the reading has an opinion of its own on whose a link is',
    edits: [
      {
        file: 'adapters/host/parse-host-facts.ts',
        replace: 'new RegExp(linkPattern)',
        by: "new RegExp(linkPattern.replace('lxc_health', 'lxc[0-9a-f_]\\\\w+'))",
      },
    ],
    tests: {
      'test/adapters/host/traces/agreement.test.ts': [
        'R16: the reading and the deep clean agree on thousands of names of network links',
      ],
    },
  },
  {
    title: 'a folder that is a symbolic link is passed over by the deep clean',
    edits: [
      {
        file: 'adapters/kubeadm/deep-clean/files.ts',
        replace: 'set -- "$folder/" -xdev',
        by: 'set -- "$folder" -xdev',
      },
    ],
    tests: {
      'test/adapters/kubeadm/deep-clean/deep-clean.test.ts': [
        'R17: a folder of a node that is a symbolic link var/lib/etcd is emptied where it leads to, and stays a link',
      ],
      'test/simulation/failures/left-alone.test.ts': [
        'what is not the product’s R17: etcd on a disk of its own, through a symbolic link: a rollback empties it, and it joins again',
      ],
    },
  },
  {
    title: 'the deep clean deletes across mounts',
    edits: [
      {
        file: 'adapters/kubeadm/deep-clean/files.ts',
        replace: 'for path in $mounted $kept_patterns; do',
        by: 'for path in $kept_patterns; do',
      },
    ],
    tests: {
      'test/adapters/kubeadm/deep-clean/deep-clean.test.ts': [
        'R17: a folder of a node that is a symbolic link what is mounted below a folder is left with all in it, and told',
      ],
    },
  },
  {
    title: 'a link may lead the deep clean anywhere',
    edits: [
      {
        file: 'adapters/host/traces/folders.ts',
        replace: "in ${shared.join(' | ')}) return 0 ;; esac",
        by: 'in ${shared.length}) return 0 ;; esac',
      },
    ],
    tests: {
      'test/adapters/kubeadm/deep-clean/deep-clean.test.ts': [
        'R17: a folder of a node that is a symbolic link one that leads to /home is told and left alone',
        'R17: a folder of a node that is a symbolic link what lies below one that leads to a shared place is left alone, too',
      ],
    },
  },
  {
    title: 'an undo takes files that were there before',
    edits: [
      {
        file: 'adapters/kubeadm/deep-clean/script.ts',
        replace: 'kept_patterns=${list(kept.map(findPattern))}',
        by: 'kept_patterns=${list(kept.map(() => findPattern("/none")))}',
      },
    ],
    tests: {
      'test/adapters/kubeadm/deep-clean/deep-clean.test.ts': [
        'R13: what was there before stays files of CNI and kubeconfigs of logins; the same in the same folder that came since goes',
      ],
    },
  },
  {
    title: 'what was there before counts as left over by the operation',
    edits: [
      {
        file: 'model/reset/keep.ts',
        replace: 'packetFilterRules: reset ? 0 : before.packetFilterRules,',
        by: 'packetFilterRules: 0,',
      },
    ],
    tests: {
      'test/model/reset/keep.test.ts': [
        'R13: keepOf a host that counted as clean: everything that was there',
        'R13: keepOf a host as it was counts as clean after the undo, and what came since does not',
      ],
    },
  },
  {
    title: 'a rule is of a node for a word in its comment',
    edits: [
      {
        file: 'adapters/host/traces/packet-filter.ts',
        replace: '  sub(/ comment ".*$/, "", rule)\n  if (rule ~ /[ \\\\t]log /) next\n  gsub(/"[^"]*"/, "", rule)\n',
        by: '  gsub(/"/, "", rule)\n',
      },
      {
        file: 'adapters/host/traces/packet-filter.ts',
        replace: '  gsub(/"([^"\\\\\\\\]|\\\\\\\\.)*"/, "_", text)\n',
        by: '',
      },
    ],
    tests: {
      'test/adapters/host/traces/packet-filter.test.ts': [
        'R25: of nftables only chains, tables and rules of a node are taken out, whatever words are in quotes',
        'R25: the same of iptables',
      ],
    },
  },
  {
    title: 'retention of snapshots keeps the oldest',
    edits: [
      {
        file: 'adapters/etcd/snapshot/retention-script.ts',
        replace: `mine=$(printf '%s' "$mine" | sort -rn)`,
        by: `mine=$(printf '%s' "$mine" | sort -n)`,
      },
      {
        file: 'adapters/etcd/snapshot/retention-script.ts',
        replace: ' && [ "$r_name" != "$name" ] && as_recorded || continue',
        by: ' && as_recorded || continue',
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot-retention.test.ts': [
        'retention the newest are kept',
        'retention R11: a clock that was put back makes no snapshot older: the one just made stays',
      ],
    },
  },
  {
    title: 'a snapshot is reported as it was before it was moved',
    edits: [
      {
        file: 'adapters/etcd/snapshot/script.ts',
        replace: `= "regular file $bytes $changed" ] && [ "$(sum_of "$file")" = "$sum" ] || {`,
        by: `= never ] || [ -n "$sum" ] || {`,
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot-retention.test.ts': [
        'retention R11: what is reported is read from the file where it lies, after retention',
      ],
    },
  },
  {
    title: 'retention of snapshots takes the name of a file for the file that was recorded',
    edits: [
      {
        file: 'adapters/etcd/snapshot/retention-script.ts',
        replace: `[ "$(stat -c '%F %s %Y' -- "$folder/$r_name" 2>/dev/null)" = "regular file $r_bytes $r_changed" ]`,
        by: `[ -e "$folder/$r_name" ]`,
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot-retention.test.ts': [
        'retention R15: a file that somebody put in the place of a recorded one stays',
      ],
    },
  },
  {
    title: 'retention of snapshots does not look whose they are',
    edits: [
      {
        file: 'adapters/etcd/snapshot/retention-script.ts',
        replace: 'if [ "$r_of $r_by" = "$cluster $authority" ]; then',
        by: 'if [ "$r_of" = "$cluster" ]; then',
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot-retention.test.ts': [
        'retention R15: snapshots of another cluster stay, by its id and by its CA',
      ],
    },
  },
  {
    title: 'a snapshot is begun wherever it fits or not',
    edits: [
      {
        file: 'adapters/etcd/snapshot/source-script.ts',
        replace: '[ "$have" -ge $((need * 1024)) ] || no_room "$1"',
        by: '[ "$have" -ge 0 ]',
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot.test.ts': [
        'without etcdctl on the host R14: in the container nothing is begun where it would fill the disk of etcd',
        'room R14: nothing is begun without room for the database and a margin',
      ],
      'test/simulation/failures/snapshots.test.ts': [
        'snapshots of etcd R14: a snapshot is begun only where there is room for it, and never beside the database of etcd',
      ],
    },
  },
  {
    title: 'a snapshot that ends in the middle leaves its part',
    edits: [
      {
        file: 'adapters/etcd/snapshot/supervision-script.ts',
        replace: 'sweep() { rm -f -- "$folder"/$parts "$shared"/$parts; }',
        by: 'sweep() { :; }',
      },
    ],
    tests: {
      'test/adapters/etcd/snapshot-interrupted.test.ts': [
        'one that ends in the middle leaves nothing R14: SIGTERM',
        'one that ends in the middle leaves nothing R14: what a dead attempt left in either folder is removed by the next; what is not of its name stays',
      ],
    },
  },
  {
    title: 'commands that were given up hold a connection for ever, and others wait for it',
    edits: [
      {
        file: 'adapters/ssh/connection/connections.ts',
        replace: 'retired || sessions.abandoned * 2 >= limit;',
        by: 'retired;',
      },
    ],
    tests: {
      'test/adapters/ssh/connection/connections.test.ts': [
        'createConnections R21: opens another when commands that were given up hold half of the sessions, and closes the first with the last of them',
      ],
    },
  },
  {
    title: 'a host gets a connection for each command that was given up, without bound',
    edits: [
      {
        file: 'adapters/ssh/connection/connections.ts',
        replace: 'states.size < settings.maxConnections && (fit',
        by: '(fit',
      },
    ],
    tests: {
      'test/adapters/ssh/connection/connections.test.ts': [
        'createConnections R21: opens no more than it may, whatever was given up',
      ],
    },
  },
  {
    title: 'keys of the agent are offered in its own order, whatever is configured',
    edits: [
      {
        file: 'adapters/ssh/identity/order.ts',
        replace: 'return [...both, ...others,',
        by: 'return [...others, ...both,',
      },
    ],
    tests: {
      'test/adapters/ssh/identity/order.test.ts': [
        'orderIdentities R23: what is configured and in the agent goes first, in the order of the agent, then its others, then files',
      ],
    },
  },
  {
    title: 'a Match line of the SSH configuration with a negation never holds',
    edits: [
      {
        file: 'adapters/ssh/config/match.ts',
        replace: 'else if (found === criterion.negated) result = false;',
        by: 'else if (found === criterion.negated || criterion.negated) result = false;',
      },
    ],
    tests: {
      'test/adapters/ssh/config/examples.test.ts': [
        'a client configuration is read as OpenSSH reads it R25: Match with negations',
      ],
    },
  },
  {
    title: 'an init whose API server is silent counts as one without other Nodes',
    edits: [{ file: 'activities/undo.ts', replace: '  if (!etcdDataPresent) return [];\n', by: '  return [];\n' }],
    tests: {
      'test/activities/undo.test.ts': [
        'undoing an init R3: where the API server is not ready, etcd tells of other Nodes',
        'undoing an init R3: resets nothing while neither its API server nor its etcd tells whether others have joined',
      ],
    },
  },
  {
    title: 'a host that was made another cluster meanwhile is asked about this one',
    edits: [
      {
        file: 'activities/shared/control-plane.ts',
        replace: 'caHash === undefined || answer.caHash === undefined || answer.caHash === caHash',
        by: 'cluster !== caHash',
      },
    ],
    tests: {
      'test/activities/shared/control-plane.test.ts': [
        'the host that is asked about the cluster is none that carries another cluster by now than the operation works on',
      ],
    },
  },
  {
    title: 'an undo removes a backend that was registered before',
    edits: [
      {
        file: 'workflows/steps/load-balancer.ts',
        replace: 'if (isBefore(state)) return',
        by: 'if (isBefore(state) && state.context.round < 0) return',
      },
    ],
    tests: {
      'test/workflows/rollback.test.ts': [
        'the decision rollback undoes in reverse order what was begun a backend that was enabled before is left so',
        'the decision rollback undoes in reverse order what was begun a backend that was disabled before is left so',
        'the decision rollback undoes in reverse order what was begun a backend that could not be read before is left when it turns out to have been registered',
      ],
    },
  },
  {
    title: 'two names hold the lock of one cluster: what the cluster says of its name is not compared',
    edits: [
      {
        file: 'activities/claim.ts',
        replace: 'if (other !== undefined) throw other;',
        by: 'if (other !== undefined && managedAs === cluster) throw other;',
      },
    ],
    tests: {
      'test/activities/claim.test.ts': ['S1: the name that somebody else was first to give stays'],
    },
  },
  {
    title: 'a cluster is told of under another name',
    edits: [
      {
        file: 'activities/read.ts',
        replace: 'if (other !== undefined) throw other;',
        by: "if (other?.type === 'Unreachable') throw other;",
      },
    ],
    tests: {
      'test/activities/claim.test.ts': ['S1: a cluster that says that it is another one is not told of'],
    },
  },
  {
    title: 'the load balancer of another cluster is written to',
    edits: [
      {
        file: 'adapters/load-balancer/reading.ts',
        replace: 'if (owner === undefined || owner === cluster) return;',
        by: 'if (owner === undefined || owner !== "") return;',
      },
    ],
    tests: {
      'test/adapters/load-balancer/haproxy.test.ts': [
        'S2: the load balancer of another cluster is not described',
        'S2: the load balancer of another cluster is not given a server',
        'S2: the load balancer of another cluster is not deprived of one',
        'S2: the load balancer of another cluster is not told to disable one',
        'S2: the load balancer of another cluster is not told to drain one',
        'S2: the load balancer of another cluster is not told to enable one',
      ],
    },
  },
  {
    title: 'a node that people made right after the operation had ended is taken for its own',
    edits: [{ file: 'model/reset/own-work.ts', replace: '(restarted ? 2 : 0)', by: '(restarted ? 2 : 1)' }],
    tests: {
      'test/model/reset/own-work.test.ts': [
        'R5: what is on a host is this run’s own work not when somebody joined it by hand right after it had ended',
      ],
    },
  },
  {
    title: 'what owns the certificates of an upload that failed is not labelled',
    edits: [
      {
        file: 'adapters/kubeadm/credentials/credentials.ts',
        replace: '[ -z "$owner" ] || label_owner || return 1',
        by: '[ $uploaded -ne 0 ] || label_owner || return 1',
      },
    ],
    tests: {
      'test/adapters/kubeadm/credentials/credentials.test.ts': [
        'the owner that an upload has made before it failed is labelled, one that it has not made is none',
      ],
    },
  },
  {
    title: 'a server begins without a token',
    edits: [
      {
        file: 'api/server/access/exposure.ts',
        replace: 'if (!how.withoutTokens && !how.hasTokens) {',
        by: 'if (!how.withoutTokens && !how.hasTokens && !isLocal) {',
      },
    ],
    tests: {
      'test/api/server/access/exposure.test.ts': [
        'S7: without a token it opens nothing, on 127.0.0.1',
        'S7: that everybody on this machine may do everything is asked for in so many words, and only where there are no tokens',
      ],
      'test/cli/start-api.test.ts': [
        'S7: a server does not begin where the name of the file of tokens was mistyped',
        'S7: a server does not begin again after the last token was revoked',
      ],
    },
  },
];
