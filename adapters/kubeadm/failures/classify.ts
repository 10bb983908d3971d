import type { FailureType } from '../../../model/failures/failure.js';
import { failureRows } from './rows.js';
import type { FailedOutput } from './row.js';
import { tellingLines } from '../output/lines.js';
import { isCheck, parsePreflight } from '../output/preflight.js';
import { scrub } from '../output/scrub.js';

export interface KubeadmFailure {
  readonly type: FailureType;
  /** Its number in the failure matrix, such as F3. */
  readonly failureNumber?: string;
  /** Phase that failed, as kubeadm names it. */
  readonly phase?: string;
  readonly message: string;
  readonly remedy: string;
  /** Lines of the output, at most 20, free of secrets. */
  readonly evidence: readonly string[];
}

const evidenceLines = 20;

const evidenceOf = (output: string): string[] => {
  const lines = tellingLines(output).filter((line) => !line.startsWith('To see the stack trace of this error'));
  const errors = lines.filter((line) => /\[ERROR |^error: |error execution phase/.test(line));
  const tail = lines.slice(-(evidenceLines - Math.min(errors.length, evidenceLines / 2)));
  const kept = [...new Set([...tail, ...errors.slice(0, evidenceLines)])].slice(0, evidenceLines);
  return lines
    .filter((line, index) => kept.includes(line) && lines.indexOf(line) === index)
    .map((line) => scrub(line.trim()).slice(0, 500));
};

const takeApart = (output: string, host: string, endpoint: string): FailedOutput => {
  const lines = tellingLines(output);
  const kept = lines.filter((line) =>
    parsePreflight(line).every((one) => one.severity === 'error' && !isCheck(one, 'ImagePull')),
  );
  return {
    host,
    endpoint,
    text: kept.join('\n'),
    log: kept.join('\n'),
    errors: parsePreflight(output).filter(({ severity }) => severity === 'error'),
    phase: /error execution phase ([^:\s]+):/.exec(output)?.[1],
    lastStep: lines.findLast((line) => /^\[[a-z-]+\] /.test(line)) ?? '',
  };
};

/** The error that ended kubeadm: from its first line to the end of the output. */
const finalError = (text: string): string => {
  const at = text.search(/^error: |error execution phase /m);
  return at === -1 ? '' : text.slice(at);
};

/**
 * What a failed kubeadm command says about why; of several causes in one output the first of the table counts.
 * It says nothing about the state of the host or of the cluster: that has to be read.
 * @param of.output tail of standard output and standard error together
 * @param of.endpoint the endpoint that the configuration named, host:port
 */
export const classifyFailure = (of: { output: string; host: string; endpoint: string }): KubeadmFailure => {
  const output = takeApart(of.output, of.host, of.endpoint);
  const evidence = evidenceOf(of.output);
  const phase = output.phase === undefined ? {} : { phase: output.phase };
  const last = { ...output, text: finalError(output.text) };
  // What kubeadm ended with counts before what it, or a container, said on the way.
  const found =
    failureRows.find((candidate) => candidate.when(last)) ?? failureRows.find((candidate) => candidate.when(output));
  if (found === undefined) {
    const words = evidence.findLast((line) => line.startsWith('error')) ?? evidence.at(-1) ?? 'it printed nothing';
    return {
      type: 'KubeadmFailed',
      ...phase,
      message: `kubeadm failed on ${of.host}: ${words}`,
      remedy: `read its log on ${of.host}, mend the cause, then retry`,
      evidence,
    };
  }
  return {
    type: found.type,
    ...(found.number === undefined ? {} : { failureNumber: found.number }),
    ...phase,
    message: scrub(found.message(output)),
    remedy: found.remedy(output),
    evidence,
  };
};
