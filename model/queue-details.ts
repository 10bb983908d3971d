import { clockFrom } from './details.js';
import { badge, bold, code, table, text } from './markdown.js';
import type { ClusterQueue } from './messages.js';

/** Those that ended and are shown. */
const endedShown = 20;

/** Those that wait and are shown: the page is rendered at each change, and a longer one is not read. */
const waitingShown = 10;

/** The page of a cluster's queue in the Temporal UI. */
export const renderQueue = (queue: ClusterQueue): string => {
  const clock = clockFrom();
  const asked = ({ by, since }: { by: string; since: string }): string => `asked for by ${text(by)}, ${clock(since)}`;
  const rows = [
    ...queue.running.map((item) => [
      badge('running'),
      `${bold(item.operation)} in ${code(item.workflowId)}; ${asked(item)}`,
    ]),
    ...queue.waiting
      .slice(0, waitingShown)
      .map((item) => [badge('waits'), `${bold(item.operation)} for ${text(item.waitsFor)}; ${asked(item)}`]),
    ...(queue.waiting.length > waitingShown
      ? [
          [
            badge('waits'),
            `${queue.waiting.length - waitingShown} more: ${code(`quorate operations list --cluster ${queue.cluster}`)}`,
          ],
        ]
      : []),
    ...queue.ended
      .slice(-endedShown)
      .toReversed()
      .map((item) => [
        badge(item.outcome),
        `${text(item.operation)}${item.message === undefined ? '' : `: ${text(item.message)}`}; ${asked(item)}`,
      ]),
  ];
  return [
    `## ${queue.cluster}: ${queue.running.length} running, ${queue.waiting.length} waiting`,
    ...(rows.length === 0 ? [] : [table(['state', 'operation'], rows)]),
    'Times are UTC.',
  ].join('\n\n');
};
