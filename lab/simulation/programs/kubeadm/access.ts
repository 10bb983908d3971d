import { ApiError, callApi } from '../../kubernetes/client.js';
import type { Access } from '../../kubernetes/client.js';
import { readKubeconfig } from '../../kubernetes/kubeconfig.js';
import type { KubernetesObject, Resource } from '../../kubernetes/objects.js';
import { apiVersionOf } from '../../kubernetes/objects.js';
import type { Process } from '../../system/process.js';
import { CommandFailure } from './output.js';

export const adminConf = '/etc/kubernetes/admin.conf';

/** What a kubeconfig gives access to. @throws CommandFailure */
export const accessOf = (process: Process, path: string): Access => {
  const found = readKubeconfig(process.machine.files, path);
  if (found === undefined)
    throw new CommandFailure(`failed to load admin kubeconfig: open ${path}: no such file or directory`);
  return found;
};

/** Path of a collection, or of an object. */
export const pathOf = (resource: Resource, namespace: string | undefined, name?: string): string => {
  const root = resource.group === '' ? '/api/v1' : `/apis/${apiVersionOf(resource)}`;
  const within = resource.namespaced ? `/namespaces/${namespace ?? 'default'}` : '';
  return `${root}${within}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
};

/** Tries until it succeeds or the time is up, as kubeadm does with everything that it asks the API for. @throws CommandFailure */
export const persist = async <T>(
  process: Process,
  limitMs: number,
  what: string,
  work: () => Promise<T>,
): Promise<T> => {
  const deadline = Date.now() + limitMs * process.machine.world.timeScale;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const final = error.code === 401 || error.code === 403 || error.code === 404;
      if (final || Date.now() > deadline) throw new CommandFailure(`${what}: ${error.message}`);
    }
    await process.work(500);
  }
};

/** Creates an object, or replaces the one of that name. @throws ApiError */
export const createOrUpdate = async (
  process: Process,
  access: Access,
  resource: Resource,
  object: KubernetesObject,
): Promise<KubernetesObject> => {
  const { name, namespace } = object.metadata;
  const body = JSON.stringify(object);
  try {
    return JSON.parse(
      await callApi(process, access, 'POST', pathOf(resource, namespace), { body }),
    ) as KubernetesObject;
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    return JSON.parse(
      await callApi(process, access, 'PUT', pathOf(resource, namespace, name), { body }),
    ) as KubernetesObject;
  }
};

export const readObject = async (
  process: Process,
  access: Access,
  resource: Resource,
  name: string,
  namespace?: string,
): Promise<KubernetesObject> =>
  JSON.parse(await callApi(process, access, 'GET', pathOf(resource, namespace, name))) as KubernetesObject;
