// Who does something in a simulated world, told by where its process runs.
import type { Process } from '../../../../lab/simulation/system/process.js';

/** `product`: over SSH, or in a unit of its own. `person`: at the console. `system`: what hosts run by themselves. */
export type Actor = 'product' | 'person' | 'system';

/** Units that people would run Quorate itself in are none of an operation's. */
const ofOperation = /^quorate-(?!worker|server|dev)[a-z0-9-]+\.service$/;

export const unitOf = ({ controlGroup }: Process): string => controlGroup.replace(/^.*\//, '');

export const actorOf = (process: Process | undefined): Actor => {
  if (process === undefined) return 'system';
  const { controlGroup } = process;
  if (controlGroup.endsWith('/console.scope')) return 'person';
  if (controlGroup.endsWith('/session.scope')) return 'product';
  return ofOperation.test(unitOf(process)) ? 'product' : 'system';
};

const changing = new Set(['init', 'join', 'reset']);

/** `init`, `join` or `reset` when the process is such a kubeadm, not one of its phases alone. */
export const kubeadmCommandOf = ({ argv }: Process): 'init' | 'join' | 'reset' | undefined => {
  const [program = '', command = '', next] = argv;
  return program.endsWith('kubeadm') && changing.has(command) && next !== 'phase'
    ? (command as 'init' | 'join' | 'reset')
    : undefined;
};

/** Folder of the configuration that a command line names: one for each operation. */
export const folderOf = ({ argv }: Process): string => {
  const path = argv[argv.indexOf('--config') + 1];
  return argv.includes('--config') && path !== undefined ? path.replace(/\/[^/]*$/, '') : '';
};

/** The script that a process belongs to: what was sent over SSH, or typed at a console. Empty for a unit's. */
export const scriptOf = (process: Process): string => {
  let script = '';
  for (let at: Process | undefined = process; at !== undefined; at = at.parent) {
    const [program = '', option, text = ''] = at.argv;
    if (/(^|\/)(sh|bash)$/.test(program) && option === '-c' && text.length > script.length) script = text;
  }
  return script;
};
