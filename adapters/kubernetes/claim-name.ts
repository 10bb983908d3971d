import { z } from 'zod';
import { nameConfigMap } from '../../model/cluster-name.js';
import { QuorateError } from '../../model/failures/failure.js';
import { parseJson } from '../script/parse-json.js';
import type { Host } from '../ssh/types.js';
import { apiGet } from './api-get.js';
import { kubectl } from './kubectl.js';
import { runKubectl } from './run-kubectl.js';

const { namespace, name, key } = nameConfigMap;

const ConfigMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Writes into a cluster under which name it is managed, unless that is there already: the API server takes only the first
 * ConfigMap of a name, so that two who claim the cluster at the same time both learn whose it is.
 * @param address of the control-plane host that is asked
 * @returns the name that the cluster has now
 * @throws QuorateError ApiUnavailable, CommandFailed, Unreachable
 */
export const claimName = async (host: Host, address: string, cluster: string): Promise<string> => {
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, labels: { 'app.kubernetes.io/managed-by': 'quorate' } },
    data: { [key]: cluster },
  };
  try {
    await runKubectl(host, `claiming the cluster for ${cluster}`, `${kubectl(address)} create -f -`, {
      stdin: JSON.stringify(configMap),
    });
  } catch (error) {
    const said = error instanceof QuorateError ? error.details.evidence.join('\n') : '';
    if (!/\(AlreadyExists\)|already exists/.test(said)) throw error;
  }
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const [answer] = await apiGet(host, address, 'reading whose the cluster is', [path]);
  const found = answer?.status === 200 ? parseJson(ConfigMap, answer.body, `GET ${path}`, host).data[key] : undefined;
  if (found !== undefined) return found;
  throw new QuorateError('CommandFailed', `ConfigMap ${namespace}/${name} on ${host.name} has no ${key}`, {
    host: host.name,
    remedy: `delete it (\`kubectl -n ${namespace} delete configmap ${name}\`) when nobody else uses that name, then retry`,
  });
};
