// kubectl's JSONPath, as far as scripts use it: fields, [*], [N], [?(@.a=="b")], range/end and literals in quotes.

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly equals: boolean; readonly value: string };

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly steps: readonly Step[] }
  | { readonly kind: 'range'; readonly steps: readonly Step[]; readonly body: readonly Node[] };

const parseSteps = (text: string): Step[] => {
  const steps: Step[] = [];
  const pattern =
    /\.([\w/-]+(?:\\\.[\w/-]+)*)|\['([^']*)'\]|\[\*\]|\.\*|\[(-?\d+)\]|\[\?\(@(.*?)\s*(==|!=)\s*["']?([^"')]*)["']?\)\]/g;
  for (const match of text.matchAll(pattern)) {
    const [whole, name, quoted, index, path, operator, value] = match;
    if (name !== undefined || quoted !== undefined)
      steps.push({ kind: 'field', name: (quoted ?? name ?? '').replaceAll('\\.', '.') });
    else if (whole === '[*]' || whole === '.*') steps.push({ kind: 'all' });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'filter', path: parseSteps(path ?? ''), equals: operator === '==', value: value ?? '' });
  }
  return steps;
};

const parse = (template: string): readonly Node[] => {
  const pieces = template.match(/\{[^{}]*\}|[^{}]+/g) ?? [];
  const stack: { nodes: Node[]; steps: readonly Step[] }[] = [{ nodes: [], steps: [] }];
  for (const piece of pieces) {
    const top = stack.at(-1) as { nodes: Node[]; steps: readonly Step[] };
    if (!piece.startsWith('{')) {
      top.nodes.push({ kind: 'text', text: piece });
      continue;
    }
    const inner = piece.slice(1, -1).trim();
    const literal = /^"((?:[^"\\]|\\.)*)"$/.exec(inner);
    if (literal !== null) top.nodes.push({ kind: 'text', text: JSON.parse(`"${literal[1]}"`) as string });
    else if (inner.startsWith('range ')) stack.push({ nodes: [], steps: parseSteps(inner.slice(6)) });
    else if (inner === 'end') {
      stack.pop();
      stack.at(-1)?.nodes.push({ kind: 'range', steps: top.steps, body: top.nodes });
    } else top.nodes.push({ kind: 'path', steps: parseSteps(inner.replace(/^[$@]/, '')) });
  }
  return stack[0]?.nodes ?? [];
};

const select = (values: readonly unknown[], step: Step): unknown[] =>
  values.flatMap((value): unknown[] => {
    if (typeof value !== 'object' || value === null) return [];
    switch (step.kind) {
      case 'field': {
        const found = (value as Record<string, unknown>)[step.name];
        return found === undefined ? [] : [found];
      }
      case 'all':
        return Object.values(value) as unknown[];
      case 'index': {
        const found = Array.isArray(value) ? (value.at(step.index) as unknown) : undefined;
        return found === undefined ? [] : [found];
      }
      case 'filter':
        return (Object.values(value) as unknown[]).filter((one) => {
          const [found] = step.path.reduce<unknown[]>(select, [one]);
          return (String(found as string) === step.value) === step.equals;
        });
    }
  });

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value as string));

const render = (nodes: readonly Node[], value: unknown): string =>
  nodes
    .map((node) => {
      if (node.kind === 'text') return node.text;
      const found = node.steps.reduce<unknown[]>(select, [value]);
      if (node.kind === 'path') return found.map(shown).join(' ');
      return found.map((one) => render(node.body, one)).join('');
    })
    .join('');

export const renderJsonPath = (template: string, value: unknown): string => render(parse(template), value);
