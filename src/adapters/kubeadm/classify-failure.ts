import type { FailureType } from '../../model/failure.js';
import { failureRows } from './failure-rows.js';
import type { FailedOutput } from './failure-rows.js';
import { isCheck, parsePreflight } from './preflight-output.js';
import { scrub } from './scrub.js';

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

// klog's grpc chatter of a runtime that does not answer says the same each second.
const noise = /^[IWE]\d{4} \S+ +\d+ \S+\] \[core\]/;

const linesOf = (output: string): string[] =>
  output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !noise.test(line));

const evidenceOf = (output: string): string[] => {
  const lines = linesOf(output).filter((line) => !line.startsWith('To see the stack trace of this error'));
  const errors = lines.filter((line) => /\[ERROR |^error: |error execution phase/.test(line));
  const tail = lines.slice(-(evidenceLines - Math.min(errors.length, evidenceLines / 2)));
  const kept = [...new Set([...tail, ...errors.slice(0, evidenceLines)])].slice(0, evidenceLines);
  return lines
    .filter((line, index) => kept.includes(line) && lines.indexOf(line) === index)
    .map((line) => scrub(line.trim()).slice(0, 500));
};

const takeApart = (output: string, host: string, endpoint: string): FailedOutput => {
  const lines = linesOf(output);
  const text = lines.filter((line) =>
    parsePreflight(line).every((one) => one.severity === 'error' && !isCheck(one, 'ImagePull')),
  );
  return {
    host,
    endpoint,
    text: text.join('\n'),
    errors: parsePreflight(output).filter(({ severity }) => severity === 'error'),
    phase: /error execution phase ([^:\s]+):/.exec(output)?.[1],
    lastStep: lines.findLast((line) => /^\[[a-z-]+\] /.test(line)) ?? '',
  };
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
  const found = failureRows.find((candidate) => candidate.when(output));
  if (found === undefined) {
    const last = evidence.findLast((line) => line.startsWith('error')) ?? evidence.at(-1) ?? 'it printed nothing';
    return {
      type: 'KubeadmFailed',
      ...phase,
      message: `kubeadm failed on ${of.host}: ${last}`,
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
