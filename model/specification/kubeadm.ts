import { z } from 'zod';
import { not, shown } from './fields.js';
import { reservedExtraArgs, reservedKubeletFields, reservedKubeletFlag } from './reserved-flags.js';

const PassThrough = z.record(z.string(), z.unknown()).default({});

/** Fields of ClusterConfiguration that Quorate writes itself or relies on, and where the operator sets them instead. */
const ownedByQuorate: Readonly<Record<string, string>> = {
  apiVersion: 'leave it out, Quorate writes it',
  kind: 'leave it out, Quorate writes it',
  kubernetesVersion: 'set spec.kubernetesVersion',
  controlPlaneEndpoint: 'set spec.controlPlaneEndpoint',
  networking: 'set spec.networking',
  clusterName: 'set metadata.name',
  certificatesDir: 'leave it out, Quorate reads /etc/kubernetes/pki',
};

const refuseKeys = (
  value: Readonly<Record<string, unknown>>,
  keys: Readonly<Record<string, string>>,
  context: z.RefinementCtx,
): void => {
  for (const [key, instead] of Object.entries(keys)) {
    if (Object.hasOwn(value, key)) {
      context.addIssue({
        code: 'custom',
        path: [key],
        message: 'is not passed through',
        params: { instead, at: 'key' },
      });
    }
  }
};

const refuseKind = (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void =>
  refuseKeys(
    value,
    { apiVersion: 'leave it out, Quorate writes it', kind: 'leave it out, Quorate writes it' },
    context,
  );

const KubeletExtraArg = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, not('is not a flag of the kubelet without its dashes'))
      .superRefine((name, context) => {
        const reserved = reservedKubeletFlag(name);
        if (reserved === undefined) return;
        const { because, instead } = reserved;
        context.addIssue({ code: 'custom', message: `${shown(name)} ${because}`, input: name, params: { instead } });
      })
      .meta({ description: 'Flag of the kubelet, without dashes.', examples: ['v'] }),
    value: z
      .string()
      .max(4096, { error: 'is longer than 4096 characters' })
      // kubeadm writes all flags as one quoted line of a file that systemd takes apart at blanks.
      .regex(/^(?:(?!["'`\\$])[!-~])*$/, not('is not one word of ASCII without quotes, backslash and $'))
      .meta({
        description: 'Its value, as text: one word, without blanks, quotes, backslash and $.',
        examples: ['2'],
      }),
  })
  .meta({ examples: [{ name: 'v', value: '2' }] });

export const Kubeadm = z
  .strictObject({
    ignorePreflightErrors: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9._-]+$/, not("is not an identifier of kubeadm's preflight"))
          .refine((name) => name.toLowerCase() !== 'all', {
            error: 'would also hide that a host belongs to another cluster',
            params: { instead: 'name the checks to ignore, such as SystemVerification' },
          })
          .meta({ examples: ['SystemVerification'] }),
      )
      .default([])
      .meta({
        description:
          "Checks of kubeadm's preflight that only warn; Quorate's own preflight honours SystemVerification, NumCPU and Mem too. Default: none.",
        examples: [['NumCPU']],
      }),
    criSocket: z
      .string()
      .regex(/^unix:\/\/(\/[A-Za-z0-9._-]+)+$/, not('is not a unix socket URL'))
      .max(120, { error: 'is longer than 120 characters' })
      .default('unix:///run/containerd/containerd.sock')
      .meta({
        description: 'Socket of the container runtime. Default: unix:///run/containerd/containerd.sock.',
        examples: ['unix:///run/containerd/containerd.sock'],
      }),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'])
      .default('IfNotPresent')
      .meta({
        description:
          'When kubeadm pulls the images of the control plane. Default: IfNotPresent. Never needs them on the host before the join.',
        examples: ['IfNotPresent'],
      }),
    kubelet: PassThrough.superRefine((value, context) => {
      refuseKind(value, context);
      refuseKeys(value, reservedKubeletFields, context);
    }).meta({
      description:
        'Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1), written at init and taken over by every node. Default: none. failSwapOn and failCgroupV1 also decide what the preflight accepts.',
      examples: [{ failCgroupV1: false }],
    }),
    kubeProxy: PassThrough.superRefine(refuseKind).meta({
      description:
        'Fields of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1), written at init. Default: none.',
      examples: [{ mode: 'nftables' }],
    }),
    clusterConfiguration: PassThrough.superRefine((value, context) => {
      refuseKeys(value, ownedByQuorate, context);
      for (const { path, because, instead } of reservedExtraArgs(value)) {
        context.addIssue({ code: 'custom', path: [...path], message: because, params: { instead } });
      }
      const etcd = value['etcd'];
      if (typeof etcd !== 'object' || etcd === null) return;
      const local: unknown = 'local' in etcd ? etcd.local : undefined;
      if ('external' in etcd)
        context.addIssue({
          code: 'custom',
          path: ['etcd', 'external'],
          message: 'is not supported: Quorate works on etcd that runs on the control-plane nodes',
          params: { instead: 'leave it out', at: 'key' },
        });
      if (typeof local === 'object' && local !== null && 'dataDir' in local && local.dataDir !== '/var/lib/etcd')
        context.addIssue({
          code: 'custom',
          path: ['etcd', 'local', 'dataDir'],
          message: 'is not where Quorate looks for the data of a member',
          params: { instead: 'leave it out, or mount the disk at /var/lib/etcd' },
        });
    }).meta({
      description: 'Fields of ClusterConfiguration (kubeadm.k8s.io/v1beta4), written at init. Default: none.',
      examples: [{ apiServer: { certSANs: ['api.example.org'] } }],
    }),
    kubeletExtraArgs: z
      .array(KubeletExtraArg)
      .default([])
      .meta({
        description: 'Flags of the kubelet on every node (nodeRegistration.kubeletExtraArgs). Default: none.',
        examples: [[{ name: 'v', value: '2' }]],
      }),
  })
  .prefault({})
  .meta({ description: 'Passed through to kubeadm and the configuration it writes.' });
