import type { CommandEnd, CommandOutcome, Host, RunOptions } from '../../adapters/ssh/types.js';

/** What a scripted host answers: text on standard output, or the parts of an outcome. */
export type FakeReply =
  string | { readonly end?: CommandEnd; readonly stdout?: string; readonly stderr?: string; readonly code?: number };

export interface FakeRun {
  readonly script: string;
  readonly options: RunOptions;
}

export type FakeRule = readonly [
  pattern: RegExp | ((run: FakeRun) => boolean),
  reply: FakeReply | ((run: FakeRun) => FakeReply | Promise<FakeReply>),
];

export interface FakeHost extends Host {
  /** Every script that was run, oldest first. */
  readonly runs: readonly FakeRun[];
}

const outcomeOf = (reply: FakeReply): CommandOutcome => {
  const parts = typeof reply === 'string' ? { stdout: reply } : reply;
  return {
    end: parts.end ?? { kind: 'exited', code: parts.code ?? 0 },
    stdout: parts.stdout ?? '',
    stderr: parts.stderr ?? '',
    truncated: false,
  };
};

/**
 * A host that runs nothing: the first rule that matches a script answers. A script that no rule knows is an error,
 * as is any change of a script that its rule no longer recognises.
 */
export const fakeHost = (name: string, rules: readonly FakeRule[]): FakeHost => {
  const runs: FakeRun[] = [];
  return {
    name,
    runs,
    run: async (script, options = {}) => {
      const run = { script, options };
      runs.push(run);
      const rule = rules.find(([pattern]) => (pattern instanceof RegExp ? pattern.test(script) : pattern(run)));
      if (rule === undefined) throw new Error(`no rule of the fake host ${name} knows this script:\n${script}`);
      const [, reply] = rule;
      const outcome = outcomeOf(typeof reply === 'function' ? await reply(run) : reply);
      if (outcome.stdout !== '') options.onStdout?.(outcome.stdout);
      return outcome;
    },
  };
};

/** The word that a script uses to mark its sections. */
export const markOf = (script: string): string => {
  const mark = /quorate-[0-9a-f]{24}/.exec(script)?.[0];
  if (mark === undefined) throw new Error(`no mark in this script:\n${script}`);
  return mark;
};

/** Output in sections, as `parseSections` reads it. */
export const sectioned = (script: string, sections: Readonly<Record<string, string>>): string =>
  Object.entries(sections)
    .map(([name, text]) => `\n${markOf(script)} ${name}\n${text}`)
    .join('');

/** A word of a shell script without its quotes, as `quote` makes them. */
export const unquoted = (word: string): string =>
  word.replaceAll(
    /'([^']*)'|\\(.)|([^'\\])/g,
    (_, inside?: string, escaped?: string, plain?: string) => inside ?? escaped ?? plain ?? '',
  );
