import { describe, expect, it } from 'vitest';
import { execute } from '../../../adapters/ssh/execute.js';
import type { CommandEnd, Host } from '../../../adapters/ssh/types.js';

const hostThat = (end: CommandEnd, stdout = '', stderr = ''): Host => ({
  name: 'cp1',
  run: async () => ({ end, stdout, stderr, truncated: false }),
});

describe('execute', () => {
  it('gives standard output of what exited with 0', async () => {
    expect(await execute(hostThat({ kind: 'exited', code: 0 }, 'out'), 'ask', 'x')).toBe('out');
  });

  it('tells a failed command, with its last words', async () => {
    const failed = execute(hostThat({ kind: 'exited', code: 3 }, 'out', 'first\nlast\n'), 'ask', 'x');
    await expect(failed).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'ask on cp1 exited with 3: last',
      details: { host: 'cp1', evidence: ['first', 'last', 'out'] },
    });
    const killed = execute(hostThat({ kind: 'signaled', signal: 'SIGKILL' }), 'ask', 'x');
    await expect(killed).rejects.toMatchObject({ type: 'CommandFailed', message: 'ask on cp1 was killed by SIGKILL' });
  });

  it('takes an unknown outcome for no failure of the command', async () => {
    const ends: CommandEnd[] = [{ kind: 'lost', cause: 'reset' }, { kind: 'timeout' }, { kind: 'aborted' }];
    for (const end of ends) {
      await expect(execute(hostThat(end), 'ask', 'x')).rejects.toMatchObject({ type: 'Unreachable' });
    }
  });
});
