import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  isAlias,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml';
import { z } from 'zod';
import { pathText, type ValueProblem } from '../../model/specification/problem.js';
import { withoutSecrets } from '../../model/specification/secrets.js';
import type { Specification } from '../../model/specification/specification.js';
import { validateSpecification } from '../../model/specification/validate.js';

/** One thing that is wrong in a specification file. Free of secrets. */
export const Problem = z.object({
  file: z.string(),
  /** From 1. */
  line: z.number().int(),
  /** From 1. */
  column: z.number().int(),
  /** Such as `spec.hosts.cp2.address`; empty for the file as a whole. */
  path: z.string(),
  message: z.string(),
  /** What to write instead. */
  instead: z.string(),
});
export type Problem = z.infer<typeof Problem>;

export type ParsedSpecification =
  | { readonly ok: true; readonly specification: Specification; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** One line in the format of compilers, which editors and terminals turn into a link. */
export const problemText = ({ file, line, column, path, message, instead }: Problem): string =>
  `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}; ${instead}`;

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

/** The offset of the key or the value at a path; of the nearest part of the path that is there. */
const offsetOf = (document: Document.Parsed, { path, at }: ValueProblem): number => {
  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  const start = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);
  let node: unknown = document.contents;
  let offset = start(node) ?? 0;
  for (const [index, part] of path.entries()) {
    const inner = resolve(node);
    const isLast = index === path.length - 1;
    if (isMap(inner)) {
      const pair = inner.items.find((item) => isPair(item) && keyText(item.key) === String(part));
      if (pair === undefined) return offset;
      const key = start(pair.key) ?? offset;
      // A key without a value has nowhere else to point to.
      const value = isScalar(pair.value) && pair.value.source === '' ? undefined : start(pair.value as Node | null);
      // A whole map or list is shown at its key: what it holds begins on another line.
      offset = isLast && at === 'value' && isScalar(resolve(pair.value)) ? (value ?? key) : key;
      node = pair.value;
    } else if (isSeq(inner)) {
      const item = inner.items[Number(part)];
      if (item === undefined) return offset;
      offset = start(item) ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
};

/** Of the yaml library's messages the first sentence; the rest is the excerpt and the place, which stand beside it. */
const firstLine = (text: string): string =>
  (text.split('\n')[0] ?? text).replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '');

const syntaxHelp: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'keep one of the two',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'align it with its neighbours',
  MULTILINE_IMPLICIT_KEY: 'look for a missing ": " or quote above',
  BLOCK_AS_IMPLICIT_KEY: 'put what follows the colon on a line of its own, or quote it',
  BAD_ALIAS: 'define the anchor (&name) before it is used',
  MISSING_CHAR: 'close the quote or bracket that was opened',
};

/**
 * Reads and checks the text of a `cluster.yaml`. Reports every problem at once, each with its place, what is wrong and
 * what to write instead.
 * @param file name of the file as messages show it
 */
export const parseSpecification = (text: string, file: string): ParsedSpecification => {
  const lines = new LineCounter();
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const whole = (message: string, instead: string, offset = 0): ParsedSpecification => ({
    ok: false,
    problems: [{ file, ...place(offset), path: '', message, instead }],
  });

  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: true, strict: true });
  if (!Array.isArray(documents) || documents.length === 0)
    return whole('the file is empty', 'begin with apiVersion: quorate.dev/v1alpha1 and kind: Cluster; see examples/');
  const errors = documents.flatMap((one) => one.errors);
  if (errors.length > 0)
    return {
      ok: false,
      problems: errors.map((error) => ({
        file,
        ...place(error.pos[0]),
        path: '',
        message: withoutSecrets(`no valid YAML: ${firstLine(error.message)}`),
        instead: syntaxHelp[error.code] ?? 'correct the YAML',
      })),
    };
  const [document, second] = documents;
  if (document === undefined) return whole('the file is empty', 'write one cluster');
  if (second !== undefined)
    return whole('there are several documents in the file', 'keep one cluster per file', second.range[0]);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
    return whole('the file is empty', 'begin with apiVersion: quorate.dev/v1alpha1 and kind: Cluster; see examples/');
  if (!isMap(document.contents))
    return whole('the file is not a map', 'begin with apiVersion: quorate.dev/v1alpha1', document.contents.range[0]);

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return whole(`no valid YAML: ${firstLine(String(error))}`, 'write out what the aliases (*name) stand for');
  }
  const validated = validateSpecification(value);
  const located = (problems: readonly ValueProblem[]): Problem[] =>
    problems
      .map((problem) => ({ problem, offset: offsetOf(document, problem) }))
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ problem: { path, message, instead }, offset }) => ({
        file,
        ...place(offset),
        path: pathText(path),
        message,
        instead,
      }));
  return validated.ok
    ? { ok: true, specification: validated.specification, warnings: located(validated.warnings) }
    : { ok: false, problems: located(validated.problems) };
};
