import semver from 'semver';
import { z } from 'zod';
import { printable } from '../printable.js';
import { parseAddress, parseEndpoint, parseSubnet, unusableAddress } from '../network-address.js';

/** How a value is shown in a message: short, on one line. */
export const shown = (value: unknown): string => {
  const text = printable(JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** Message of a failed check that begins with the value itself. */
export const not = (what: string): { error: (issue: { readonly input?: unknown }) => string } => ({
  error: (issue) => `${shown(issue.input)} ${what}`,
});

export const ClusterName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, not('is not a name of at most 40 of a-z, 0-9 and -'))
  .meta({
    description:
      'Name of the cluster. Part of the ids of its operations and of file names on hosts; no default. Renaming it makes Quorate treat it as another cluster.',
    examples: ['prod'],
  });

/** Kubernetes node names are DNS subdomains; 63 because the name is also the value of the label kubernetes.io/hostname. */
export const HostName = z
  .string()
  .max(63, not('is longer than 63 characters'))
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    not('is not a host name of a-z, 0-9, - and . (Kubernetes node names are lower case)'),
  )
  .meta({ description: 'Name of the host, of its Kubernetes Node and of its etcd member.', examples: ['cp1'] });

/** The lowest minor whose kubeadm reads the configuration that Quorate writes (kubeadm.k8s.io/v1beta4). */
const lowestMinor = 31;

const versionPattern = /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

export const KubernetesVersion = z
  .string()
  .max(64, not('is not a full Kubernetes version'))
  .regex(versionPattern, not('is not a full Kubernetes version'))
  .refine((text) => !versionPattern.test(text) || semver.parse(text) !== null, not('is not a full Kubernetes version'))
  .refine(
    (text) => {
      const version = semver.parse(text);
      return version === null || (version.major === 1 && version.minor >= lowestMinor);
    },
    not(`is older than v1.${lowestMinor}.0, the first with kubeadm.k8s.io/v1beta4`),
  )
  .meta({
    description:
      'Version of the control plane. kubeadm on each host must be of the same minor version; a join into a cluster of another minor version is refused.',
    examples: ['v1.37.1'],
  });

export const ControlPlaneEndpoint = z
  .string()
  .refine((text) => parseEndpoint(text) !== undefined, not('is not host:port'))
  .meta({
    description:
      'host:port of the load balancer in front of the API servers, as kubeadm writes it into every kubeconfig. Cannot be changed on a running cluster without new certificates.',
    examples: ['10.203.0.10:6443', 'api.prod.example.org:6443'],
  });

export const HostAddress = z
  .string()
  .superRefine((text, context) => {
    const address = parseAddress(text);
    const because = address === undefined ? 'is not an IP address' : unusableAddress(address);
    if (because !== undefined) context.addIssue({ code: 'custom', message: `${shown(text)} ${because}`, input: text });
  })
  .meta({
    description:
      'IP address that the cluster uses to reach this host: advertise address, etcd peer URL, node IP, or address of the load balancer. It must be on the host.',
    examples: ['10.203.0.11'],
    anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }],
  });

/** The parts of a text of subnets; blanks may stand around the comma, though not for kubeadm. */
export const subnetsIn = (text: string): readonly string[] =>
  text.split(',').map((part) => part.replaceAll(/^ +| +$/g, ''));

/** One subnet, or two of different families separated by a comma for dual stack, as kubeadm takes them. */
export const Subnets = z.string().superRefine((text, context) => {
  const subnets = subnetsIn(text).map(parseSubnet);
  const because = subnets.includes(undefined)
    ? 'is not a subnet such as 10.244.0.0/16'
    : subnets.length > 2 || (subnets.length === 2 && subnets[0]?.family === subnets[1]?.family)
      ? 'may name one IPv4 and one IPv6 subnet, no more'
      : undefined;
  if (because !== undefined) context.addIssue({ code: 'custom', message: `${shown(text)} ${because}`, input: text });
});

const durationPattern = /^(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,6})ms)?$/;

/** Milliseconds of a duration such as 30m or 2m30s; undefined when the text is none. */
export const durationMs = (text: string): number | undefined => {
  const match = durationPattern.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds, milliseconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000 + (milliseconds ?? 0);
};

const shortestMs = 1_000;
const longestMs = 7 * 24 * 3_600_000;

export const Duration = z
  .string()
  .regex(durationPattern, not('is not a duration such as 30m or 2m30s (h, m, s, ms in this order)'))
  .refine((text) => {
    const ms = durationMs(text);
    return ms === undefined || (ms >= shortestMs && ms <= longestMs);
  }, not('is not between 1s and 168h'));
