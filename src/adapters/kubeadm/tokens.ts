/** Description of a bootstrap token that an operation made: how its tokens are found again. */
export const tokenDescription = (operation: string): string => `quorate ${operation}`;

/** The operation that a token's description names; undefined for a token of somebody else. */
export const operationOfToken = (description: string): string | undefined =>
  description.startsWith('quorate ') ? description.slice('quorate '.length) : undefined;

/** Description that kubeadm gives the token whose end is the end of the Secret kubeadm-certs, which it owns. */
export const sharedCertificatesDescription = 'Proxy for managing TTL for the kubeadm-certs secret';
