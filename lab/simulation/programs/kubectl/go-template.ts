import { decode } from '../../kubernetes/objects.js';

// Go templates, as far as scripts use them with kubectl: fields, range, with, if, else, end, literals and base64decode.

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly pipeline: string }
  | {
      readonly kind: 'block';
      readonly word: string;
      readonly pipeline: string;
      readonly body: Node[];
      readonly otherwise: Node[];
    };

const parse = (template: string): Node[] => {
  const root: Node[] = [];
  const stack: { nodes: Node[]; block?: Extract<Node, { kind: 'block' }> }[] = [{ nodes: root }];
  for (const [whole, action] of template.matchAll(/\{\{-?\s*((?:"(?:[^"\\]|\\.)*"|[^}])*?)\s*-?\}\}|[^{]+|\{/g)) {
    const top = stack.at(-1) as { nodes: Node[]; block?: Extract<Node, { kind: 'block' }> };
    if (action === undefined) {
      top.nodes.push({ kind: 'text', text: whole });
      continue;
    }
    const word = /^(range|with|if)\s+(.*)$/s.exec(action);
    if (word !== null) {
      const block: Extract<Node, { kind: 'block' }> = {
        kind: 'block',
        word: word[1] ?? '',
        pipeline: word[2] ?? '',
        body: [],
        otherwise: [],
      };
      top.nodes.push(block);
      stack.push({ nodes: block.body, block });
    } else if (action === 'else' && top.block !== undefined) top.nodes = top.block.otherwise;
    else if (action === 'end') stack.pop();
    else top.nodes.push({ kind: 'value', pipeline: action });
  }
  return root;
};

const operand = (text: string, dot: unknown): unknown => {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  const index = /^index\s+(\S+)\s+"([^"]+)"$/.exec(text);
  if (index !== null) return (operand(index[1] ?? '.', dot) as Record<string, unknown> | undefined)?.[index[2] ?? ''];
  if (text === '.') return dot;
  return text
    .split('.')
    .filter((name) => name !== '')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined | null)?.[name], dot);
};

const evaluate = (pipeline: string, dot: unknown): unknown =>
  pipeline
    .split('|')
    .map((part) => part.trim())
    .reduce<unknown>((value, part, position) => {
      if (position === 0) return operand(part, dot);
      return part === 'base64decode' ? decode(value as string) : value;
    }, undefined);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

const render = (nodes: readonly Node[], dot: unknown): string =>
  nodes
    .map((node): string => {
      if (node.kind === 'text') return node.text;
      const value = evaluate(node.pipeline, dot);
      if (node.kind === 'value') return value === undefined ? '<no value>' : String(value as string);
      if (isEmpty(value)) return render(node.otherwise, dot);
      if (node.word === 'range')
        return Object.values(value as object)
          .map((one) => render(node.body, one))
          .join('');
      return render(node.body, node.word === 'with' ? value : dot);
    })
    .join('');

export const renderGoTemplate = (template: string, value: unknown): string => render(parse(template), value);
