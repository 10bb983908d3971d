import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { signedHeaders } from '../../adapters/webhook/sign.js';
import { OperationEvent } from '../../model/notifications/operation-event.js';
import { operationOutcomes } from '../../model/progress.js';
import { readWebhooks } from '../../workers/webhooks-file.js';
import { secret } from '../support/receiver.js';
import { selfSigned } from '../support/self-signed.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const text = readFileSync(new URL('../../docs/notifications.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);

describe('docs/notifications.md', () => {
  test('has an example of each type of event, as it is sent', () => {
    const examples = blocks('json').map((block) => OperationEvent.strict().parse(JSON.parse(block)));
    expect(examples.map(({ type }) => type)).toEqual(OperationEvent.shape.type.options);
  });

  test('names every way an operation ends', () => {
    for (const outcome of operationOutcomes) expect(text).toContain(`\`${outcome}\``);
  });

  test('shows a file that a worker can use', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'webhooks.yaml');
    writeFileSync(file, blocks('yaml')[1] ?? '');
    writeFileSync(join(folder, 'ops.secret'), `${secret}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'internal-ca.pem'), selfSigned(folder, 'DNS:pager.internal').cert);
    expect([...readWebhooks(file, { PAGER_WEBHOOK_SECRET: secret }).keys()]).toEqual(['ops', 'pager']);
  });

  test('shows a check that takes what is signed and nothing else', async () => {
    const file = join(temporaryFolder(), 'check.mjs');
    writeFileSync(file, blocks('js')[0] ?? '');
    const { isFromQuorate } = (await import(pathToFileURL(file).href)) as {
      isFromQuorate: (headers: Record<string, string | undefined>, body: string, secret: string) => boolean;
    };
    const other = `whsec_${Buffer.from('another secret, also long enough').toString('base64')}`;
    const body = '{"a": "ü"}';
    const headers = signedHeaders({ eventId: 'x', body, at: new Date() }, [other, secret]);
    expect(isFromQuorate(headers, body, secret)).toBe(true);
    expect(isFromQuorate(headers, body, other)).toBe(true);
    expect(isFromQuorate(headers, `${body} `, secret)).toBe(false);
    expect(isFromQuorate({ ...headers, 'webhook-id': 'evt_1' }, body, secret)).toBe(false);
    expect(isFromQuorate({}, body, secret)).toBe(false);
    const old = signedHeaders({ eventId: 'x', body, at: new Date(Date.now() - 600_000) }, [secret]);
    expect(isFromQuorate(old, body, secret)).toBe(false);
  });
});
