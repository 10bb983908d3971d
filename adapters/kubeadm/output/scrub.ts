import { secretPatterns } from '../../../model/secret-patterns.js';

/**
 * Blots out what may be a bootstrap token or a certificate key in kubeadm's output, whoever printed it.
 * Hashes (`sha256:...`) stay. kubeadm prints none of them with Quorate's flags; this is the second lock on that door.
 */
export const scrub = (text: string): string =>
  text
    .replaceAll(secretPatterns.bootstrapToken, '$1.[redacted]')
    .replaceAll(secretPatterns.certificateKey, '[redacted]');
