import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretProblem, signedHeaders, webhookId } from '../../../adapters/webhook/sign.js';
import { isSigned, secret } from '../../support/receiver.js';

const at = new Date('2026-01-05T13:52:10.987Z');

describe('the headers of a delivery', () => {
  test('are those of the Standard Webhooks specification, with its own example', () => {
    // https://github.com/standard-webhooks/standard-webhooks: the vector of its reference libraries.
    const headers = signedHeaders({ eventId: 'x', body: '{"test": 2432232314}', at: new Date(1_614_265_330_000) }, [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ]);
    expect(headers['webhook-timestamp']).toBe('1614265330');
    expect(isSigned({ headers, body: '{"test": 2432232314}' }, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBe(true);
    expect(
      isSigned(
        {
          headers: {
            'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
            'webhook-timestamp': '1614265330',
            'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
          },
          body: '{"test": 2432232314}',
        },
        'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      ),
    ).toBe(true);
  });

  test('whatever the event says, the signature is right, and wrong for anything else', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.uint8Array({ minLength: 24, maxLength: 64 }), (id, value, bytes) => {
        const body = JSON.stringify({ value, text: 'ü "€"' });
        const own = `whsec_${Buffer.from(bytes).toString('base64')}`;
        const headers = signedHeaders({ eventId: id, body, at }, [own]);
        expect(isSigned({ headers, body }, own)).toBe(true);
        expect(isSigned({ headers, body: `${body} ` }, own)).toBe(false);
        expect(isSigned({ headers: { ...headers, 'webhook-timestamp': '1' }, body }, own)).toBe(false);
        expect(isSigned({ headers, body }, `whsec_${randomBytes(32).toString('base64')}`)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('carry a signature for each secret while one replaces the other', () => {
    const next = `whsec_${randomBytes(24).toString('base64')}`;
    const headers = signedHeaders({ eventId: 'x', body: '{}', at }, [secret, next]);
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    expect(isSigned({ headers, body: '{}' }, secret)).toBe(true);
    expect(isSigned({ headers, body: '{}' }, next)).toBe(true);
  });

  test('the id is the same for one event, another for another, and holds nothing that divides what is signed', () => {
    const id = webhookId('prod/join-worker/w2.example.org/k1/3/2026-01-05T13:52:10.987Z');
    expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
    expect(webhookId('prod/join-worker/w2.example.org/k1/3/2026-01-05T13:52:10.987Z')).toBe(id);
    expect(webhookId('prod/join-worker/w2.example.org/k1/4/2026-01-05T13:52:10.987Z')).not.toBe(id);
  });
});

test('a secret is whsec_ and 24 to 64 bytes in base64; what is wrong is said without it', () => {
  const ofBytes = (count: number): string => `whsec_${randomBytes(count).toString('base64')}`;
  for (const good of [secret, ofBytes(24), ofBytes(32), ofBytes(64)]) expect(secretProblem(good)).toBeUndefined();
  const wrong = ['', 'whsec_', 'hunter2hunter2hunter2hunter2', ofBytes(23), ofBytes(65), `${ofBytes(32)}!`, 'whsec_*'];
  for (const text of wrong) {
    const problem = secretProblem(text) ?? '';
    expect(problem, text).toMatch(
      /^(does not begin with whsec_|is not whsec_ and base64|is of \d+ bytes, not 24 to 64)$/,
    );
  }
});
