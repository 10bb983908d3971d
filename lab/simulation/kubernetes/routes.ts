import type { HttpRequest, HttpResponse } from '../network/service.js';
import { isAllowed } from './authentication.js';
import type { Attributes, User } from './authentication.js';
import type { Change, Kubernetes } from './kubernetes.js';
import { withStatus } from './node-status.js';
import { apiVersionOf, newObject, resources } from './objects.js';
import type { KubernetesObject, Resource } from './objects.js';
import type { Store } from './store.js';

export interface ApiCall {
  readonly request: HttpRequest;
  readonly user: User;
  readonly store: Store;
  readonly kubernetes: Kubernetes;
  readonly now: number;
}

interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
}

const json = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: `${JSON.stringify(body)}\n`,
});

export const statusResponse = (code: number, reason: string, message: string, details?: unknown): HttpResponse =>
  json(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: code < 400 ? 'Success' : 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });

const parseRoute = (path: string): Route | undefined => {
  const match =
    /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?(?:\/status|\/approval)?$/.exec(
      path,
    );
  if (match === null) return undefined;
  const [, group = '', namespace, plural = '', name] = match;
  const resource = resources.find((one) => one.group === group && one.plural === plural);
  if (resource === undefined) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
  };
};

const verbs: Readonly<Record<string, Attributes['verb']>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
};

const qualified = ({ plural, group }: Resource): string => (group === '' ? plural : `${plural}.${group}`);

const notFound = (resource: Resource, name: string): HttpResponse =>
  statusResponse(404, 'NotFound', `${qualified(resource)} "${name}" not found`, { name, kind: resource.plural });

const matchesSelectors = (object: KubernetesObject, query: URLSearchParams): boolean => {
  const terms = (query.get('fieldSelector') ?? '').split(',').filter((term) => term !== '');
  const labels = (query.get('labelSelector') ?? '').split(',').filter((term) => term !== '');
  const field = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  const holds = (term: string, value: (key: string) => unknown): boolean => {
    const [, key = '', operator = '', wanted = ''] = /^(.*?)(!?==?)(.*)$/.exec(term) ?? [];
    return (value(key) === wanted) === (operator !== '!=');
  };
  return (
    terms.every((term) => holds(term, field)) &&
    labels.every((term) =>
      term.includes('=') ? holds(term, (key) => object.metadata.labels?.[key]) : term in (object.metadata.labels ?? {}),
    )
  );
};

const shown = ({ kubernetes }: ApiCall, object: KubernetesObject): KubernetesObject => {
  if (object.kind === 'Node') return withStatus(kubernetes, object);
  return object;
};

/** Leases of the leaders are renewed all the time: made when they are asked for. */
const leaseOf = ({ kubernetes, now }: ApiCall, resource: Resource, name: string): KubernetesObject | undefined => {
  const election = [kubernetes.controllerManager, kubernetes.scheduler].find((one) => one.name === name);
  if (election?.holder === undefined) return undefined;
  const { holder, acquiredAt, renewedAt, transitions } = election;
  const time = (at: number): string => new Date(at + holder.machine.clockOffsetMs).toISOString().replace('Z', '000Z');
  const lease = newObject(resource, name, 'kube-system', now, {
    spec: {
      holderIdentity: holder.identity,
      leaseDurationSeconds: 15,
      acquireTime: time(acquiredAt),
      renewTime: time(renewedAt),
      leaseTransitions: transitions - 1,
    },
  });
  lease.metadata.resourceVersion = String(kubernetes.etcd.revision);
  return lease;
};

