import { z } from 'zod';
import type { Lab } from '../../../lab/index.js';
import { kubernetesPorts } from '../../scenarios/ports.js';
import type { SiteMember, SiteObserver } from '../../scenarios/site.js';
import { backends, etcdctl, etcdMembers, leftoverSecrets, nodes } from './world.js';

const Status = z.object({
  Endpoint: z.string(),
  Status: z.object({ leader: z.number().optional(), errors: z.array(z.string()).nullish() }),
});
const Tokens = z.object({ items: z.array(z.object({ data: z.record(z.string(), z.string()) })) });

/** Observes a cluster of the lab through commands on its hosts' consoles; what belongs to the cluster, on cp1. */
export const observeLab = (lab: Lab): SiteObserver => {
  const onConsole = async (host: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await lab.host(host).console(script);
    if (code !== 0) throw new Error(`${host}: ${script}\nended with ${code}: ${stderr}`);
    return stdout;
  };
  const healthyEndpoints = async (urls: readonly string[]): Promise<ReadonlySet<string>> => {
    // A member that does not answer is left out of the list, and makes the exit code 1.
    const { stdout } = await lab
      .host('cp1')
      .console(`${etcdctl} --endpoints=${urls.join(',')} --command-timeout=3s endpoint status -w json`);
    const statuses = z.array(Status).parse(JSON.parse(stdout.trim() === '' ? '[]' : stdout));
    return new Set(
      statuses.filter(({ Status: { leader = 0 } }) => leader !== 0).map(({ Endpoint: endpoint }) => endpoint),
    );
  };
  return {
    members: async () => {
      const members = await etcdMembers(lab, 'cp1', 's');
      const healthy = await healthyEndpoints(members.flatMap(({ clientURLs = [] }) => clientURLs));
      return members.map(({ ID, name = '', isLearner = false, clientURLs = [] }): SiteMember => ({
        id: ID,
        name,
        isLearner,
        isHealthy: clientURLs.some((url) => healthy.has(url)),
      }));
    },
    readyNodes: async () =>
      Object.entries(await nodes(lab))
        .filter(([, ready]) => ready === 'True')
        .map(([name]) => name)
        .toSorted(),
    backends: async () => Object.entries(await backends(lab)).map(([name, status]) => ({ name, status })),
    tokens: async () => {
      const text = await onConsole(
        'cp1',
        'kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o json',
      );
      const decode = (value = ''): string => Buffer.from(value, 'base64').toString();
      return Tokens.parse(JSON.parse(text)).items.map(({ data }) => ({
        id: decode(data['token-id']),
        description: decode(data['description']),
      }));
    },
    lentSecrets: () => leftoverSecrets(lab),
    isServing: async (host) => {
      const { stdout } = await lab.host(host).console(`curl -sk -m 5 https://${lab.host(host).address}:6443/readyz`);
      return stdout === 'ok';
    },
    ports: async (host) => {
      const open = new Set(
        (await onConsole(host, 'ss -Hltn'))
          .split('\n')
          .map((line) => Number(/:(\d+)$/.exec(line.trim().split(/\s+/)[3] ?? '')?.[1])),
      );
      return kubernetesPorts.filter((port) => open.has(port));
    },
    files: async (host, folder) =>
      (await onConsole(host, `find ${folder} -not -type d 2>/dev/null || true`))
        .split('\n')
        .filter((line) => line !== '')
        .toSorted(),
    read: async (host, path) => {
      const { code, stdout } = await lab.host(host).console(`cat ${path}`);
      return code === 0 ? stdout : undefined;
    },
  };
};
