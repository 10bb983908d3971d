import { QuorateError } from '../../model/failures/failure.js';
import type { CommandOutcome } from './types.js';

/** sudo's own words (LC_ALL=C) when it did not run the command; it then exits with 1. */
const refusals =
  /^(sudo: (a password is required|a terminal is required|sorry, you must have a tty|interactive authentication is required)|.* is not in the sudoers file|.* may not run sudo|Sorry, user .* (is not allowed to execute|may not run))/m;

const missing = /sudo: (command )?not found$/m;

/**
 * The outcome of a command that was to run by `sudo -n`, unless sudo did not run it.
 * @throws QuorateError SudoRefused
 */
export const requireSudo = (host: string, user: string, outcome: CommandOutcome): CommandOutcome => {
  const { end, stdout, stderr } = outcome;
  if (end.kind !== 'exited' || stdout !== '') return outcome;
  const isMissing = end.code === 127 && missing.test(stderr);
  if (!isMissing && !(end.code === 1 && refusals.test(stderr))) return outcome;
  const [said = ''] = (isMissing ? missing : refusals).exec(stderr) ?? [];
  const rule = `${user} ALL=(ALL) NOPASSWD: ALL`;
  const lines = said.includes('must have a tty') ? `Defaults:${user} !requiretty\\n${rule}` : rule;
  throw new QuorateError('SudoRefused', `${user} may not become root on ${host}: ${said}`, {
    host,
    remedy: isMissing
      ? `install sudo on ${host}, or log in as root: set User of "Host ${host}" in the SSH configuration`
      : `allow it without a password: as root on ${host} \`printf '${lines}\\n' > /etc/sudoers.d/quorate\`; or log in as root`,
    evidence: stderr.trim().split('\n').slice(0, 5),
  });
};
