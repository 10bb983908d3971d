import { parseAllDocuments, stringify } from 'yaml';
import { joinPath } from '../../files/file-system.js';
import { ApiError, callApi } from '../../kubernetes/client.js';
import type { Access } from '../../kubernetes/client.js';
import { readKubeconfig } from '../../kubernetes/kubeconfig.js';
import { apiVersionOf, findResource, resourceOfKind } from '../../kubernetes/objects.js';
import type { KubernetesObject, Resource } from '../../kubernetes/objects.js';
import type { Process, Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import type { Options } from '../../text/input.js';
import { pathOf } from '../kubeadm/access.js';
import { renderGoTemplate } from './go-template.js';
import { renderJsonPath } from './json-path.js';

const withValue = [
  'kubeconfig',
  'server',
  'request-timeout',
  'namespace',
  'output',
  'field-selector',
  'selector',
  'raw',
  'filename',
  'as',
  'tls-server-name',
  'context',
  'cluster',
  'type',
  'patch',
  'timeout',
  'for',
  'resource-version',
];

class KubectlError extends Error {
  override readonly name = 'KubectlError';
}

interface Call {
  readonly process: Process;
  readonly options: Options;
  readonly access: Access;
  readonly namespace: string;
  readonly timeoutMs: number;
}

const value = ({ values }: Options, ...names: readonly string[]): string | undefined =>
  names.map((name) => values.get(name)).find((one) => one !== undefined);

const prepare = (process: Process, options: Options): Call => {
  const path =
    value(options, 'kubeconfig') ??
    process.environment.get('KUBECONFIG') ??
    `${process.environment.get('HOME') ?? '/root'}/.kube/config`;
  const found = readKubeconfig(process.machine.files, joinPath(process.directory, path));
  if (found === undefined && value(options, 'kubeconfig') !== undefined)
    throw new KubectlError(`error: stat ${path}: no such file or directory`);
  const server = value(options, 'server', 's') ?? found?.server ?? 'http://localhost:8080';
  const timeout = /^(\d+)s?$/.exec(value(options, 'request-timeout') ?? '')?.[1];
  return {
    process,
    options,
    access: { ...found, ca: found?.ca ?? '', server },
    namespace: value(options, 'namespace', 'n') ?? found?.namespace ?? 'default',
    timeoutMs: timeout === undefined || timeout === '0' ? 32_000 : Number(timeout) * 1000,
  };
};

const call = (of: Call, method: string, path: string, body?: string): Promise<string> =>
  callApi(of.process, of.access, method, path, { timeoutMs: of.timeoutMs, ...(body === undefined ? {} : { body }) });

const resourceOf = (name: string): Resource => {
  const found = findResource(name.toLowerCase());
  if (found === undefined) throw new KubectlError(`error: the server doesn't have a resource type "${name}"`);
  return found;
};

/** `nodes cp1 cp2`, `node/cp1`: the resource and names. */
const targets = (operands: readonly string[]): { readonly resource: Resource; readonly names: readonly string[] } => {
  const [first = '', ...names] = operands;
  const slash = first.indexOf('/');
  if (slash === -1) return { resource: resourceOf(first), names };
  return {
    resource: resourceOf(first.slice(0, slash)),
    names: [first.slice(slash + 1), ...names.map((name) => name.replace(/^.*\//, ''))],
  };
};

const query = (options: Options): string => {
  const field = value(options, 'field-selector');
  const label = value(options, 'selector', 'l');
  const terms = [
    ...(field === undefined ? [] : [['fieldSelector', field]]),
    ...(label === undefined ? [] : [['labelSelector', label]]),
  ] as [string, string][];
  return terms.length === 0 ? '' : `?${new URLSearchParams(terms).toString()}`;
};

const ready = (object: KubernetesObject): string => {
  const conditions = (object.status?.['conditions'] ?? []) as readonly { type: string; status: string }[];
  const found = conditions.find(({ type }) => type === 'Ready');
  return found === undefined ? '' : found.status === 'True' ? 'Ready' : 'NotReady';
};

const print = (of: Call, object: KubernetesObject, isList: boolean): void => {
  const output = value(of.options, 'output', 'o') ?? '';
  const items = isList ? (object as unknown as { items: KubernetesObject[] }).items : [object];
  const { process } = of;
  if (output === 'json') process.print(`${JSON.stringify(object, undefined, 4)}\n`);
  else if (output === 'yaml') process.print(stringify(object, { lineWidth: 0 }));
  else if (output === 'name')
    process.print(
      items.map((item) => `${resourceOfKind(item.kind)?.kind.toLowerCase() ?? ''}/${item.metadata.name}\n`).join(''),
    );
  else if (output.startsWith('jsonpath=')) process.print(renderJsonPath(output.slice(9), object));
  else if (output.startsWith('go-template=')) process.print(renderGoTemplate(output.slice(12), object));
  else {
    if (items.length === 0) return process.complain('No resources found\n');
    if (!of.options.flags.has('no-headers')) process.print(`NAME   STATUS\n`);
    for (const item of items) process.print(`${item.metadata.name}   ${ready(item)}\n`);
  }
};

const get = async (of: Call): Promise<number> => {
  const raw = value(of.options, 'raw');
  if (raw !== undefined) {
    of.process.print(await call(of, 'GET', raw));
    return 0;
  }
  const { resource, names } = targets(of.options.operands.slice(1));
  const everywhere = of.options.flags.has('A') || of.options.flags.has('all-namespaces');
  const [name] = names;
  try {
    if (name !== undefined) {
      print(of, JSON.parse(await call(of, 'GET', pathOf(resource, of.namespace, name))) as KubernetesObject, false);
      return 0;
    }
    const root = resource.group === '' ? '/api/v1' : `/apis/${apiVersionOf(resource)}`;
    const path = everywhere ? `${root}/${resource.plural}` : pathOf(resource, of.namespace);
    print(of, JSON.parse(await call(of, 'GET', path + query(of.options))) as KubernetesObject, true);
    return 0;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404 && of.options.flags.has('ignore-not-found')) return 0;
    throw error;
  }
};

const readFile = async (of: Call): Promise<string> => {
  const path = value(of.options, 'filename', 'f') ?? '-';
  return path === '-' ? of.process.readAll() : of.process.machine.files.read(joinPath(of.process.directory, path));
};

const remove = async (of: Call): Promise<number> => {
  const raw = value(of.options, 'raw');
  if (raw !== undefined) {
    const body = value(of.options, 'filename', 'f') === undefined ? undefined : await readFile(of);
    of.process.print(`${await call(of, 'DELETE', raw, body)}\n`);
    return 0;
  }
  const { resource, names } = targets(of.options.operands.slice(1));
  let failed: unknown;
  for (const name of names) {
    try {
      await call(of, 'DELETE', pathOf(resource, of.namespace, name));
      of.process.print(`${resource.kind.toLowerCase()} "${name}" deleted\n`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== 404 || !of.options.flags.has('ignore-not-found')) failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return 0;
};

const patch = (of: Call, resource: Resource, name: string, body: unknown): Promise<string> =>
  call(of, 'PATCH', pathOf(resource, of.namespace, name), JSON.stringify(body));

const label = async (of: Call): Promise<number> => {
  const [, kind = '', ...words] = of.options.operands;
  const isPair = (word: string): boolean => word.includes('=') || word.endsWith('-');
  const labels = Object.fromEntries(
    words
      .filter(isPair)
      .map((pair) =>
        pair.endsWith('-') && !pair.includes('=')
          ? [pair.slice(0, -1), null]
          : [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)],
      ),
  );
  const resource = resourceOf(kind);
  const resourceVersion = value(of.options, 'resource-version');
  for (const name of words.filter((word) => !isPair(word))) {
    await patch(of, resource, name, {
      metadata: { labels, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    });
    of.process.print(`${resource.kind.toLowerCase()}/${name} labeled\n`);
  }
  return 0;
};

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

const taint = async (of: Call): Promise<number> => {
  const [, kind = '', name = '', ...given] = of.options.operands;
  const resource = resourceOf(kind);
  const node = JSON.parse(await call(of, 'GET', pathOf(resource, undefined, name))) as KubernetesObject;
  let taints = (node.spec?.['taints'] ?? []) as readonly Taint[];
  for (const text of given) {
    const [, key = '', text2 = '', effect = ''] = /^([^=:]+)(?:=([^:]*))?:([^-]+)-?$/.exec(text) ?? [];
    taints = taints.filter((one) => one.key !== key || one.effect !== effect);
    if (!text.endsWith('-')) taints = [...taints, { key, ...(text2 === '' ? {} : { value: text2 }), effect }];
  }
  await patch(of, resource, name, { spec: { taints } });
  of.process.print(`node/${name} tainted\n`);
  return 0;
};

const write = async (of: Call, replaces: boolean): Promise<number> => {
  for (const document of parseAllDocuments(await readFile(of))) {
    const object = document.toJS() as KubernetesObject | null;
    if (object === null) continue;
    const resource = resourceOfKind(object.kind);
    if (resource === undefined)
      throw new KubectlError(
        `error: resource mapping not found for name: "${object.metadata.name}" namespace: "" from "STDIN": no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
      );
    const namespace = object.metadata.namespace ?? of.namespace;
    const label2 = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}/${object.metadata.name}`;
    try {
      await call(of, 'POST', pathOf(resource, namespace), JSON.stringify(object));
      of.process.print(`${label2.replace(/s\b/, '')} created\n`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
      if (!replaces)
        throw new KubectlError(`Error from server (AlreadyExists): error when creating "STDIN": ${error.message}`);
      await call(of, 'PATCH', pathOf(resource, namespace, object.metadata.name), JSON.stringify(object));
      of.process.print(`${label2.replace(/s\b/, '')} configured\n`);
    }
  }
  return 0;
};

const commands: Readonly<Record<string, (of: Call) => Promise<number>>> = {
  get,
  delete: remove,
  label,
  taint,
  apply: (of) => write(of, true),
  create: (of) => write(of, false),
  patch: async (of) => {
    const { resource, names } = targets(of.options.operands.slice(1));
    await call(of, 'PATCH', pathOf(resource, of.namespace, names[0] ?? ''), value(of.options, 'patch', 'p') ?? '{}');
    return 0;
  },
};

/** kubectl, as far as scripts use it. */
export const kubectl: Program = async (process, args) => {
  const options = parseOptions(args, 'nofslp', withValue);
  const [command = ''] = options.operands;
  if (command === 'version' && options.flags.has('client')) {
    process.print(`Client Version: ${process.machine.kubernetesVersion}\nKustomize Version: v5.8.1\n`);
    return 0;
  }
  try {
    const run = commands[command];
    if (run === undefined) throw new KubectlError(`error: unknown command "${command}" for "kubectl"`);
    return await run(prepare(process, options));
  } catch (error) {
    if (error instanceof KubectlError) process.complain(`${error.message}\n`);
    else if (error instanceof ApiError) process.complain(`${explain(process, error, args)}\n`);
    else throw error;
    return 1;
  }
};

/** Without an answer kubectl asks several times which kinds there are. */
const discoveryErrors = ({ machine, pid }: Process, { message }: ApiError): string => {
  const at = new Date(machine.now()).toISOString();
  const said = message.replace(/^\w+ "(https:\/\/[^/]+)[^"]*"/, 'Get \\"$1/api?timeout=32s\\"');
  return `E${at.slice(5, 7)}${at.slice(8, 10)} ${at.slice(11, 23)}000 ${String(pid).padStart(7)} memcache.go:381] "Couldn't get current server API group list" err="${said}"\n`.repeat(
    5,
  );
};

const explain = (process: Process, error: ApiError, args: readonly string[]): string => {
  if (error.code === 401) return 'error: You must be logged in to the server (Unauthorized)';
  if (error.reason !== undefined) return `Error from server (${error.reason}): ${error.message}`;
  const refused = /dial tcp (\S+): connect: connection refused/.exec(error.message);
  if (refused !== null && !args.includes('--raw'))
    return `${discoveryErrors(process, error)}The connection to the server ${refused[1]?.replace(/:$/, '')} was refused - did you specify the right host or port?`;
  return /context deadline exceeded/.test(error.message)
    ? `Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)`
    : `Unable to connect to the server: ${error.message.replace(/^\w+ "[^"]*": /, '')}`;
};
