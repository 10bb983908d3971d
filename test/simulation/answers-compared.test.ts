import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences } from './answers/compare.js';
import { normalise, normaliseLines } from './answers/normalise.js';
import type { Answer } from './answers/normalise.js';
import { readRecorded, writeRecorded } from './answers/recorded.js';
import { senderOf } from './answers/recorder.js';

const answer = (over: Partial<Answer> = {}): Answer => ({
  section: 'init',
  host: 'cp1',
  sender: 'adapters/etcd/read-etcd.ts readEtcd',
  command: 'c0ffee',
  end: 'exited 0',
  out: ['one', 'two'],
  err: [],
  ...over,
});

describe('differences', () => {
  it('are none between the same answers, however often the same was said in a row', () => {
    expect(differences([answer(), answer()], [answer()], [])).toEqual([]);
  });

  it('name who asked what of whom, and the lines', () => {
    expect(differences([answer()], [answer({ out: ['one', 'three'] })], [])).toEqual([
      'init: cp1: adapters/etcd/read-etcd.ts readEtcd\n  real      two\n  simulated three',
    ]);
  });

  it.each([
    ['another end', answer({ end: 'exited 1' })],
    ['another standard error', answer({ err: ['no'] })],
    ['another order', answer({ out: ['two', 'one'] })],
  ])('are seen: %s', (_what, other) => {
    expect(differences([answer()], [other], [])).toHaveLength(1);
  });

  it('are seen where real hosts were never asked; the product may come to ask less', () => {
    expect(differences([], [answer()], [])[0]).toContain('was never asked of real hosts');
    expect(differences([answer()], [], [])).toEqual([]);
  });

  it('are left out where they are allowed, and only for those senders', () => {
    const other = answer({ out: ['one', 'three'] });
    const line = /^(two|three)$/;
    expect(differences([answer()], [other], [{ line, because: 'so' }])).toEqual([]);
    expect(differences([answer()], [other], [{ sender: /kubeadm/, line, because: 'so' }])).toHaveLength(1);
  });
});

describe('a normalised answer', () => {
  it.each([
    ['token abcdef.0123456789abcdef', 'token <token>'],
    ['jws-kubeconfig-abcdef: eyJhbGciOiJIUzI1NiJ9..c2lnbmF0dXJl', 'jws-kubeconfig-<token id>: <jws>'],
    [`key: ${'QUJD'.repeat(30)}==`, 'key: <base64>'],
    [`id ${'ab12'.repeat(8)}`, 'id <hex32>'],
    [`hash sha256:${'ab12'.repeat(16)}`, 'hash sha256:<sha256>'],
    ['E1127 07:43:27.778567    1253 remote_runtime.go:1359] no', 'E <time> remote_runtime.go] no'],
    ['at 10.203.7.11:6443', 'at 10.203.0.11:6443'],
  ])('has nothing secret and nothing of the day: %s', (said, expected) => {
    expect(normaliseLines(said)).toEqual([expected]);
  });

  it('has no certificate, also not one with a word before each line', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIabc\nxyz\n-----END CERTIFICATE-----\n';
    expect(normaliseLines(pem)).toEqual(['<CERTIFICATE>']);
    expect(normaliseLines(pem.replaceAll(/^(?=.)/gm, 'ca-pem '))).toEqual(['ca-pem <CERTIFICATE>']);
  });

  it('takes objects apart by the names of what is in their lists', () => {
    expect(normaliseLines('{"items":[{"name":"b","ready":true},{"name":"a","ready":false}]}')).toEqual([
      '.items[a].name = "a"',
      '.items[a].ready = false',
      '.items[b].name = "b"',
      '.items[b].ready = true',
    ]);
  });

  it('tells the same command from another by what does not vary', () => {
    const of = (script: string): string =>
      normalise({
        ...answer(),
        line: 1,
        script,
        stdinBytes: 0,
        end: { kind: 'exited', code: 0 },
        stdout: '',
        stderr: '',
      }).command;
    expect(of(`echo quorate-${'a1'.repeat(12)}`)).toBe(of(`echo quorate-${'b2'.repeat(12)}`));
    expect(of('echo one')).not.toBe(of('echo two'));
  });
});

describe('recorded answers', () => {
  it('are read as they were written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'answers-'));
    try {
      const answers = [answer(), answer({ host: 'cp2' }), answer({ section: 'join', out: [], err: ['"quoted"'] })];
      writeRecorded(answers, folder);
      expect(readRecorded(folder)).toEqual(answers);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the sender of a command', () => {
  it('is the function that had it sent, not those that send for anybody', () => {
    const stack = `Error
    at callSite (/r/test/simulation/answers/recorder.ts:60:10)
    at Object.run (/r/test/simulation/answers/recorder.ts:90:10)
    at execute (/r/adapters/ssh/execute.ts:11:30)
    at writeFile (file:///r/adapters/ssh/write-file.ts:33:9)
    at async writeMarker (/r/adapters/host/marker.ts:25:9)`;
    expect(senderOf(stack, '/r')).toEqual({ sender: 'adapters/host/marker.ts writeMarker', line: 25 });
  });
});
