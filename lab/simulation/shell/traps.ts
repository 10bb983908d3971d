import { signalName } from '../system/signals.js';
import { Exit, Return } from './control.js';
import type { Interpreter } from './interpreter.js';
import { parseScript } from './parse.js';
import type { Shell } from './shell.js';

/** Takes signals for the traps that are set: they run when the command in the foreground has ended. */
export const listenForSignals = (shell: Shell): void => {
  shell.process.onSignal = (signal) => {
    const name = signalName(signal);
    const action = shell.traps.get(name);
    if (action === undefined) return false;
    if (action !== '') shell.pendingSignals.push(name);
    return true;
  };
};

export const runPendingTraps = async (interpreter: Interpreter, shell: Shell): Promise<void> => {
  for (let name = shell.pendingSignals.shift(); name !== undefined; name = shell.pendingSignals.shift()) {
    const { status } = shell;
    await interpreter.statements(shell, parseScript(shell.traps.get(name) ?? ':').commands);
    shell.status = status;
  }
};

/** Runs the trap of `EXIT`, once; the status that the shell ends with. */
export const runExitTrap = async (interpreter: Interpreter, shell: Shell, status: number): Promise<number> => {
  const action = shell.traps.get('EXIT');
  if (action === undefined || action === '') return status;
  shell.traps.delete('EXIT');
  shell.status = status;
  shell.tolerant += 1;
  try {
    await interpreter.statements(shell, parseScript(action).commands);
    return status;
  } catch (error) {
    if (error instanceof Exit || error instanceof Return) return error.status;
    throw error;
  }
};
