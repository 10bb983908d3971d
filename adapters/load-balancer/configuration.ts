import { createHash } from 'node:crypto';
import { QuorateError } from '../../model/failures/failure.js';
import { parseAddress, urlHost } from '../../model/network-address.js';
import { stateFile } from './server-state.js';

/** First line of a configuration file that Quorate wrote. */
export const managedHeader = '# managed by quorate; changes by hand are lost';

export const configurationFile = '/etc/haproxy/haproxy.cfg';
export const runtimeSocket = '/run/haproxy/admin.sock';

/** An API server as the configuration file has it. */
export interface Server {
  readonly name: string;
  /** IP address without brackets. */
  readonly address: string;
  readonly port: number;
  /** No traffic after a start or a reload until it is enabled. */
  readonly disabled: boolean;
}

export interface Configuration {
  /** Whose endpoint it is: the file says so, and another cluster leaves it alone. */
  readonly cluster: string;
  /** Port that the endpoint listens on, on every address: one of them may be a virtual one that moves. */
  readonly port: number;
  readonly backend: string;
  /** Listen on IPv6 as well. HAProxy would not start with it where the kernel has no IPv6. */
  readonly ipv6: boolean;
  readonly servers: readonly Server[];
}

// 15 m and leastconn are what Kubespray uses; kubeadm's own example (docs/ha-considerations.md) has 35 s, which a watch
// survives only because client-go pings each 30 s. Dead peers are found by TCP keepalive and by the health checks.
const template = (
  revision: string,
  { cluster, port, backend, ipv6 }: Configuration,
  servers: readonly string[],
): string =>
  `${managedHeader}
# cluster ${cluster}
global
    description quorate ${revision}
    log /dev/log local0
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    stats socket ${runtimeSocket} mode 660 level admin expose-fd listeners
    stats timeout 30s
    # after a reload the old process keeps its connections this long
    hard-stop-after 30m
    # which servers are UP when a process begins; those that are not wait for their first check, which is at once
    server-state-file ${stateFile}
    max-spread-checks 10

defaults
    mode tcp
    log global
    load-server-state-from-file global
    option tcplog
    option dontlognull
    option clitcpka
    option srvtcpka
    option redispatch 1
    retries 3
    timeout connect 3s
    timeout queue 20s
    timeout client 15m
    timeout server 15m
    timeout check 3s

frontend endpoint
    bind ${ipv6 ? `:::${port} v4v6` : `:${port}`}
    default_backend ${backend}

backend ${backend}
    balance leastconn
    option httpchk GET /readyz
    http-check expect status 200
    default-server check check-ssl verify none inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${servers.map((line) => `    ${line}\n`).join('')}`;

const serverLine = ({ name, address, port, disabled }: Server): string =>
  `server ${name} ${urlHost(address)}:${port}${disabled ? ' disabled' : ''}`;

const byName = (a: Server, b: Server): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Names everything in a configuration but the states of its servers. A running HAProxy shows it (`description` of
 * `show info`), so a reload is due exactly when it shows another one.
 */
export const revisionOf = (configuration: Configuration): string => {
  const lines = configuration.servers.toSorted(byName).map((server) => serverLine({ ...server, disabled: false }));
  return createHash('sha256')
    .update(template('', configuration, lines))
    .digest('hex')
    .slice(0, 12);
};

/** What may stand in a configuration file as one word. */
const isPlainWord = (word: string): boolean => /^[A-Za-z0-9_.:-]+$/.test(word);

/**
 * The whole file.
 * @throws QuorateError InvalidSpecification for a name that HAProxy does not take, or an address that is none.
 */
export const renderConfiguration = (configuration: Configuration): string => {
  for (const { name, address } of configuration.servers) {
    if (isPlainWord(name) && parseAddress(address) !== undefined) continue;
    throw new QuorateError('InvalidSpecification', `HAProxy takes no server ${name} at ${address}`, {
      remedy: 'give the host a name of letters, digits, "-", "_", "." and an IP address in the specification',
    });
  }
  return template(revisionOf(configuration), configuration, configuration.servers.toSorted(byName).map(serverLine));
};

/** The cluster that a file of ours belongs to; undefined where it does not say. */
export const parseOwner = (text: string): string | undefined => /^# cluster (\S+)$/m.exec(text)?.[1];

/** The servers that a file of ours has, which is the record of what is registered. */
export const parseServers = (text: string): Server[] =>
  text.split('\n').flatMap((line) => {
    const [keyword, name, place = '', ...words] = line.trim().split(/\s+/);
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^[\]]+)):(\d+)$/.exec(place) ?? [];
    const address = bracketed ?? plain;
    if (keyword !== 'server' || name === undefined || address === undefined) return [];
    return [{ name, address, port: Number(port), disabled: words.includes('disabled') }];
  });