/** A merge patch, also the strategic one as far as objects are maps. */
const merge = (under: unknown, over: unknown): unknown => {
  if (typeof over !== 'object' || over === null || Array.isArray(over)) return over;
  const result: Record<string, unknown> = { ...(under as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
};

const find = (call: ApiCall, { resource, namespace, name = '' }: Route): KubernetesObject | undefined => {
  if (resource.plural === 'leases') return leaseOf(call, resource, name) ?? call.store.get(resource, name, namespace);
  return call.store.get(resource, name, namespace);
};

const read = (call: ApiCall, route: Route, query: URLSearchParams): HttpResponse => {
  const { resource, namespace, name } = route;
  if (resource.plural === 'secrets' && call.kubernetes.controllerManager.leader !== undefined)
    call.kubernetes.controllers.cleanTokens(call.store, call.now);
  if (name !== undefined) {
    const object = find(call, route);
    return object === undefined ? notFound(resource, name) : json(200, shown(call, object));
  }
  const items = call.store.list(resource, namespace).filter((object) => matchesSelectors(object, query));
  return json(200, {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(call.store.cluster.revision) },
    // The list says of what kind they are.
    items: items.map((object) => {
      const { apiVersion: _version, kind: _kind, ...item } = shown(call, object);
      return item;
    }),
  });
};

const changeOf = ({ request: { by } }: ApiCall, verb: Change['verb']): Change => ({
  verb,
  ...(by === undefined ? {} : { by }),
});

/** Admission plug-in NodeRestriction: a kubelet writes no Node but its own. */
const refuseOtherNode = ({ user }: ApiCall, resource: Resource, name: string): HttpResponse | undefined => {
  if (resource.plural !== 'nodes' || !user.groups.includes('system:nodes')) return undefined;
  const own = user.name.replace(/^system:node:/, '');
  return own === name
    ? undefined
    : statusResponse(
        403,
        'Forbidden',
        `nodes "${name}" is forbidden: node "${own}" is not allowed to modify node "${name}"`,
        { name, kind: resource.plural },
      );
};

const create = (call: ApiCall, { resource, namespace }: Route): HttpResponse => {
  const given = JSON.parse(call.request.body) as KubernetesObject;
  const name = given.metadata.name;
  const refused = refuseOtherNode(call, resource, name);
  if (refused !== undefined) return refused;
  if (call.store.get(resource, name, namespace) !== undefined)
    return statusResponse(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, {
      name,
      kind: resource.plural,
    });
  const { metadata } = newObject(resource, name, namespace, call.now);
  const requester =
    resource.plural === 'certificatesigningrequests' ? { username: call.user.name, groups: call.user.groups } : {};
  const stored = call.store.put(resource, {
    ...given,
    metadata: {
      ...given.metadata,
      ...metadata,
      ...(given.metadata.labels === undefined ? {} : { labels: { ...given.metadata.labels } }),
    },
    ...(Object.keys(requester).length === 0 ? {} : { spec: { ...given.spec, ...requester } }),
  });
  call.kubernetes.changed(call.store, resource, stored, changeOf(call, 'create'));
  return json(201, stored);
};

const update = (call: ApiCall, route: Route): HttpResponse => {
  const { resource, namespace, name = '' } = route;
  const refused = refuseOtherNode(call, resource, name);
  if (refused !== undefined) return refused;
  const now = call.store.get(resource, name, namespace);
  const given = JSON.parse(call.request.body) as KubernetesObject;
  if (now === undefined) return call.request.method === 'PUT' ? create(call, route) : notFound(resource, name);
  const version =
    call.request.method === 'PATCH'
      ? (given.metadata as Partial<typeof given.metadata> | undefined)?.resourceVersion
      : undefined;
  if (version !== undefined && version !== now.metadata.resourceVersion)
    return statusResponse(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${qualified(resource)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
      { name, kind: resource.plural },
    );
  const next = call.request.method === 'PATCH' ? (merge(now, given) as KubernetesObject) : given;
  const stored = call.store.put(resource, {
    ...next,
    metadata: {
      ...next.metadata,
      uid: now.metadata.uid,
      creationTimestamp: now.metadata.creationTimestamp,
    } as KubernetesObject['metadata'],
  });
  call.kubernetes.changed(call.store, resource, stored, changeOf(call, 'update'));
  return json(200, shown(call, stored));
};

const remove = (call: ApiCall, { resource, namespace, name = '' }: Route): HttpResponse => {
  const now = call.store.get(resource, name, namespace);
  if (now === undefined) return notFound(resource, name);
  const options =
    call.request.body.trim() === ''
      ? {}
      : (JSON.parse(call.request.body) as { preconditions?: { uid?: string; resourceVersion?: string } });
  const version = options.preconditions?.resourceVersion;
  const wanted = options.preconditions?.uid;
  if (wanted !== undefined && wanted !== now.metadata.uid) {
    const message = `Operation cannot be fulfilled on ${resource.kind} "${name}": the UID in the precondition (${wanted}) does not match the UID in record (${now.metadata.uid}). The object might have been deleted and then recreated`;
    return statusResponse(409, 'Conflict', message, { name, kind: resource.plural });
  }
  if (version !== undefined && version !== now.metadata.resourceVersion) {
    const message = `Operation cannot be fulfilled on ${resource.kind} "${name}": the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${now.metadata.resourceVersion}). The object might have been modified`;
    return statusResponse(409, 'Conflict', message, { name, kind: resource.plural });
  }
  call.store.delete(resource, name, namespace);
  call.kubernetes.changed(call.store, resource, now, changeOf(call, 'delete'));
  return json(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, kind: resource.plural, uid: now.metadata.uid },
  });
};

const forbidden = ({ user }: ApiCall, { resource, namespace, name }: Route, verb: string): HttpResponse => {
  const where = resource.namespaced
    ? `in API group "${resource.group}" in the namespace "${namespace ?? ''}"`
    : `in API group "${resource.group}" at the cluster scope`;
  return statusResponse(
    403,
    'Forbidden',
    `${qualified(resource)}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user.name}" cannot ${verb} resource "${resource.plural}" ${where}`,
    { name, kind: resource.plural },
  );
};

/** Answers a request to the API. @throws EtcdError */
export const serve = (call: ApiCall): HttpResponse => {
  const [path = '', search = ''] = call.request.path.split('?');
  const route = parseRoute(path);
  if (route === undefined) return statusResponse(404, 'NotFound', 'the server could not find the requested resource');
  const verb = verbs[call.request.method] ?? (route.name === undefined ? 'list' : 'get');
  const { resource, ...where } = route;
  if (!isAllowed(call.user, { verb, resource: resource.plural, ...where }, call.store))
    return forbidden(call, route, verb);
  switch (verb) {
    case 'create':
      return create(call, route);
    case 'update':
      return update(call, route);
    case 'delete':
      return remove(call, route);
    default:
      return read(call, route, new URLSearchParams(search));
  }
};
