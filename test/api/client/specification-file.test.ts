import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseSpecification, problemText } from '../../../api/client/specification-file.js';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const good = readFileSync(`${examples}three-control-planes.yaml`, 'utf8');

const problems = (text: string): string[] => {
  const result = parseSpecification(text, 'cluster.yaml');
  return result.ok ? [] : result.problems.map(problemText);
};
/** The good example with a text replaced. */
const withText = (from: string, to: string): string => {
  if (!good.includes(from)) throw new Error(`the example has no ${from}`);
  return good.replace(from, to);
};

describe('examples', () => {
  it.each(readdirSync(examples).filter((file) => file.endsWith('.yaml')))('%s is valid, without a warning', (file) => {
    const result = parseSpecification(readFileSync(`${examples}${file}`, 'utf8'), file);
    expect(result).toMatchObject({ ok: true, warnings: [] });
  });

  it('there are some', () => {
    expect(readdirSync(examples).length).toBeGreaterThan(1);
  });
});

describe('places', () => {
  const lineOf = (text: string, needle: string): string => {
    const index = text.indexOf(needle);
    if (index === -1) throw new Error(`no ${needle}`);
    const before = text.slice(0, index).split('\n');
    return `cluster.yaml:${before.length}:${(before.at(-1) ?? '').length + 1}`;
  };

  it('a wrong value is shown where it stands', () => {
    const text = withText('address: 10.203.0.12', 'address: 10.203.0.999');
    expect(problems(text)).toEqual([
      `${lineOf(text, '10.203.0.999')}: spec.hosts.cp2.address: "10.203.0.999" is not an IP address; write for example 10.203.0.11`,
    ]);
  });

  it('an unknown key is shown at the key', () => {
    const text = withText('role: worker', 'rôle: worker, role: worker');
    expect(problems(text)[0]).toContain(`${lineOf(text, 'rôle')}: spec.hosts.w1["rôle"]: there is no such field`);
  });

  it('a missing key is shown at what should have it', () => {
    const text = withText('{ role: control-plane, address: 10.203.0.12 }', '{ role: control-plane }');
    expect(problems(text)[0]).toContain(`${lineOf(text, 'cp2:')}: spec.hosts.cp2.address: is missing`);
  });

  it('a key without a value is shown at the key', () => {
    const text = withText('controlPlaneEndpoint: 10.203.0.10:6443', 'controlPlaneEndpoint:');
    expect(problems(text)[0]).toContain(
      `${lineOf(text, 'controlPlaneEndpoint:')}: spec.controlPlaneEndpoint: is empty, not text`,
    );
  });

  it('an item of a list is shown where it stands', () => {
    const text = withText('hosts: [lb1]', 'hosts:\n      - lb1\n      - cp1');
    expect(problems(text)[0]).toContain(
      `${lineOf(text, 'cp1\n')}: spec.loadBalancer.hosts[1]: cp1 has the role "control-plane"`,
    );
  });

  it('a map where text should be is shown at its key', () => {
    const text = withText('podSubnet: 10.244.0.0/16', 'podSubnet:\n      - 10.244.0.0/16');
    expect(problems(text)[0]).toContain(`${lineOf(text, 'podSubnet')}: spec.networking.podSubnet: is a list, not text`);
  });

  it('what comes from an anchor is shown where it is used', () => {
    const text = withText('address: 10.203.0.11 }', 'address: &a 10.203.0.999 }').replace(
      'address: 10.203.0.12',
      'address: *a',
    );
    const found = problems(text);
    expect(found[0]).toContain(
      `${lineOf(text, '&a')}: spec.hosts.cp1.address`.replace(
        /:(\d+): spec/,
        (_, column: string) => `:${Number(column) + 3}: spec`,
      ),
    );
    expect(found[1]).toContain(`${lineOf(text, '*a')}: spec.hosts.cp2.address`);
  });

  it('problems come in the order of the file', () => {
    const text = withText('name: prod', 'name: PROD')
      .replace('address: 10.203.0.21', 'address: x')
      .replace('v1.37.1', 'v1');
    expect(problems(text).map((line) => line.split(': ')[1])).toEqual([
      'metadata.name',
      'spec.kubernetesVersion',
      'spec.hosts.w1.address',
    ]);
  });

  it('lines end in CRLF too', () => {
    const text = withText('name: prod', 'name: PROD').replaceAll('\n', '\r\n');
    expect(problems(text)[0]).toMatch(/^cluster\.yaml:7:9: metadata\.name/);
  });
});

describe('files that are no specification', () => {
  it.each([
    ['an empty file', '', 1, 'the file is empty'],
    ['a comment', '# nothing\n', 1, 'the file is empty'],
    ['an empty document', '---\n', 1, 'the file is empty'],
    ['a list', '- a\n', 1, 'the file is not a map'],
    ['text', 'cluster\n', 1, 'the file is not a map'],
    ['two documents', 'kind: Cluster\n---\nkind: Cluster\n', 2, 'there are several documents in the file'],
    [
      'a key twice',
      'kind: Cluster\nspec: {}\nkind: Cluster\n',
      3,
      'no valid YAML: Map keys must be unique; keep one of the two',
    ],
    ['a tab', 'spec:\n\thosts: {}\n', 2, 'no valid YAML: Tabs are not allowed as indentation; indent with spaces'],
    ['an open bracket', 'spec: [1, 2\nkind: Cluster\n', 2, 'no valid YAML:'],
    ['an open quote', 'kind: "Cluster\n', 1, 'no valid YAML: Missing closing "quote'],
    ['two colons', 'spec: hosts: {}\n', 1, 'no valid YAML: Nested mappings are not allowed in compact mappings'],
    ['an unknown alias', 'kind: *other\n', 1, 'no valid YAML:'],
  ])('%s', (_, text, line, message) => {
    const result = parseSpecification(text, 'cluster.yaml');
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(problemText(result.problems[0]!)).toContain(message);
    expect(Math.abs(result.problems[0]!.line - line)).toBeLessThanOrEqual(
      message === 'no valid YAML: Missing closing "quote' ? 1 : 0,
    );
    expect(result.problems[0]!.column).toBeGreaterThan(0);
    expect(result.problems[0]!.instead).not.toBe('');
  });

  it('an alias bomb', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
    ];
    const found = problems(bomb.join('\n'));
    expect(found[0]).toContain('no valid YAML');
  });

  it('shows no secret that stands in broken YAML', () => {
    const found = problems('spec:\n  "abcdef.0123456789abcdef": 1\n  "abcdef.0123456789abcdef": 2\n');
    expect(found.length).toBeGreaterThan(0);
    expect(found.join()).not.toContain('0123456789abcdef');
  });

  it('shows no secret of a good file either', () => {
    const found = problems(withText('name: prod', 'name: abcdef.0123456789abcdef'));
    expect(found[0]).toContain('looks like a bootstrap token');
    expect(found.join()).not.toContain('0123456789abcdef');
  });
});

describe('warnings', () => {
  it('have a place too', () => {
    const text = withText('hosts: [lb1]', 'hosts: [lb1]').replace(
      '  policy:',
      '    lb2: { role: load-balancer, address: 10.203.0.9 }\n  policy:',
    );
    const result = parseSpecification(text, 'cluster.yaml');
    expect(result.ok && result.warnings.map(problemText)).toEqual([
      expect.stringMatching(/^cluster\.yaml:24:5: spec\.hosts\.lb2: lb2 is a load balancer that nothing uses/),
    ]);
  });
});
