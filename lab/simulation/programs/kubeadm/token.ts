import { randomBytes } from 'node:crypto';
import { ApiError, callApi } from '../../kubernetes/client.js';
import type { Access } from '../../kubernetes/client.js';
import { newObject } from '../../kubernetes/objects.js';
import type { KubernetesObject } from '../../kubernetes/objects.js';
import { secrets } from '../../kubernetes/store.js';
import { readToken, secretType, tokenData } from '../../kubernetes/tokens.js';
import type { BootstrapToken } from '../../kubernetes/tokens.js';
import type { Process } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { accessOf, adminConf, createOrUpdate, pathOf, persist } from './access.js';
import { parseDuration } from './configuration.js';
import { CommandFailure } from './output.js';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const random = (length: number): string =>
  [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join('');

export const newToken = (): { id: string; secret: string } => ({ id: random(6), secret: random(16) });

const apiMs = 60_000;

export const tokenPattern = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** The host's, or where there is none the login's. */
const ownKubeconfig = ({ machine: { files }, environment }: Process): string =>
  files.exists(adminConf) ? adminConf : `${environment.get('HOME') ?? '/root'}/.kube/config`;

/** Makes the Secret of a token; answers the Secret. @throws CommandFailure */
export const createToken = (process: Process, access: Access, token: BootstrapToken): Promise<KubernetesObject> =>
  persist(process, apiMs, 'timed out waiting for the condition', () =>
    createOrUpdate(
      process,
      access,
      secrets,
      newObject(secrets, `bootstrap-token-${token.id}`, 'kube-system', process.machine.now(), {
        type: secretType,
        data: tokenData(token),
      }),
    ),
  );

const listTokens = async (process: Process, access: Access): Promise<BootstrapToken[]> => {
  const query = `?fieldSelector=${encodeURIComponent(`type=${secretType}`)}`;
  const answer = await persist(process, apiMs, 'failed to list bootstrap tokens', () =>
    callApi(process, access, 'GET', `${pathOf(secrets, 'kube-system')}${query}`),
  );
  return (JSON.parse(answer) as { items: KubernetesObject[] }).items.flatMap((item) => readToken(item) ?? []);
};

const until = ({ expiresAt }: BootstrapToken): string =>
  expiresAt === undefined ? '<never>' : new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z');

/** `kubeadm token`. @throws CommandFailure */
export const token = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, operands } = parseOptions(args, 'o', [
    'kubeconfig',
    'ttl',
    'description',
    'config',
    'output',
    'usages',
    'groups',
  ]);
  const [verb = '', given] = operands;
  if (verb === 'generate') {
    const { id, secret } = newToken();
    process.print(`${id}.${secret}\n`);
    return 0;
  }
  const access = accessOf(process, values.get('kubeconfig') ?? ownKubeconfig(process));
  const now = process.machine.now();
  switch (verb) {
    case 'create': {
      if (given !== undefined && !tokenPattern.test(given))
        throw new CommandFailure(
          `the bootstrap token "${given}" was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
        );
      const [id = '', secret = ''] = given?.split('.') ?? [];
      const made = given === undefined ? newToken() : { id, secret };
      const ttl = parseDuration(values.get('ttl'), 86_400_000);
      await createToken(process, access, {
        ...made,
        description: values.get('description') ?? '',
        ...(ttl === 0 ? {} : { expiresAt: now + ttl }),
        usages: ['signing', 'authentication'],
      });
      process.print(`${made.id}.${made.secret}\n`);
      return 0;
    }
    case 'list': {
      const tokens = await listTokens(process, access);
      if ((values.get('o') ?? values.get('output')) === 'json') {
        for (const one of tokens)
          process.print(
            `${JSON.stringify({ kind: 'BootstrapToken', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', token: `${one.id}.${one.secret}`, description: one.description, expires: until(one), usages: one.usages }, undefined, 4)}\n`,
          );
        return 0;
      }
      process.print(
        'TOKEN                     TTL         EXPIRES                USAGES                   DESCRIPTION\n',
      );
      for (const one of tokens)
        process.print(`${one.id}.${one.secret}   ${until(one)}   ${one.usages.join(',')}   ${one.description}\n`);
      return 0;
    }
    case 'delete': {
      const id = given?.split('.')[0] ?? '';
      try {
        await callApi(process, access, 'DELETE', pathOf(secrets, 'kube-system', `bootstrap-token-${id}`));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        throw new CommandFailure(`failed to delete bootstrap token "${id}": ${error.message}`);
      }
      process.print(`bootstrap token "${id}" deleted\n`);
      return 0;
    }
    default:
      throw new CommandFailure(`invalid subcommand "${verb}"`);
  }
};
