import { z } from 'zod';
import { parseJson } from '../script/parse-json.js';
import type { Host } from '../ssh/types.js';
import { kubectl } from './kubectl.js';
import { runKubectl } from './run-kubectl.js';

const List = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
        spec: z.object({ username: z.string().default(''), signerName: z.string().default('') }),
        status: z
          .object({
            certificate: z.string().optional(),
            conditions: z.array(z.object({ type: z.string() })).default([]),
          })
          .default({ conditions: [] }),
      }),
    )
    .default([]),
});

/**
 * What the certificate requests of a joining kubelet say about a TLS bootstrap that hangs, one line for the operator.
 * The requestor of such a request is `system:bootstrap:<token id>`.
 * @throws QuorateError ApiUnavailable, Unreachable
 */
export const diagnoseCertificateRequests = async (host: Host, address: string, since: Date): Promise<string> => {
  const text = await runKubectl(
    host,
    'reading certificate requests',
    `${kubectl(address)} get --raw /apis/certificates.k8s.io/v1/certificatesigningrequests`,
    {
      maxOutputBytes: 8 * 2 ** 20,
    },
  );
  const requests = parseJson(List, text, 'kubectl get csr', host).items.filter(
    (item) =>
      item.spec.username.startsWith('system:bootstrap:') &&
      Date.parse(item.metadata.creationTimestamp) >= since.getTime() - 5_000,
  );
  const last = requests.at(-1);
  if (last === undefined)
    return 'no certificate request has arrived: the kubelet does not run, or does not reach an API server';
  const approved = last.status.conditions.some((condition) => condition.type === 'Approved');
  if (last.status.certificate !== undefined)
    return `certificate request ${last.metadata.name} is signed: the kubelet has to fetch its certificate`;
  if (approved)
    return `certificate request ${last.metadata.name} is approved but not signed: no controller-manager signs (leader? CA key?)`;
  return `certificate request ${last.metadata.name} is pending: nothing approves it (controller-manager's leader, or ClusterRoleBinding kubeadm:node-autoapprove-bootstrap)`;
};
