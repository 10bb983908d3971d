import { printable } from '../printable.js';
import { characterProblems } from './characters.js';
import { crossCheck } from './cross-checks.js';
import { readDeclared } from './declared.js';
import { missingMessage, problemsOfIssue } from './issues.js';
import { defaultServiceSubnet } from './networking.js';
import { isMap, type ValueProblem } from './problem.js';
import { secretIn, withoutSecrets } from './secrets.js';
import { Specification } from './specification.js';
import { textProblems } from './texts.js';

export type Validated =
  | { readonly ok: true; readonly specification: Specification; readonly warnings: readonly ValueProblem[] }
  | { readonly ok: false; readonly problems: readonly ValueProblem[]; readonly warnings: readonly ValueProblem[] };

const secretProblems = (value: unknown): ValueProblem[] =>
  textProblems(value, (text) => {
    const what = secretIn(text);
    return what === undefined
      ? undefined
      : {
          message: `looks like ${what}; a specification holds no secrets`,
          instead: 'leave it out: Quorate makes short-lived credentials itself. Revoke this one if it is real',
        };
  });

/** What was written is quoted in messages, so a secret in it must not come along. */
const redacted = (problem: ValueProblem): ValueProblem => ({
  at: problem.at,
  path: problem.path.map((part) => (typeof part === 'string' ? withoutSecrets(part) : part)),
  message: printable(withoutSecrets(problem.message)),
  instead: printable(withoutSecrets(problem.instead)),
});

/**
 * Checks a plain value, as YAML or JSON gives it, and fills in defaults. Every problem is reported at once, also those
 * between fields while others are wrong; a field that looks like a secret is reported as that alone.
 */
export const validateSpecification = (value: unknown): Validated => {
  const parsed = Specification.safeParse(value);
  const secrets = secretProblems(value);
  const secretPaths = new Set(secrets.map(({ path }) => JSON.stringify(path)));
  const unseen = characterProblems(value).filter(({ path }) => !secretPaths.has(JSON.stringify(path)));
  const first = [...secrets, ...unseen];
  const firstPaths = new Set(first.map(({ path }) => JSON.stringify(path)));
  const { problems: between, warnings } = crossCheck(readDeclared(value, defaultServiceSubnet));
  const all = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, value));
  const meant = new Set(all.flatMap((problem) => (problem.meant === undefined ? [] : [JSON.stringify(problem.meant)])));
  const issues = all.filter(({ path, message }) => message !== missingMessage || !meant.has(JSON.stringify(path)));
  // Without hosts at all the schema has said enough.
  const noHosts = all.some(
    ({ path, at }) => at === 'key' && path.length <= 2 && ['spec', 'hosts'].includes(String(path.at(-1))),
  );
  const problems = [
    ...first,
    ...[...issues, ...(isMap(value) && !noHosts ? between : [])].filter(
      ({ path }) => !firstPaths.has(JSON.stringify(path)),
    ),
  ].map(redacted);
  return parsed.success && problems.length === 0
    ? { ok: true, specification: parsed.data, warnings: warnings.map(redacted) }
    : { ok: false, problems, warnings: warnings.map(redacted) };
};
