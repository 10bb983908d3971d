import { apiServerOf } from '../../model/control-plane.js';
import { quote } from '../ssh/quote.js';

const adminConf = '/etc/kubernetes/admin.conf';

/** Exists on a host that has at least begun to be a control-plane host; proves nothing more. */
export const adminConfFile = adminConf;

/**
 * The words that begin a kubectl command on a control-plane host: with the host's own admin.conf and against the
 * host's own API server, so that it works when the endpoint does not. The API server's certificate names the
 * advertised address, not 127.0.0.1.
 */
export const kubectl = (address: string, timeoutSeconds = 10): string =>
  `kubectl --kubeconfig ${adminConf} --server ${quote(`https://${apiServerOf(address)}`)} --request-timeout=${timeoutSeconds}s`;

const unavailable =
  /connection refused|EOF|i\/o timeout|TLS handshake timeout|context deadline exceeded|no route to host|connection reset|Service Unavailable|ServiceUnavailable|the server is currently unable|etcdserver: |timed out waiting|Client\.Timeout|request timed out|http2: client connection/i;

/** Whether kubectl's message says that the API server could not be reached or could not serve, so that trying again makes sense. */
export const saysUnavailable = (stderr: string): boolean => unavailable.test(stderr);
