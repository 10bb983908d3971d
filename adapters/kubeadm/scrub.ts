/**
 * Blots out what may be a bootstrap token or a certificate key in kubeadm's output, whoever printed it.
 * Hashes (`sha256:...`) stay. kubeadm prints none of them with Quorate's flags; this is the second lock on that door.
 */
export const scrub = (text: string): string =>
  text
    .replaceAll(/\b([a-z0-9]{6})\.[a-z0-9]{16}\b/g, '$1.[redacted]')
    .replaceAll(/(?<!sha256:)\b[0-9a-f]{64}\b/g, '[redacted]');
