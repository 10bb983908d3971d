import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKnownKeys, knownHostName, knownKeysIn } from '../../../../adapters/ssh/connection/known-hosts.js';
import { newKey } from '../support/server.js';
import { makeFolder } from '../support/sshd.js';

const key = newKey().public.trim();
const bytes = Buffer.from(key.split(' ')[1] ?? '', 'base64');
const other = newKey().public.trim();

const linesFor = (text: string, name: string): number[] => knownKeysIn(text, 'f', name).map(({ line }) => line);

describe('knownKeysIn', () => {
  it('reads type, key and line, and passes over comments and nonsense', () => {
    const text = `# comment\n\ncp1 ${key} a comment\ncp1 ssh-ed25519\ncp1 ssh-rsa ${key.split(' ')[1]}\nnonsense\n`;
    expect(knownKeysIn(text, 'f', 'cp1')).toEqual([
      { file: 'f', line: 3, type: 'ssh-ed25519', key: bytes, revoked: false },
    ]);
  });

  it('matches lists, wildcards and negation', () => {
    const text = [`cp1,cp2,10.0.0.1 ${key}`, `*.example.com,!bad.example.com ${key}`, `cp? ${key}`].join('\n');
    expect(linesFor(text, 'cp2')).toEqual([1, 3]);
    expect(linesFor(text, '10.0.0.1')).toEqual([1]);
    expect(linesFor(text, 'a.example.com')).toEqual([2]);
    expect(linesFor(text, 'bad.example.com')).toEqual([]);
    expect(linesFor(text, 'cp10')).toEqual([]);
    expect(linesFor(text, '10x0x0x1')).toEqual([]);
  });

  it('takes brackets for text, not for a class of characters', () => {
    expect(linesFor(`[cp1]:2222 ${key}`, knownHostName('CP1', 2222))).toEqual([1]);
    expect(linesFor(`[cp1]:2222 ${key}`, 'c')).toEqual([]);
  });

  it('keeps revoked keys apart and leaves out certificate authorities', () => {
    const text = `@revoked cp1 ${key}\n@cert-authority * ${other}\n`;
    expect(knownKeysIn(text, 'f', 'cp1').map(({ revoked }) => revoked)).toEqual([true]);
  });
});

describe('findKnownKeys', () => {
  const folder = makeFolder();
  const plain = join(folder, 'plain');
  const hashed = join(folder, 'hashed');
  beforeAll(() => {
    writeFileSync(plain, `cp1,10.0.0.1 ${key}\n[cp2]:2222 ${key}\ncp2 ${other}\n`);
    writeFileSync(hashed, readFileSync(plain));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds the entries that ssh-keygen -H made', () => {
    expect(readFileSync(hashed, 'utf8')).not.toContain('cp1');
    for (const [host, port] of [
      ['cp1', 22],
      ['10.0.0.1', 22],
      ['cp2', 2222],
    ] as const) {
      expect(findKnownKeys([hashed], host, port).map((found) => found.key)).toEqual([bytes]);
    }
    expect(findKnownKeys([hashed], 'cp3', 22)).toEqual([]);
  });

  it('falls back to the name without its port only when the port has no key of its own', () => {
    expect(findKnownKeys([plain], 'cp1', 2222).map(({ line }) => line)).toEqual([1]);
    expect(findKnownKeys([plain], 'cp2', 2222).map(({ line }) => line)).toEqual([2]);
    expect(findKnownKeys([plain], 'cp2', 22).map(({ line }) => line)).toEqual([3]);
  });

  it('takes a missing file for an empty one', () => {
    expect(findKnownKeys([join(folder, 'missing'), plain], 'cp1', 22)).toHaveLength(1);
  });
});
