import { z } from 'zod';
import { Duration } from './fields.js';

const Budgets = z
  .strictObject({
    join: Duration.default('30m').meta({
      description:
        "How long one kubeadm init or join may run. Default: 30m, which covers kubeadm's own worst case with images to pull. Then the operation blocks and the host is left as it is.",
      examples: ['30m'],
    }),
    unreachable: Duration.default('2m').meta({
      description:
        'How long a step retries a host, API or etcd that does not answer. Default: 2m. Then the operation blocks (Unreachable) until somebody or something mends it.',
      examples: ['2m'],
    }),
    ready: Duration.default('5m').meta({
      description:
        'How long a step waits for readiness: Node Ready, member a voter, backend UP. Default: 5m. Then the operation blocks with what is missing.',
      examples: ['5m'],
    }),
  })
  .prefault({})
  .meta({ description: 'Time that steps may take before the operation asks an operator.' });

const Approvals = z
  .strictObject({
    plans: z.boolean().default(false).meta({
      description:
        'Whether each operation shows its plan and waits for an approval before the first change. Default: false.',
    }),
    byAnother: z.boolean().default(false).meta({
      description:
        'Whether another person than the one who asked for the operation has to approve it. Default: false. Names are those that the API authenticated; in the Temporal UI everybody writes their own.',
    }),
    expireAfter: Duration.default('24h').meta({
      description:
        'How long a request for an approval waits before the operation ends with nothing changed, and how long an approval holds. Default: 24h. After a change a request waits for as long as it takes.',
      examples: ['24h'],
    }),
  })
  .prefault({})
  .meta({ description: 'Who has to agree before something is destroyed or changed.' });

export const Policy = z
  .strictObject({
    resetDirtyHosts: z
      .enum(['never', 'approve', 'when-ours'])
      .default('approve')
      .meta({
        description:
          'What to do with a host that still carries an earlier node. Default: approve. never: the operation fails. approve: it blocks until somebody approves the reset. when-ours: leftovers of this very cluster are reset without asking, all others need approval. A living node of another cluster is never reset.',
        examples: ['approve'],
      }),
    networkLeftovers: z
      .enum(['warn', 'clean'])
      .default('warn')
      .meta({
        description:
          'What to do with a host that has nothing of an earlier node but CNI files, network links or packet-filter rules, which kubeadm reset leaves. Default: warn, as a fresh host may have some of its own. clean: as resetDirtyHosts says of an earlier node, and they are deleted with it.',
        examples: ['warn'],
      }),
    removeStaleMembers: z
      .enum(['never', 'approve', 'when-safe'])
      .default('when-safe')
      .meta({
        description:
          "What to do with the joining host's own stale etcd member and Node. Default: when-safe, removed when the quorum projection proves that a majority stays healthy. approve: the same after somebody approved. never: the operation fails.",
        examples: ['when-safe'],
      }),
    resumeWhenHealthy: z.boolean().default(true).meta({
      description:
        'Whether a blocked operation goes on by itself when a probe sees the cause gone. Default: true. false: it waits for a decision.',
    }),
    probeEvery: Duration.default('15s').meta({
      description:
        'Time between the first probes of a blocked operation; later ones are up to four times as far apart. Default: 15s.',
      examples: ['15s'],
    }),
    parallelJoins: z
      .int()
      .min(1, { error: 'is less than 1' })
      .max(100, { error: 'is more than 100' })
      .default(20)
      .meta({
        description:
          'Worker joins of the cluster that run at the same time; further ones wait. Default: 20. Changes of the control plane always run one at a time.',
        examples: [20],
      }),
    approvals: Approvals,
    snapshots: z
      .strictObject({
        keep: z
          .int()
          .min(1, { error: 'is less than 1' })
          .max(100, { error: 'is more than 100' })
          .default(5)
          .meta({
            description:
              'Number of etcd snapshots of this cluster kept on the host that took them; older ones are deleted, other files beside them never. Default: 5. Each is as large as the database.',
            examples: [5],
          }),
      })
      .prefault({})
      .meta({ description: 'Snapshots of etcd taken before each change of its members.' }),
    budgets: Budgets,
  })
  .prefault({})
  .meta({ description: 'What Quorate may do by itself, and how long it tries.' });
export type Policy = z.infer<typeof Policy>;
