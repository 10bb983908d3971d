import { stringify } from 'yaml';
import { apiServerPort } from '../../../model/control-plane.js';
import type { OperationContext } from '../../../model/operation.js';
import { splitNodeLabels } from './node-labels.js';

export const apiVersion = 'kubeadm.k8s.io/v1beta4';

type Plain = Readonly<Record<string, unknown>>;

/**
 * kubeadm reads YAML 1.1, in which `yes`, `on` and `1:30` are no strings: written in YAML 1.1, such strings are quoted.
 * Keys without a value are left out.
 */
export const renderDocuments = (documents: readonly Plain[]): string =>
  documents.map((document) => stringify(document, { version: '1.1', lineWidth: 0 })).join('---\n');

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` on top of `under`; objects are merged, lists and values replaced. */
export const merge = (under: Plain, over: Plain): Plain => {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = result[key];
    result[key] = isPlain(below) && isPlain(value) ? merge(below, value) : value;
  }
  return result;
};

interface ExtraArgument {
  readonly name: string;
  readonly value: string;
}

/** The specification's own arguments win; its node-labels are added to those of the host. */
const kubeletArguments = (context: OperationContext): ExtraArgument[] => {
  const own = context.kubeadm.kubeletExtraArgs;
  const { kubelet: labels } = splitNodeLabels(context.target.labels);
  const nodeLabels = [
    ...Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ...own.filter(({ name }) => name === 'node-labels').map(({ value }) => value),
  ].join(',');
  return [
    ...(own.some(({ name }) => name === 'node-ip') ? [] : [{ name: 'node-ip', value: context.target.address }]),
    ...(nodeLabels === '' ? [] : [{ name: 'node-labels', value: nodeLabels }]),
    ...own.filter(({ name }) => name !== 'node-labels'),
  ];
};

/** How the target registers as a Node. */
export const nodeRegistration = (context: OperationContext): Plain => {
  const { target, kubeadm } = context;
  return {
    name: target.name,
    criSocket: kubeadm.criSocket,
    // Without the key kubeadm taints control-plane nodes; an empty list means no taint at all.
    ...(target.taints === undefined ? {} : { taints: target.taints }),
    kubeletExtraArgs: kubeletArguments(context),
    ignorePreflightErrors: kubeadm.ignorePreflightErrors,
    imagePullPolicy: kubeadm.imagePullPolicy,
    imagePullSerial: false,
  };
};

/**
 * kubeadm's time-outs. kubernetesAPICall: above the default of 1 min, as a just-started API server is slow to take the
 * labels of its Node. etcdAPICall: above the default of 2 min, as a learner needs as long as a large database takes;
 * not more, as kubeadm may spend it several times. discovery: below the default of 5 min, as the way to the endpoint
 * was tried before.
 */
export const timeouts = {
  kubernetesAPICall: '3m0s',
  etcdAPICall: '5m0s',
  discovery: '2m0s',
  tlsBootstrap: '5m0s',
} as const;

/** `localAPIEndpoint` of the target: never the default interface, which may be another network. */
export const localApiEndpoint = (context: OperationContext): Plain => ({
  advertiseAddress: context.target.address,
  bindPort: apiServerPort,
});
