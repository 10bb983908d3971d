import { secretShapes } from '../secret-patterns.js';

/** What a secret looks like, and what it is. */
const patterns: readonly (readonly [pattern: RegExp, what: string])[] = [
  // Not part of a DNS name or the name of an image.
  [new RegExp(`(?<![A-Za-z0-9.-])${secretShapes.bootstrapToken}(?![A-Za-z0-9.-])`, 'g'), 'a bootstrap token'],
  // A hash of a CA or an image is as long, but says so and is public.
  [new RegExp(`(?<![A-Za-z0-9])(?<!sha256:)${secretShapes.certificateKey}(?![A-Za-z0-9])`, 'g'), 'a certificate key'],
  [/PRIVATE KEY/g, 'a private key'],
  // "-----BEGIN [EC |RSA |OPENSSH ]PRIVATE KEY" in base64, as kubeconfigs carry it.
  [
    /LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFW|BFQyBQUklWQVRFIEtFW|BSU0EgUFJJVkFURSBLRV|BPUEVOU1NIIFBSSVZBVEUgS0VZ)/g,
    'a private key',
  ],
];

/** What kind of secret a text seems to hold; undefined when none. */
export const secretIn = (text: string): string | undefined =>
  patterns.find(([pattern]) => text.search(pattern) !== -1)?.[1];

/** The text with everything that looks like a secret taken out, for messages that quote what was written. */
export const withoutSecrets = (text: string): string =>
  patterns.reduce((rest, [pattern, what]) => rest.replaceAll(pattern, `[${what}]`), text);
