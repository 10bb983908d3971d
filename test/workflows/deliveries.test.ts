import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, describe, expect, test } from 'vitest';
import { notifyActivities } from '../../activities/notify.js';
import type { Webhook } from '../../adapters/webhook/types.js';
import { createWebhook } from '../../adapters/webhook/webhook.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { operationContext } from '../support/facts.js';
import { isSigned, secret, startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { ended, eventually, resetWorkflow, workflowIdOf } from '../support/workflow-harness.js';

const hosts = { host: () => Promise.reject(new Error('no host is asked')) as never, close: () => Promise.resolve() };
/** What the worker's configuration names; tests add to it while the worker runs. */
const webhooks = new Map<string, Webhook>();
const harness = useHarness('deliveries', { activities: notifyActivities({ hosts, webhooks }) });

// Concurrent tests: what one of them began is ended with the file.
const receivers: Receiver[] = [];
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
});
const receiverOn = async (port?: number): Promise<Receiver> => {
  const receiver = await startReceiver(port === undefined ? {} : { port });
  receivers.push(receiver);
  return receiver;
};

/** An operation from beginning to end, told to a webhook of its own at that address. */
const finished = async (name: string, url?: URL) => {
  const webhook = uniqueName('hook');
  if (url !== undefined) webhooks.set(webhook, createWebhook({ url, secrets: [secret] }));
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName(name), notify: [webhook] });
  await harness().submit(context);
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  await eventually(() => handle.describe(), `${context.operation} begun`);
  const began = Date.now();
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(Date.now() - began).toBeLessThan(20_000);
  const query = `WorkflowType = 'deliverNotification' AND WorkflowId STARTS_WITH 'notify/${context.operation}/'`;
  const delivery = await eventually(async () => {
    for await (const { workflowId } of harness().client.workflow.list({ query })) return workflowId;
    return undefined;
  }, 'the delivery began');
  return { webhook, delivery: harness().client.workflow.getHandle(delivery) };
};

/** What the attempts so far failed with, as the Temporal UI shows it. */
const lastFailure = (delivery: WorkflowHandle): Promise<string> =>
  eventually(async () => {
    const { raw } = await delivery.describe();
    const [pending] = raw.pendingActivities ?? [];
    return pending?.lastFailure?.message ?? undefined;
  }, 'an attempt failed');

/** Every text below a value, also those in bytes. */
const texts = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
};

const showsNothing = async (delivery: WorkflowHandle, { port }: { port: number }): Promise<void> => {
  const { raw } = await delivery.describe();
  const shown = texts([raw, await delivery.fetchHistory()]).join('\n');
  expect(shown).toContain('operation.ended');
  for (const hidden of [secret, secret.slice(6), 'hidden-path', `:${port}`, '127.0.0.1']) {
    expect(shown).not.toContain(hidden);
  }
};

describe.concurrent('a receiver that is down', () => {
  test('for good: the operation has ended at once, the delivery goes on trying, and says why without the address', async () => {
    const port = await freePort();
    const { webhook, delivery } = await finished('for-good', new URL(`http://127.0.0.1:${port}/hidden-path`));
    expect(await lastFailure(delivery)).toBe(
      `${webhook} did not take the event yet: nothing listens there (ECONNREFUSED)`,
    );
    expect((await delivery.describe()).status.name).toBe('RUNNING');
    await showsNothing(delivery, { port });
    await delivery.terminate('enough seen');
  });

  test('and comes back: the event arrives once, signed', async () => {
    const port = await freePort();
    const { delivery } = await finished('back', new URL(`http://127.0.0.1:${port}/hidden-path`));
    await lastFailure(delivery);
    const receiver = await receiverOn(port);
    expect(await delivery.result()).toBe('204 No Content');
    const [only, ...more] = receiver.delivered;
    if (only === undefined) throw new Error('not delivered');
    expect(isSigned(only, secret)).toBe(true);
    expect(JSON.parse(only.body)).toMatchObject({ type: 'operation.ended', outcome: 'finished' });
    expect(more).toEqual([]);
  });

  test('for maintenance: each attempt carries the same id', async () => {
    const receiver = await receiverOn();
    receiver.answer = (response) => response.writeHead(receiver.delivered.length < 3 ? 503 : 200).end();
    const { delivery } = await finished('maintenance', receiver.url);
    expect(await delivery.result()).toBe('200 OK');
    expect(receiver.delivered).toHaveLength(3);
    expect(new Set(receiver.delivered.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.delivered.map(({ body }) => body)).size).toBe(1);
    await showsNothing(delivery, receiver);
  });
});

test.concurrent('a receiver that wants no more: the delivery fails for good, and a reset sends it again', async () => {
  const receiver = await receiverOn();
  receiver.answer = (response) => response.writeHead(410).end('hidden-path');
  const { webhook, delivery } = await finished('gone', receiver.url);
  const error: unknown = await delivery.result().catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowFailedError)) throw new Error('it did not fail', { cause: error });
  expect(error.cause?.cause).toMatchObject({
    type: 'WebhookRefused',
    message: expect.stringMatching(new RegExp(`^${webhook} does not take the event: 410 Gone`)) as unknown,
  });
  expect(receiver.delivered).toHaveLength(1);
  await showsNothing(delivery, receiver);

  receiver.answer = (response) => response.writeHead(204).end();
  await resetWorkflow(harness().client, delivery.workflowId);
  expect(await harness().client.workflow.getHandle(delivery.workflowId).result()).toBe('204 No Content');
  const [first, second] = receiver.delivered;
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
});

test.concurrent('a webhook that no worker knows yet is told once one does', async () => {
  const { webhook, delivery } = await finished('unknown');
  expect(await lastFailure(delivery)).toContain(
    `knows no webhook ${webhook}: add it to the file that --webhooks names`,
  );
  const receiver = await receiverOn();
  webhooks.set(webhook, createWebhook({ url: receiver.url, secrets: [secret] }));
  expect(await delivery.result()).toBe('204 No Content');
});
