import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OperatorError } from '../../model/failures/operator-error.js';
import { readWebhooks } from '../../workers/webhooks-file.js';
import { event } from '../support/events.js';
import { isSigned, secret, startReceiver } from '../support/receiver.js';
import { selfSigned } from '../support/self-signed.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Writes files into a folder of their own. @returns the path of `webhooks.yaml` in it */
const written = (yaml: string, files: Record<string, string> = {}): string => {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries({ 'webhooks.yaml': yaml, ...files })) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  return join(folder, 'webhooks.yaml');
};

const hidden = 'hooks.example.org/hidden-path';

/** What is said about a file that cannot be used, without the name of the file. */
const problems = (yaml: string, files: Record<string, string> = {}, env: Record<string, string> = {}): string[] => {
  const file = written(yaml, files);
  try {
    readWebhooks(file, env);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error).toMatchObject({ kind: 'bad-usage', message: `The webhooks in ${file} cannot be used.` });
    expect(error.remedy).toContain('docs/notifications.md');
    const text = [error.message, error.remedy, ...error.evidence].join('\n');
    for (const value of [hidden, 'hidden', secret, secret.slice(6), ...Object.values(env)]) {
      if (value !== '') expect(text).not.toContain(value);
    }
    for (const line of error.evidence) expect(line.startsWith(file)).toBe(true);
    return error.evidence.map((line) => line.slice(file.length).replaceAll(join(file, '..'), 'FOLDER'));
  }
  throw new Error('it can be used');
};

const entry = (lines: string): string => `webhooks:\n  ops:\n${lines.replaceAll(/^/gm, '    ')}\n`;

