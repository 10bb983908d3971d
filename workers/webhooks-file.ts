import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { secretProblem } from '../adapters/webhook/sign.js';
import type { Webhook, Webhooks } from '../adapters/webhook/types.js';
import { createWebhook } from '../adapters/webhook/webhook.js';
import { isLoopback } from '../model/network-address.js';
import { OperatorError } from '../model/failures/operator-error.js';
import { openToOthers } from '../model/private-file.js';
import { webhookSecretPrefix } from '../model/secret-patterns.js';
import { pathText } from '../model/specification/problem.js';
import { suggest } from '../model/specification/suggest.js';

// No message shows a value of the file: an address may hold a secret, and a secret may stand in a wrong place.

const fields = ['url', 'secretFile', 'secretEnv', 'caFile'];

/** Refuses fields that do not exist, with the one that may have been meant. */
const noSuch = (known: readonly string[], otherwise: string) => ({
  error: (issue: { readonly code?: string; readonly keys?: unknown }): string => {
    if (issue.code !== 'unrecognized_keys') return otherwise;
    const [key] = issue.keys as string[];
    const meant = suggest(key ?? '', known);
    // What is no word may be a value that slipped out of its place.
    const named = /^[A-Za-z]{1,20}$/.test(key ?? '')
      ? `a field ${key} that does not exist`
      : 'a field that does not exist';
    return `has ${named}; ${meant === undefined ? `there is ${known.join(', ')}` : `did you mean ${meant}?`}`;
  },
});

const Entry = z.strictObject(
  {
    url: z.string({ error: 'is missing or no text; write url: https://HOST/PATH' }),
    secretFile: z.string({ error: 'is no text; write the path of a file' }).optional(),
    secretEnv: z.string({ error: 'is no text; write the name of an environment variable' }).optional(),
    caFile: z.string({ error: 'is no text; write the path of a file' }).optional(),
  },
  noSuch(fields, 'is no map; write url and secretFile or secretEnv below it'),
);
type Entry = z.infer<typeof Entry>;

const File = z.strictObject(
  {
    webhooks: z.record(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/), Entry, {
      error: ({ code }) =>
        code === 'invalid_key'
          ? 'is not a name of at most 40 of a-z, 0-9 and -; write for example ops'
          : 'is missing or no map; write the names of webhooks below it',
    }),
  },
  noSuch(['webhooks'], 'the file is no map; begin with webhooks:'),
);

/** What is wrong, and what to write instead; thrown while one field is read, gathered for the whole file. */
class Wrong extends Error {}

const urlOf = (text: string): URL => {
  if (!URL.canParse(text)) throw new Wrong('is no address; write https://HOST/PATH');
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new Wrong('is not https; write https://, plain http is for loopback alone');
};

/** A path or the name of a variable is shown in messages: what was meant to be elsewhere must not be. */
const shownName = (text: string, otherwise: string): string => {
  if (text.startsWith(webhookSecretPrefix) || text.includes('://'))
    throw new Wrong(`is a secret or an address itself; ${otherwise}`);
  return text;
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Wrong(`${path} cannot be read (${code ?? 'unknown'}); correct the path or who may read it`);
  }
};

/** @throws Wrong when others may read or write it too */
const readSecret = (path: string): string => {
  const text = readText(path);
  const problem = openToOthers(path, 'a secret', statSync(path), process.getuid?.());
  if (problem !== undefined)
    throw new Wrong(`${problem.message.replace(/\.$/, '')} (${problem.evidence.join()}); ${problem.remedy}`);
  return text;
};

const secretsOf = (text: string, where: string): string[] => {
  const secrets = text.split(/\s+/).filter((word) => word !== '');
  if (secrets.length === 0) throw new Wrong(`${where} is empty; ${howToMakeOne}`);
  if (secrets.length > 2)
    throw new Wrong(`${where} holds more than two secrets; keep the present one and the next one`);
  for (const secret of secrets) {
    const problem = secretProblem(secret);
    if (problem !== undefined) throw new Wrong(`what ${where} holds ${problem}; ${howToMakeOne}`);
  }
  return secrets;
};
const howToMakeOne = `make one with: echo "${webhookSecretPrefix}$(openssl rand -base64 32)"`;

const caOf = (path: string): string => {
  const text = readText(path);
  try {
    new X509Certificate(text);
  } catch {
    throw new Wrong(`${path} holds no certificate in PEM; name the file of the CA's certificate`);
  }
  return text;
};

/**
 * The receivers of notifications that a worker knows (docs/notifications.md). Files that it names are looked for beside
 * it; secrets are read now, so that what is wrong is said at the start.
 *
 * @throws OperatorError (bad-usage) with every problem: file, path, what to write. Never shows an address or a secret.
 */
export const readWebhooks = (file: string, env: Readonly<Record<string, string | undefined>>): Webhooks => {
  const refuse = (evidence: readonly string[]): OperatorError =>
    new OperatorError('bad-usage', `The webhooks in ${file} cannot be used.`, {
      evidence,
      remedy: 'Mend the lines above; docs/notifications.md shows a whole file.',
    });
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    throw refuse([(error as Wrong).message]);
  }
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) {
    throw refuse(
      document.errors.map(({ code, linePos }) => `${file}:${linePos?.[0].line ?? 1}: no valid YAML (${code})`),
    );
  }
  const parsed = File.safeParse(document.toJS());
  if (!parsed.success) {
    throw refuse(
      parsed.error.issues.map(({ path, message }) => [file, pathText(path), message].filter(Boolean).join(': ')),
    );
  }

  const problems: string[] = [];
  const at = <Value>(path: string, read: () => Value): Value | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      problems.push(`${file}: ${path}: ${error.message}`);
      return undefined;
    }
  };
  const beside = (path: string): string =>
    resolve(dirname(file), shownName(path, 'write the path of a file that holds it'));
  const secretsOfEntry = (path: string, { secretFile, secretEnv }: Entry): string[] | undefined => {
    if (secretFile !== undefined && secretEnv === undefined) {
      return at(`${path}.secretFile`, () => {
        const from = beside(secretFile);
        return secretsOf(readSecret(from), from);
      });
    }
    if (secretEnv !== undefined && secretFile === undefined) {
      return at(`${path}.secretEnv`, () => {
        const name = shownName(secretEnv, 'write the name of a variable that holds it');
        return secretsOf(env[name] ?? '', `the variable ${name}`);
      });
    }
    return at(path, () => {
      throw new Wrong('needs one of secretFile and secretEnv; deliveries are always signed');
    });
  };
  const webhooks = new Map<string, Webhook>();
  for (const [name, entry] of Object.entries(parsed.data.webhooks)) {
    const path = `webhooks.${name}`;
    const { caFile } = entry;
    const url = at(`${path}.url`, () => urlOf(entry.url));
    const secrets = secretsOfEntry(path, entry);
    const ca = caFile === undefined ? undefined : at(`${path}.caFile`, () => caOf(beside(caFile)));
    if (url === undefined || secrets === undefined) continue;
    webhooks.set(name, createWebhook({ url, secrets, ...(ca === undefined ? {} : { ca }) }));
  }
  if (problems.length > 0) throw refuse(problems);
  return webhooks;
};
