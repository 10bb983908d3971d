import type { Program } from '../../system/process.js';
import type { JournalEntry } from '../../system/journal.js';
import { parseOptions } from '../../text/input.js';

const units: Readonly<Record<string, number>> = { s: 1000, sec: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

const since = (text: string, now: number): number => {
  const relative = /^-(\d+)\s*(s|sec|min|h|d)/.exec(text);
  if (relative !== null) return now - Number(relative[1]) * (units[relative[2] ?? 's'] ?? 1000);
  return text.startsWith('@') ? Number(text.slice(1)) * 1000 : Date.parse(text);
};

const line = ({ at, identifier, pid, text }: JournalEntry, output: string, host: string): string => {
  if (output === 'cat') return text;
  const time = new Date(at).toUTCString().replace(/^\w+, (\d+) (\w+) \d+ ([\d:]+).*$/, '$2 $1 $3');
  return `${time} ${host} ${identifier}[${pid}]: ${text}`;
};

export const journalctl: Program = (process, args) => {
  const { flags, values, all } = parseOptions(args, 'unoSt', ['unit', 'lines', 'output', 'since', 'identifier']);
  const { machine } = process;
  const wanted = [...all('u'), ...all('unit')].map((name) => (name.includes('.') ? name : `${name}.service`));
  const from = values.get('S') ?? values.get('since');
  const start = from === undefined ? 0 : since(from, machine.now());
  const entries = machine.journal
    .entries()
    .filter(({ unit, at }) => (wanted.length === 0 || wanted.includes(unit)) && at >= start);
  const count = values.get('n') ?? values.get('lines');
  const reversed = flags.has('r') || flags.has('reverse');
  const most = count === undefined || count === 'all' ? Infinity : Number(count);
  // With --since alone, --lines counts from the oldest.
  const chosen =
    most === Infinity
      ? entries
      : from !== undefined && !reversed
        ? entries.slice(0, most)
        : entries.slice(Math.max(0, entries.length - most));
  const shown = reversed ? chosen.toReversed() : chosen;
  const output = values.get('o') ?? values.get('output') ?? 'short';
  if (shown.length === 0) process.print('-- No entries --\n');
  else process.print(shown.map((entry) => `${line(entry, output, machine.hostname)}\n`).join(''));
  return 0;
};
