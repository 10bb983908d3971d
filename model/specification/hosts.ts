import { z } from 'zod';
import { sshName } from '../ssh-name.js';
import { HostAddress, not } from './fields.js';

const hostRoles = ['control-plane', 'worker', 'load-balancer'] as const;
export type HostRole = (typeof hostRoles)[number];

const namePart = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const prefix = '(?=[^/]{1,253}/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/';
const labelKey = new RegExp(`^(${prefix})?${namePart}$`);
const labelValue = new RegExp(`^(${namePart})?$`);

const LabelKey = z
  .string()
  .regex(
    labelKey,
    not('is not a Kubernetes label key: [prefix/]name, the name of at most 63 of A-Z, a-z, 0-9, -, _ and .'),
  )
  .meta({ examples: ['topology.kubernetes.io/zone'] });

const LabelValue = z
  .string()
  .regex(labelValue, not('is not a Kubernetes label value: at most 63 of A-Z, a-z, 0-9, -, _ and .'));

const Labels = z
  .record(LabelKey, LabelValue)
  .default({})
  .meta({
    description:
      'Labels that the Node must carry; set on the join and proven afterwards. Default: none. Labels that are not named here are left alone.',
    examples: [{ 'topology.kubernetes.io/zone': 'a' }],
  });

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

const Taint = z
  .strictObject({
    key: LabelKey.meta({ description: 'Key of the taint.', examples: ['dedicated'] }),
    value: LabelValue.optional().meta({ description: 'Value of the taint; default: none.', examples: ['gpu'] }),
    effect: z.enum(taintEffects).meta({ description: 'What happens to Pods that do not tolerate the taint.' }),
  })
  .meta({ examples: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] });

export const HostSpecification = z
  .strictObject({
    role: z.enum(hostRoles).meta({
      description:
        'What the host is: a control-plane node with its etcd member, a worker node, or a load balancer (HAProxy).',
      examples: ['control-plane'],
    }),
    address: HostAddress,
    labels: Labels,
    taints: z
      .array(Taint)
      .optional()
      .meta({
        description:
          "Taints that the Node must carry. Default: kubeadm's own (control-plane nodes take no ordinary Pods, workers take all); an empty list means none.",
        examples: [[]],
      }),
    ssh: z
      .string()
      .max(253, { error: 'is longer than 253 characters' })
      .regex(sshName, not('is not a name for ssh: letters, digits, and -, _, ., : and % within'))
      .optional()
      .meta({
        description:
          'Name by which the SSH configuration of the worker finds the host. Default: the name of the host here. Never a password or key.',
        examples: ['cp1.dc1'],
      }),
  })
  .meta({ examples: [{ role: 'worker', address: '10.203.0.21' }] });
export type HostSpecification = z.infer<typeof HostSpecification>;
