import type { Site } from './site.js';

/** Runs a script on a host's console. @throws Error when it fails */
export const onConsole = async (site: Site, host: string, script: string, stdin?: string): Promise<string> => {
  const { code, stdout, stderr } = await site.host(host).console(script, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`${host}: ${script}\nended with ${code}: ${stderr}${stdout}`);
  return stdout;
};

/** kubectl on a control-plane host, at its own API server. */
export const kubectl = (site: Site, host: string, args: string): Promise<string> =>
  onConsole(
    site,
    host,
    `kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://${site.host(host).address}:6443 ${args}`,
  );

const pki = '/etc/kubernetes/pki/etcd';

/** etcdctl on a control-plane host, at its own etcd. */
export const etcdctl = (site: Site, host: string, args: string): Promise<string> =>
  onConsole(
    site,
    host,
    `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key ${args}`,
  );

/** Writes a file on a host, and the folders above it. */
export const write = async (site: Site, host: string, path: string, content: string): Promise<void> => {
  await onConsole(site, host, `mkdir -p ${path.replace(/\/[^/]*$/, '')} && cat > ${path}`, content);
};

/** Kills, with SIGKILL, all processes of the units whose name begins so. */
export const killUnits = (site: Site, host: string, prefix: string): Promise<string> =>
  onConsole(site, host, `systemctl kill -s KILL '${prefix}*'`);
