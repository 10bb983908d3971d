import { z } from 'zod';
import { parseJson } from '../script/parse-json.js';
import type { Host } from '../ssh/types.js';
import { apiGet } from './api-get.js';

const Request = z.object({
  metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
  spec: z.object({ username: z.string().default(''), request: z.string().default('') }),
  status: z
    .object({
      certificate: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), message: z.string().default('') })).default([]),
    })
    .default({ conditions: [] }),
});
const List = z.object({ items: z.array(Request).default([]) });

/** Whether a request (PEM in base64) asks for the certificate of that node: the DER has its subject after its length. */
const isForNode = (request: string, node: string): boolean => {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  const der = Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64');
  const subject = `system:node:${node}`;
  return der.includes(Buffer.concat([Buffer.from([subject.length]), Buffer.from(subject)]));
};

const diagnose = ({ metadata: { name }, status }: z.infer<typeof Request>): string => {
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const refused = condition('Denied') ?? condition('Failed');
  if (status.certificate !== undefined)
    return `certificate request ${name} is signed: the kubelet has to fetch its certificate`;
  if (refused !== undefined) return `certificate request ${name} is ${refused.type.toLowerCase()}: ${refused.message}`;
  return condition('Approved') === undefined
    ? `certificate request ${name} is pending: nothing approves it (controller-manager's leader, or ClusterRoleBinding kubeadm:node-autoapprove-bootstrap)`
    : `certificate request ${name} is approved but not signed: no controller-manager signs (leader? CA key?)`;
};

/**
 * What the certificate requests of joining kubelets say about a TLS bootstrap that hangs, one line for the operator: none
 * is the kubelet or the load balancer, pending the approver, approved the signer.
 * @param since when the join began; earlier requests are another join's
 * @param node name of the joining Node; default any
 * @throws QuorateError ApiUnavailable, CommandFailed, Unreachable
 */
export const diagnoseCertificateRequests = async (
  host: Host,
  address: string,
  since: Date,
  node?: string,
): Promise<string> => {
  const what = 'reading certificate requests';
  const [answer] = await apiGet(host, address, what, ['/apis/certificates.k8s.io/v1/certificatesigningrequests']);
  const requests = parseJson(List, answer?.body ?? '', what, host).items.filter(
    ({ metadata, spec }) =>
      spec.username.startsWith('system:bootstrap:') &&
      Date.parse(metadata.creationTimestamp) >= since.getTime() - 5_000 &&
      (node === undefined || isForNode(spec.request, node)),
  );
  const last = requests
    .toSorted((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
    .at(-1);
  return last === undefined
    ? 'no certificate request has arrived: the kubelet does not run, or does not reach an API server'
    : diagnose(last);
};
