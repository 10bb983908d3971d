/** One line of kubeadm's preflight checks. */
export interface PreflightLine {
  readonly severity: 'error' | 'warning';
  /** As kubeadm prints it, such as `FileAvailable--etc-kubernetes-kubelet.conf`; its case differs between versions. */
  readonly check: string;
  readonly message: string;
}

const line = /^\s*\[(ERROR|WARNING) ([^\]]+)\]: (.*)$/;

/** The errors and warnings that kubeadm's preflight checks printed, in their order. */
export const parsePreflight = (output: string): PreflightLine[] =>
  output.split('\n').flatMap((text) => {
    const [, severity, check, message] = line.exec(text) ?? [];
    if (severity === undefined || check === undefined) return [];
    return [{ severity: severity === 'ERROR' ? 'error' : 'warning', check, message: message?.trim() ?? '' }];
  });

/** Whether a line is of a check; kubeadm compares without regard to case, and so must we. `check*` matches a prefix. */
export const isCheck = (of: PreflightLine, check: string): boolean => {
  const name = of.check.toLowerCase();
  const wanted = check.toLowerCase();
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
};
