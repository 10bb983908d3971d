import { QuorateError } from '../../../model/failures/failure.js';
import type { HostPlace, ResolvedHost } from '../config/client-config.js';
import type { Usage } from './connections.js';
import type { Identities } from '../identity/identity.js';

/** What the SSH library adds to its errors. */
export interface SshError extends Error {
  readonly level?: string;
  readonly code?: string | number;
}

/** Connecting to several addresses fails with an AggregateError that has a code but no message. */
export const messageOf = (error: SshError): string => {
  if (error.message !== '') return error.message;
  if (error instanceof AggregateError) return error.errors.map((each: unknown) => String(each)).join('; ');
  return String(error.code ?? error.name);
};

const place = (host: HostPlace): string =>
  host.hostName === host.name && host.port === 22 ? host.name : `${host.name} (${host.hostName}:${host.port})`;

const files = (host: HostPlace): string => host.configFiles.join(' or ');

/** No connection, perhaps later: retried. */
export const unreachable = (host: HostPlace, why: string, cause?: unknown): QuorateError =>
  new QuorateError('Unreachable', `no SSH connection to ${place(host)}: ${why}`, {
    host: host.name,
    remedy: `see that the host is up and that \`ssh ${host.name} true\` works from this machine; the configuration is in ${files(host)}`,
    ...(cause === undefined ? {} : { cause }),
  });

/** Connected, but no session for a command before its deadline: nothing was started. */
export const noSession = (host: HostPlace, { connections, commands, abandoned }: Usage): QuorateError => {
  const held = [
    ...(commands > 0 ? [`${commands} commands that run`] : []),
    ...(abandoned > 0 ? [`${abandoned} commands that were given up and still run there`] : []),
  ];
  const why =
    held.length === 0
      ? 'it refuses every session'
      : `no session was free before the deadline of the command: ${held.join(' and ')} hold its ${connections} connections`;
  return new QuorateError('Unreachable', `${place(host)} runs no command: ${why}`, {
    host: host.name,
    remedy: `see what hangs on ${host.name} (\`ps -ef\`) and end it, or raise MaxSessions in its /etc/ssh/sshd_config`,
  });
};

const unknownHost = (host: ResolvedHost, cause: unknown): QuorateError =>
  new QuorateError(
    'UnknownHost',
    host.hostNameConfigured
      ? `host ${host.name}: its HostName ${host.hostName} does not resolve`
      : `host ${host.name} is not in the SSH configuration and its name does not resolve`,
    {
      host: host.name,
      remedy: host.hostNameConfigured
        ? `correct HostName of "Host ${host.name}" in ${files(host)}`
        : `add "Host ${host.name}" with a HostName to ${host.configFile}, or correct the name in the specification`,
      cause,
    },
  );

/** sshd's words when it closes the connection after MaxAuthTries keys that were not the right one. */
const tooMany = /too many authentication failures/i;

const authenticationFailed = (host: ResolvedHost, identities: Identities, cause: SshError): QuorateError => {
  const needAgent =
    identities.encrypted.length > 0 && host.identityAgent === undefined
      ? `; a key with a passphrase needs an SSH agent: start one, \`ssh-add ${identities.encrypted[0]}\`, and set SSH_AUTH_SOCK for this process`
      : '';
  const fewer = tooMany.test(cause.message)
    ? `; it takes only so many keys (MaxAuthTries of its sshd): name the right one with IdentityFile, its public half is enough for a key of the agent, and set IdentitiesOnly yes`
    : '';
  const closed = identities.unprotected.length > 0 ? `\`chmod 600 ${identities.unprotected.join(' ')}\`, or ` : '';
  return new QuorateError(
    'AuthenticationFailed',
    `${place(host)} refuses the login as ${host.user}: ${messageOf(cause)}`,
    {
      host: host.name,
      remedy: `${closed}add the public key to authorized_keys of ${host.user} on ${host.name}, or set User and IdentityFile of "Host ${host.name}" in ${files(host)}${needAgent}${fewer}`,
      evidence: identities.notes,
      cause,
    },
  );
};

/**
 * A name server that cannot be asked (EAI_AGAIN) is an outage for a name that somebody configured or that has a domain;
 * a bare word that no file knows is far more likely a mistake.
 */
const isUnknownName = (host: ResolvedHost, code: string | number | undefined): boolean =>
  code === 'ENOTFOUND' || (code === 'EAI_AGAIN' && !host.hostNameConfigured && !host.hostName.includes('.'));

/** The typed error of a connection that could not be made. */
export const connectFailure = (host: ResolvedHost, identities: Identities, error: SshError): QuorateError => {
  if (isUnknownName(host, error.code)) return unknownHost(host, error);
  if (error.level === 'client-authentication' || tooMany.test(error.message)) {
    return authenticationFailed(host, identities, error);
  }
  if (/no matching .* (algorithm|format|cipher|MAC)/i.test(error.message)) {
    return new QuorateError(
      'HostUnsuitable',
      `${place(host)} offers no SSH algorithm that is accepted: ${error.message}`,
      {
        host: host.name,
        remedy: `allow a current algorithm in /etc/ssh/sshd_config of ${host.name} (an ed25519 host key, curve25519-sha256, aes128-gcm@openssh.com)${host.algorithms.said.length === 0 ? '' : ', or one that it offers in the lines of the SSH configuration that follow'}`,
        evidence: host.algorithms.said,
        cause: error,
      },
    );
  }
  return unreachable(host, messageOf(error), error);
};
