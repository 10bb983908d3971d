import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogger, redact } from '../../workers/log.js';

const alphabet = (characters: string, length: number) =>
  fc.string({ unit: fc.constantFrom(...characters.split('')), minLength: length, maxLength: length });
const token = fc.tuple(
  alphabet('abcdefghijklmnopqrstuvwxyz0123456789', 6),
  alphabet('abcdefghijklmnopqrstuvwxyz0123456789', 16),
);
const key = alphabet('0123456789abcdef', 64);

describe('redact', () => {
  test('leaves no bootstrap token and no certificate key, wherever they stand', () => {
    fc.assert(
      fc.property(token, key, fc.constantFrom(' ', '"', '=', '\n', ': '), ([id, secret], certificateKey, between) => {
        const text = `--token${between}${id}.${secret}${between}--certificate-key${between}${certificateKey}${between}`;
        const redacted = redact(text);
        expect(redacted).not.toContain(secret);
        expect(redacted).not.toContain(certificateKey);
      }),
    );
  });

  test('leaves no secret of a webhook', () => {
    const secret = `whsec_${Buffer.from('a secret with /+ in it: \u00ff\u00fe\u00fb\u00ef').toString('base64')}`;
    expect(redact(`"secret":"${secret}" and ${secret}.`)).toBe(
      '"secret":"[redacted webhook secret]" and [redacted webhook secret].',
    );
  });

  test('keeps what operators compare: the hash of a CA, names, addresses', () => {
    const hash = `sha256:${'41fe'.repeat(16)}`;
    expect(redact(`${hash} kube-apiserver-cp1.prod 10.203.0.11:6443`)).toBe(
      `${hash} kube-apiserver-cp1.prod 10.203.0.11:6443`,
    );
    expect(redact('-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY----- x')).toBe(
      '[redacted private key] x',
    );
  });
});

test('log lines are JSON with a level, also what hangs on them is redacted, and quieter ones are left out', () => {
  const lines: string[] = [];
  const logger = createLogger('info', (line) => lines.push(line));
  logger.debug('not shown');
  logger.info('joining', { workflowId: 'w', error: new Error('bad token abcdef.0123456789abcdef') });
  expect(lines).toHaveLength(1);
  const { time, ...line } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'info', msg: 'joining', workflowId: 'w' });
  expect(Date.parse(String(time))).toBeGreaterThan(0);
  expect(lines[0]).toContain('bad token [redacted token]');
});
