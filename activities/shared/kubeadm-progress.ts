import { activityInfo, getClient } from '@temporalio/activity';
import { advance } from '../../adapters/kubeadm/output/phases.js';
import type { KubeadmProgress } from '../../adapters/kubeadm/output/phases.js';
import type { HostPrinted } from '../../model/messages.js';
import { names } from '../../model/messages.js';

/** Each signal is an event in the history: shorter phases are not shown. */
const signalEveryMs = 2_000;
/** A bootstrap takes a second or two; after this long it is worth asking why it does not come. */
const diagnoseAfterMs = 20_000;
const diagnoseEveryMs = 30_000;

export interface ProgressReporter {
  lines(lines: readonly string[]): void;
  /** Title of the phase that kubeadm has reached. */
  phase(): string | undefined;
  stop(): void;
}

/**
 * Tells the operation in which phase kubeadm is, as the phase changes, and while the kubelet's TLS bootstrap hangs what
 * it hangs on. Best effort: a signal that is lost changes nothing.
 */
export const createProgressReporter = (
  step: string,
  diagnose: (since: Date) => Promise<readonly string[]>,
): ProgressReporter => {
  const { workflowExecution } = activityInfo();
  const started = performance.now();
  let progress: KubeadmProgress | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;
  let pending: NodeJS.Timeout | undefined;
  let bootstrapSince: number | undefined;
  let diagnosedAt = Number.NEGATIVE_INFINITY;

  const send = (line: string): void => {
    sentAt = performance.now();
    const printed: HostPrinted = { step, line };
    if (workflowExecution === undefined) return;
    getClient()
      .workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId)
      .signal(names.signals.hostPrinted, printed)
      .catch(() => {});
  };
  const sendSoon = (): void => {
    if (pending !== undefined) return;
    pending = setTimeout(
      () => {
        pending = undefined;
        if (progress !== undefined && !progress.finished) send(`kubeadm ${progress.title}`);
      },
      Math.max(0, sentAt + signalEveryMs - performance.now()),
    );
  };
  const watch = setInterval(() => {
    const now = performance.now();
    if (bootstrapSince === undefined || now - bootstrapSince < diagnoseAfterMs || now - diagnosedAt < diagnoseEveryMs)
      return;
    diagnosedAt = now;
    // As the clock shows that time now: it may have been set since.
    diagnose(new Date(Date.now() - (now - started))).then(
      (lines) => {
        const said = lines.join('; ');
        if (said !== '' && bootstrapSince !== undefined)
          send(`waits for the kubelet's certificate since ${Math.round((now - bootstrapSince) / 1000)} s: ${said}`);
      },
      () => {},
    );
  }, 5_000);

  return {
    lines(lines) {
      const before = progress;
      progress = advance(progress, lines);
      bootstrapSince = progress.phase === 'kubelet-wait-bootstrap' ? (bootstrapSince ?? performance.now()) : undefined;
      if (progress !== before && progress.title !== before?.title) sendSoon();
    },
    phase: () => progress?.title,
    stop() {
      clearTimeout(pending);
      clearInterval(watch);
    },
  };
};
