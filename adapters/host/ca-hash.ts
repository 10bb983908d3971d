import { createHash, X509Certificate } from 'node:crypto';

/**
 * `sha256:<hex>` of the public key (SPKI, DER) of the first certificate in a PEM text, as kubeadm's `caCertHashes`
 * and `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum` compute it; undefined when the text holds none.
 */
export const caHashOfPem = (pem: string): string | undefined => {
  try {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    return `sha256:${createHash('sha256').update(key).digest('hex')}`;
  } catch {
    return undefined;
  }
};
