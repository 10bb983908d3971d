/** What secrets look like, without what may stand before and after them. */
export const secretShapes = {
  /** Of Kubernetes: the part before the dot is an id and no secret. */
  bootstrapToken: '([a-z0-9]{6})\\.[a-z0-9]{16}',
  /** Of `kubeadm init phase upload-certs`. */
  certificateKey: '[0-9a-f]{64}',
} as const;

/** The prefix of a secret that signs webhooks, https://www.standardwebhooks.com. */
export const webhookSecretPrefix = 'whsec_';

/** The prefix of a token of the HTTP API: log redaction and secret scanners know one by it. */
export const apiTokenPrefix = 'quorate_';

/** Secrets wherever they turn up in a text that somebody else wrote, such as the output of a program. */
export const secretPatterns = {
  bootstrapToken: new RegExp(`\\b${secretShapes.bootstrapToken}\\b`, 'g'),
  // A hash of a CA or an image is 64 hex digits, too, but stands behind `sha256:`.
  certificateKey: new RegExp(`(?<!sha256:|[0-9a-f])${secretShapes.certificateKey}(?![0-9a-f])`, 'g'),
  privateKey: /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs,
  webhookSecret: new RegExp(`\\b${webhookSecretPrefix}[A-Za-z0-9+/=]+`, 'g'),
  apiToken: new RegExp(`\\b${apiTokenPrefix}[A-Za-z0-9_-]{43}`, 'g'),
} as const;

/** Whether the whole text is a bootstrap token. */
export const isBootstrapToken = (text: string): boolean => new RegExp(`^${secretShapes.bootstrapToken}$`).test(text);