describe('S18: a file with a secret that others may read', () => {
  test.each([0o644, 0o640, 0o604, 0o620])('is refused with mode %o', (mode) => {
    const file = written(entry('url: https://hooks.example.org/x\nsecretFile: ops.secret'), { 'ops.secret': secret });
    const path = join(file, '..', 'ops.secret');
    chmodSync(path, mode);
    const error: unknown = (() => {
      try {
        return readWebhooks(file, {});
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ kind: 'bad-usage' });
    const [line = ''] = (error as OperatorError).evidence;
    expect(line).toContain('webhooks.ops.secretFile: ');
    expect(line).toContain(`(its mode is 0${mode.toString(8)}); Run \`chmod 600 ${path}\``);
    chmodSync(path, 0o600);
    expect([...readWebhooks(file, {}).keys()]).toEqual(['ops']);
  });
});

describe('a file that can be used', () => {
  test('delivers signed with the secret of a file beside it, and of a variable', async () => {
    const receiver = await startReceiver();
    onTestFinished(receiver.close);
    const file = written(
      `webhooks:\n  ops: { url: "${receiver.url.href}", secretFile: ops.secret }\n  pager-2: { url: "${receiver.url.href}", secretEnv: PAGER_SECRET }\n`,
      { 'ops.secret': `${secret}\n` },
    );
    const pagerSecret = `whsec_${randomBytes(24).toString('base64')}`;
    const webhooks = readWebhooks(file, { PAGER_SECRET: pagerSecret });
    expect([...webhooks.keys()]).toEqual(['ops', 'pager-2']);
    for (const webhook of webhooks.values()) await webhook.deliver(event());
    const [first, second] = receiver.delivered;
    if (first === undefined || second === undefined) throw new Error('not delivered');
    expect([isSigned(first, secret), isSigned(first, pagerSecret)]).toEqual([true, false]);
    expect([isSigned(second, secret), isSigned(second, pagerSecret)]).toEqual([false, true]);
  });

  test('signs with both secrets of a file while one replaces the other', async () => {
    const receiver = await startReceiver();
    onTestFinished(receiver.close);
    const next = `whsec_${randomBytes(32).toString('base64')}`;
    const file = written(entry(`url: ${receiver.url.href}\nsecretFile: both`), { both: `${secret}\n${next}\n` });
    await readWebhooks(file, {}).get('ops')?.deliver(event());
    for (const one of [secret, next]) expect(receiver.delivered.map((got) => isSigned(got, one))).toEqual([true]);
  });

  test('trusts the CA it names', async () => {
    const tls = selfSigned(temporaryFolder(), 'IP:127.0.0.1');
    const receiver = await startReceiver({ tls });
    onTestFinished(receiver.close);
    const file = written(entry(`url: ${receiver.url.href}\nsecretEnv: S\ncaFile: ca.pem`), { 'ca.pem': tls.cert });
    expect(await readWebhooks(file, { S: secret }).get('ops')?.deliver(event())).toMatchObject({ outcome: 'taken' });
  });

  test.for(['https://hidden.example.org', 'http://localhost:1', 'http://127.0.0.1:1/x', 'http://[::1]:1/'])(
    '%s is an address',
    (url) => {
      expect(readWebhooks(written(entry(`url: "${url}"\nsecretEnv: S`)), { S: secret }).size).toBe(1);
    },
  );

  test('may name none', () => {
    expect(readWebhooks(written('webhooks: {}\n'), {}).size).toBe(0);
  });
});

const howTo = 'make one with: echo "whsec_$(openssl rand -base64 32)"';
const names = 'is not a name of at most 40 of a-z, 0-9 and -; write for example ops';
const noUrl = 'is missing or no text; write url: https://HOST/PATH';
const url = `url: https://${hidden}`;

describe('a file that cannot be used: each problem with its place and what to write, without addresses and secrets', () => {
  test.for<[what: string, yaml: string, expected: string[]]>([
    ['empty', '', [': the file is no map; begin with webhooks:']],
    ['a list', '- ops\n', [': the file is no map; begin with webhooks:']],
    ['no webhooks', '{}\n', [': webhooks: is missing or no map; write the names of webhooks below it']],
    [
      'another field',
      'webhook: {}\n',
      [
        ': webhooks: is missing or no map; write the names of webhooks below it',
        ': has a field webhook that does not exist; did you mean webhooks?',
      ],
    ],
    [
      'a list of webhooks',
      `webhooks: [{ ${url} }]\n`,
      [': webhooks: is missing or no map; write the names of webhooks below it'],
    ],
    ['a name in capitals', `webhooks: { OPS: { ${url}, secretEnv: S } }\n`, [`: webhooks.OPS: ${names}`]],
    [
      'only an address',
      `webhooks: { ops: "https://${hidden}" }\n`,
      [': webhooks.ops: is no map; write url and secretFile or secretEnv below it'],
    ],
    ['nothing in it', 'webhooks: { ops: {} }\n', [`: webhooks.ops.url: ${noUrl}`]],
    [
      'a misspelt field',
      entry(`${url}\nsecretEnv: S\ncafile: x`),
      [': webhooks.ops: has a field cafile that does not exist; did you mean caFile?'],
    ],
    [
      'a secret as a field',
      entry(`${url}\n"${secret}": x`),
      [': webhooks.ops: has a field that does not exist; there is url, secretFile, secretEnv, caFile'],
    ],
    [
      'no YAML',
      `webhooks:\n  ops: { url: https://${hidden}\n`,
      [expect.stringMatching(/^:\d: no valid YAML \([A-Z_]+\)$/) as unknown as string],
    ],
    ['a webhook twice', `webhooks:\n  ops: { ${url} }\n  ops: { ${url} }\n`, [':3: no valid YAML (DUPLICATE_KEY)']],
    ['no address', entry('url: hidden\nsecretEnv: S'), [': webhooks.ops.url: is no address; write https://HOST/PATH']],
    [
      'plain http',
      entry(`url: http://${hidden}\nsecretEnv: S`),
      [': webhooks.ops.url: is not https; write https://, plain http is for loopback alone'],
    ],
    [
      'plain http to what looks like loopback',
      entry('url: http://127.0.0.1.hidden.org\nsecretEnv: S'),
      [': webhooks.ops.url: is not https; write https://, plain http is for loopback alone'],
    ],
    [
      'another protocol',
      entry('url: file:///hidden\nsecretEnv: S'),
      [': webhooks.ops.url: is not https; write https://, plain http is for loopback alone'],
    ],
    ['no secret', entry(url), [': webhooks.ops: needs one of secretFile and secretEnv; deliveries are always signed']],
    [
      'two secrets',
      entry(`${url}\nsecretEnv: S\nsecretFile: s`),
      [': webhooks.ops: needs one of secretFile and secretEnv; deliveries are always signed'],
    ],
    [
      'a file that is not there',
      entry(`${url}\nsecretFile: nowhere`),
      [': webhooks.ops.secretFile: FOLDER/nowhere cannot be read (ENOENT); correct the path or who may read it'],
    ],
    [
      'a folder',
      entry(`${url}\nsecretFile: .`),
      [': webhooks.ops.secretFile: FOLDER cannot be read (EISDIR); correct the path or who may read it'],
    ],
    [
      'an empty file',
      entry(`${url}\nsecretFile: empty`),
      [`: webhooks.ops.secretFile: FOLDER/empty is empty; ${howTo}`],
    ],
    [
      'a variable that is not set',
      entry(`${url}\nsecretEnv: UNSET`),
      [`: webhooks.ops.secretEnv: the variable UNSET is empty; ${howTo}`],
    ],
    [
      'a password',
      entry(`${url}\nsecretEnv: PASSWORD`),
      [`: webhooks.ops.secretEnv: what the variable PASSWORD holds does not begin with whsec_; ${howTo}`],
    ],
    [
      'a short secret',
      entry(`${url}\nsecretEnv: SHORT`),
      [`: webhooks.ops.secretEnv: what the variable SHORT holds is of 10 bytes, not 24 to 64; ${howTo}`],
    ],
    [
      'three secrets',
      entry(`${url}\nsecretFile: three`),
      [': webhooks.ops.secretFile: FOLDER/three holds more than two secrets; keep the present one and the next one'],
    ],
    [
      'the secret itself',
      entry(`${url}\nsecretEnv: ${secret}`),
      [': webhooks.ops.secretEnv: is a secret or an address itself; write the name of a variable that holds it'],
    ],
    [
      'the secret itself as a file',
      entry(`${url}\nsecretFile: ${secret}`),
      [': webhooks.ops.secretFile: is a secret or an address itself; write the path of a file that holds it'],
    ],
    [
      'no certificate',
      entry(`${url}\nsecretEnv: S\ncaFile: empty`),
      [": webhooks.ops.caFile: FOLDER/empty holds no certificate in PEM; name the file of the CA's certificate"],
    ],
  ])('%s', ([, yaml, expected]) => {
    const files = { empty: '\n', three: `${secret}\n${secret}\n${secret}\n` };
    const env = {
      S: secret,
      PASSWORD: 'correct-horse',
      SHORT: `whsec_${Buffer.from('0123456789').toString('base64')}`,
    };
    expect(problems(yaml, files, env)).toEqual(expected);
  });

  test('all of them at once', () => {
    const yaml = `webhooks:\n  a: { url: http://${hidden}, secretEnv: UNSET, caFile: nowhere }\n  b: { ${url} }\n`;
    expect(problems(yaml)).toHaveLength(4);
  });

  test('that is not there', () => {
    expect(() => readWebhooks('/nonexistent/webhooks.yaml', {})).toThrow(
      expect.objectContaining({
        evidence: ['/nonexistent/webhooks.yaml cannot be read (ENOENT); correct the path or who may read it'],
      }),
    );
  });
});
