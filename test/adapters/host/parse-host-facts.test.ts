import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caHashOfPem } from '../../../adapters/host/ca-hash.js';
import { readKubeconfig } from '../../../adapters/host/kubeconfig.js';
import { parseHostFacts } from '../../../adapters/host/parse-host-facts.js';
import { splitPieces } from '../../../adapters/host/pieces.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { oldCa, prodCa } from './certificates.js';

const now = 1_800_000_000_000;
const least: readonly string[] = [
  `began ${now}000000`,
  'hostname cp3',
  'boot-id b',
  'memory MemTotal:  4028192 kB',
  'uname 6.1.0 x86_64',
  'cpus 4',
  'cgroup 2',
  'rules 0',
  `ended ${now}000000`,
];
const parse = (lines: readonly string[], before = now, after = now) =>
  parseHostFacts({ host: 'cp3', stdout: `${[...lines, 'end'].join('\n')}\n`, address: '10.0.0.3', before, after });

/** A line as any program on a host may print it. */
const line = fc.string({ unit: 'grapheme', maxLength: 80 }).map((text) => text.replaceAll(/[\n\r]/g, ' '));
const pieceNames = [
  'os',
  'unit',
  'link',
  'address',
  'disk',
  'disk-of',
  'listener',
  'sysctl',
  'swap',
  'mount',
  'kubeconfig',
  'kubeconfig-line',
  'ca-file',
  'ca-pem',
  'answers',
  'kubernetes-file',
  'kube-vip',
  'cni-file',
  'runtime',
  'kubeadm',
  'kubelet',
  'containerd',
  'marker',
];

describe('parseHostFacts', () => {
  it('needs no more than what every Linux machine tells', () => {
    expect(parse(least)).toMatchObject({ hostname: 'cp3', cpus: 4, memoryMiB: 3933, clockOffsetMs: 0, listeners: [] });
  });

  it('names each piece that it cannot do without', () => {
    for (const missing of least) {
      const piece = missing.split(' ')[0] ?? '';
      const rest = least.filter((one) => one !== missing);
      expect(() => parse(rest)).toThrow(`reading the host on cp3: the piece "${piece}" is missing`);
    }
  });

  it('takes any value of the other pieces without falling over', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...pieceNames), line)), (pieces) => {
        const facts = parse([...least, ...pieces.map(([piece, value]) => `${piece} ${value}`)]);
        expect(facts.hostname).toBe('cp3');
        expect(facts.swapOn).toBe(pieces.some(([piece]) => piece === 'swap'));
        expect(facts.kubernetesFiles).toHaveLength(pieces.filter(([piece]) => piece === 'kubernetes-file').length);
      }),
    );
  });

  it('answers any output with facts or with CommandFailed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.constantFrom(...least, 'end'))), (lines) => {
        try {
          parse(lines);
        } catch (error) {
          expect(error).toBeInstanceOf(QuorateError);
          expect((error as QuorateError).type).toBe('CommandFailed');
        }
      }),
    );
  });

  it('measures the clock whatever the time the script takes and the way takes, if it takes the same both ways', () => {
    const time = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(fc.integer({ min: -1e8, max: 1e8 }), time, time, (offset, way, script) => {
        const began = now + way + offset;
        const stamps = least.map((one) =>
          one.startsWith('began')
            ? `began ${began}000000`
            : one.startsWith('ended')
              ? `ended ${began + script}000000`
              : one,
        );
        expect(parse(stamps, now, now + 2 * way + script).clockOffsetMs).toBe(offset);
      }),
    );
  });

  it('keeps one listener per port and process', () => {
    const listeners = [
      'listener 10250 8 kubelet.service kubelet',
      'listener 10250 8 kubelet.service kubelet',
      'listener 2379 9 - my etcd',
    ];
    expect(parse([...least, ...listeners.map((one) => one)]).listeners).toEqual([
      { port: 2379, pid: 9, process: 'my etcd' },
      { port: 10_250, pid: 8, process: 'kubelet', unit: 'kubelet.service' },
    ]);
  });
});

describe('splitPieces', () => {
  it('gives back what was printed', () => {
    const word = fc.stringMatching(/^[a-z-]{1,12}$/).filter((text) => text !== 'end');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, line)), (pieces) => {
        const stdout = `${pieces.map(([piece, value]) => `${piece} ${value}`).join('\n')}\nend\n`;
        const read = splitPieces('cp3', 'reading', stdout);
        expect(read.all.filter(([piece]) => piece !== '')).toEqual(pieces);
        for (const [piece] of pieces)
          expect(read.values(piece)).toEqual(pieces.filter(([name]) => name === piece).map(([, value]) => value));
      }),
    );
  });

  it('refuses what was cut short', () => {
    const stdout = `${least.join('\n')}\nend\n`;
    for (let length = 0; length < stdout.length - 2; length++)
      expect(() => splitPieces('cp3', 'reading', stdout.slice(0, length))).toThrow(
        'reading on cp3: the output was cut short',
      );
  });
});

describe('readKubeconfig', () => {
  const cluster = (name: string, server: string, pem: string): string =>
    `- cluster: {server: "${server}", certificate-authority-data: ${Buffer.from(pem).toString('base64')}}\n  name: ${name}\n`;
  const two = `clusters:\n${cluster('old', 'https://old:6443', oldCa.pem)}${cluster('prod', 'https://prod:6443', prodCa.pem)}`;
  const read = (text: string, caFiles = new Map<string, string>()) =>
    readKubeconfig('/etc/kubernetes/x.conf', text, caFiles);

  it('follows the current context', () => {
    const contexts = 'contexts:\n- context: {cluster: prod}\n  name: p\n- context: {cluster: old}\n  name: o\n';
    expect(read(`${two}${contexts}current-context: p\n`)).toMatchObject({
      server: 'https://prod:6443',
      caHash: prodCa.hash,
    });
    expect(read(`${two}${contexts}current-context: o\n`)).toMatchObject({
      server: 'https://old:6443',
      caHash: oldCa.hash,
    });
    expect(read(`${two}${contexts}current-context: gone\n`)).toMatchObject({ server: 'https://old:6443' });
    expect(read(two)).toMatchObject({ server: 'https://old:6443' });
  });

  it('resolves a CA file as kubectl does', () => {
    const files = new Map([
      ['/etc/kubernetes/pki/ca.crt', prodCa.pem],
      ['/ca.crt', oldCa.pem],
    ]);
    const named = (path: string): string =>
      `clusters:\n- cluster: {server: s, certificate-authority: ${path}}\n  name: x\n`;
    expect(read(named('pki/ca.crt'), files).caHash).toBe(prodCa.hash);
    expect(read(named('/ca.crt'), files).caHash).toBe(oldCa.hash);
    expect(read(named('gone.crt'), files)).toEqual({ file: '/etc/kubernetes/x.conf', server: 's' });
  });

  it('leaves out what it cannot read, whatever the file is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(read(text).file).toBe('/etc/kubernetes/x.conf');
      }),
    );
    expect(read('clusters:\n- cluster: {server: s, certificate-authority-data: AAAA}\n')).toEqual({
      file: '/etc/kubernetes/x.conf',
      server: 's',
    });
  });
});

describe('caHashOfPem', () => {
  it('is what openssl says', () => {
    expect(caHashOfPem(prodCa.pem)).toBe(prodCa.hash);
    expect(caHashOfPem(`${oldCa.pem}${prodCa.pem}`)).toBe(oldCa.hash);
    expect(caHashOfPem('no certificate')).toBeUndefined();
  });
});
