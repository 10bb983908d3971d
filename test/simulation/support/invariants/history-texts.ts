import type { Client } from '@temporalio/client';

/** Every text in a value of a history: payloads are bytes, and what is in them is text. */
const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsIn);
  return [];
};

/** All that is in the histories of a cluster's workflows, by what they are. */
export const historyTexts = async (
  client: Client,
  runs: readonly { readonly workflowId: string; readonly runId?: string | undefined }[],
): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  for (const { workflowId, runId } of runs) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    texts.set(`the history of ${workflowId}`, textsIn(events).join('\n'));
  }
  return texts;
};
