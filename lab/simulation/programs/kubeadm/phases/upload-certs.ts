import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Access } from '../../../kubernetes/client.js';
import { ApiError } from '../../../kubernetes/client.js';
import { decode, encode, newObject, timestamp } from '../../../kubernetes/objects.js';
import { resourceNamed, secrets } from '../../../kubernetes/store.js';
import type { Process } from '../../../system/process.js';
import { createOrUpdate, pathOf, persist, readObject } from '../access.js';
import { CommandFailure, say } from '../output.js';
import { pkiFolder, sharedFiles } from './pki.js';
import { createToken, newToken } from '../token.js';

const secretName = 'kubeadm-certs';
const lifeMs = 2 * 3_600_000;
const apiMs = 60_000;
const ownerDescription = 'Proxy for managing TTL for the kubeadm-certs secret';

const seal = (text: string, key: Buffer): string => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, 'latin1'), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('latin1');
};

const unseal = (text: string, key: Buffer): string => {
  const sealed = Buffer.from(text, 'latin1');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('latin1');
};

const keyOf = (hex: string): Buffer => {
  if (!/^([0-9a-f]{2})+$/i.test(hex))
    throw new CommandFailure(`error decoding certificate key: encoding/hex: invalid byte: U+0067 'g'`);
  return Buffer.from(hex, 'hex');
};

/** Phase `upload-certs`: the shared certificates under a key, in a Secret that a short-lived token owns. @throws CommandFailure */
export const uploadCerts = async (
  process: Process,
  access: Access,
  certificateKey: string,
  { printKey, verbosity }: { readonly printKey: boolean; readonly verbosity: number },
): Promise<void> => {
  const { files } = process.machine;
  say(process, '[upload-certs] Storing the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace');
  const key = keyOf(certificateKey);
  const data: Record<string, string> = {};
  for (const [name, { path }] of Object.entries(sharedFiles)) {
    const text = files.readIfThere(path);
    if (text === undefined)
      throw new CommandFailure(
        `error uploading certs: error getting owner reference or reading ${path}: no such file or directory`,
      );
    data[name] = encode(seal(text, key));
  }
  const now = process.machine.now();
  const token = newToken();
  if (verbosity >= 6)
    process.complain(
      `I${timestamp(now).slice(5, 7)}${timestamp(now).slice(8, 10)} ${new Date(now).toISOString().slice(11, 23)}000 ${String(process.pid).padStart(7)} round_trippers.go:632] "Response" verb="GET" url="${access.server}${pathOf(secrets, 'kube-system', `bootstrap-token-${token.id}`)}?timeout=10s" status="404 Not Found" milliseconds=3\n`,
    );
  const owner = await createToken(process, access, {
    ...token,
    description: ownerDescription,
    expiresAt: now + lifeMs,
    usages: [],
  });
  const secret = newObject(secrets, secretName, 'kube-system', now, { type: 'Opaque', data });
  secret.metadata.ownerReferences = [{ kind: 'Secret', name: owner.metadata.name, uid: owner.metadata.uid }];
  await persist(process, apiMs, 'error uploading certs', () => createOrUpdate(process, access, secrets, secret));
  const rules = { rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [secretName], verbs: ['get'] }] };
  const roles = resourceNamed('roles');
  await persist(process, apiMs, 'error creating kubeadm certs RBAC rules', () =>
    createOrUpdate(process, access, roles, newObject(roles, 'kubeadm:kubeadm-certs', 'kube-system', now, rules)),
  );
  if (printKey) say(process, '[upload-certs] Using certificate key:', certificateKey);
};

/** Phase `download-certs`. @throws CommandFailure */
export const downloadCerts = async (process: Process, access: Access, certificateKey: string): Promise<void> => {
  const { files } = process.machine;
  say(
    process,
    '[download-certs] Downloading the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace',
  );
  const key = keyOf(certificateKey);
  let data: Record<string, string>;
  try {
    data = (await readObject(process, access, secrets, secretName, 'kube-system')).data ?? {};
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== 404)
      throw new CommandFailure(`error downloading certs: error downloading the secret: ${error.message}`);
    throw new CommandFailure(
      'error downloading certs: error downloading the secret: Secret "kubeadm-certs" was not found in the "kube-system" Namespace. This Secret might have expired. Please, run `kubeadm init phase upload-certs --upload-certs` on a control plane to generate a new one',
    );
  }
  say(process, `[download-certs] Saving the certificates to the folder: "${pkiFolder}"`);
  for (const [name, { path, mode }] of Object.entries(sharedFiles)) {
    const sealed = data[name];
    if (sealed === undefined)
      throw new CommandFailure(
        `error downloading certs: the Secret does not include the required certificate or key - name: ${name}, path: ${path}`,
      );
    let text: string;
    try {
      text = unseal(decode(sealed), key);
    } catch {
      throw new CommandFailure(
        'error downloading certs: error decoding secret data with provided key: cipher: message authentication failed',
      );
    }
    files.makeDirectories(path.replace(/\/[^/]*$/, ''));
    files.write(path, text, mode);
  }
};
