import { createHash } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import { webhookSecretPrefix } from '../../model/secret-patterns.js';

/** Bytes of a secret that the Standard Webhooks specification allows. */
const secretBytes = { least: 24, most: 64 };

/** Why a text is no secret to sign with, without showing it; undefined when it is one. */
export const secretProblem = (text: string): string | undefined => {
  if (!text.startsWith(webhookSecretPrefix)) return `does not begin with ${webhookSecretPrefix}`;
  const encoded = text.slice(webhookSecretPrefix.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node skips what is no base64; what was skipped is missing when it is written again.
  if (bytes.toString('base64') !== encoded) return `is not ${webhookSecretPrefix} and base64`;
  const { least, most } = secretBytes;
  return bytes.length < least || bytes.length > most
    ? `is of ${bytes.length} bytes, not ${least} to ${most}`
    : undefined;
};

/**
 * The header webhook-id of an event. The ids of events hold slashes, colons and full stops; the specification allows no
 * full stop, as one divides what is signed. The same event always has the same id.
 */
export const webhookId = (eventId: string): string =>
  `evt_${createHash('sha256').update(eventId).digest('hex').slice(0, 32)}`;

/**
 * Headers of one attempt after the Standard Webhooks specification, with a signature for each secret: two while one
 * replaces the other.
 */
export const signedHeaders = (
  { eventId, body, at }: { readonly eventId: string; readonly body: string; readonly at: Date },
  secrets: readonly string[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> => {
  const id = webhookId(eventId);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, at, body)).join(' '),
  };
};
