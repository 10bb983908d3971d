import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeLayer, writeArchive } from '../../../lab/build/oci-archive.js';
import { file, folder, symlink, tar } from '../../../lab/build/tar.js';

interface Descriptor {
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'lab-oci-'));
});
afterEach(() => rmSync(work, { recursive: true }));

const sha256 = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

describe('tar', () => {
  test('is read by tar(1), with modes, links, and paths longer than 100 bytes', () => {
    const long = `${'folder/'.repeat(18)}program`;
    const archive = Buffer.concat(
      tar([
        folder('tmp', 0o1777),
        file('bin/tool', Buffer.from('x'.repeat(513)), 0o755),
        symlink('bin/link', 'tool'),
        file(long, Buffer.from('deep')),
      ]),
    );
    expect(archive.length % 512).toBe(0);
    execFileSync('tar', ['-x', '-C', work], { input: archive });
    expect(statSync(join(work, 'bin/link')).size).toBe(513);
    expect(statSync(join(work, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(work, long), 'utf8')).toBe('deep');
    const listed = execFileSync('tar', ['-tv'], { input: archive, encoding: 'utf8' });
    expect(listed).toContain('drwxrwxrwt');
    expect(listed).toContain('bin/link -> tool');
  });

  test('refuses a path that the format cannot hold', () => {
    expect(() => tar([file('x'.repeat(101), Buffer.alloc(0))])).toThrow('Path too long');
  });
});

describe('an OCI archive', () => {
  test('names every image, and holds a layer that images share once', () => {
    const shared = makeLayer([file('shared', Buffer.from('shared'))]);
    const own = makeLayer([file('own', Buffer.from('own'))]);
    const path = join(work, 'images.tar');
    writeArchive(path, [
      { names: ['registry.k8s.io/a:v1'], layers: [shared], entrypoint: ['a'] },
      { names: ['localhost/b:1', 'localhost/b:2'], layers: [shared, own], entrypoint: ['/b'] },
    ]);
    execFileSync('tar', ['-xf', path, '-C', work]);
    const read = (name: string): Buffer => readFileSync(join(work, name));
    const blob = (digest: string): Buffer => read(`blobs/sha256/${digest.slice('sha256:'.length)}`);
    const index = JSON.parse(read('index.json').toString()) as { manifests: Descriptor[] };
    expect(index.manifests.map((each) => each.annotations?.['io.containerd.image.name'])).toEqual([
      'registry.k8s.io/a:v1',
      'localhost/b:1',
      'localhost/b:2',
    ]);
    expect(index.manifests.map((each) => each.annotations?.['org.opencontainers.image.ref.name'])).toEqual([
      'v1',
      '1',
      '2',
    ]);
    for (const image of index.manifests) {
      const manifest = JSON.parse(blob(image.digest).toString()) as { config: Descriptor; layers: Descriptor[] };
      const config = JSON.parse(blob(manifest.config.digest).toString()) as { rootfs: { diff_ids: string[] } };
      for (const part of [image, manifest.config, ...manifest.layers]) {
        expect(sha256(blob(part.digest))).toBe(part.digest);
        expect(blob(part.digest).length).toBe(part.size);
      }
      expect(manifest.layers.map((layer) => sha256(gunzipSync(blob(layer.digest))))).toEqual(config.rootfs.diff_ids);
    }
    const blobs = execFileSync('tar', ['-tf', path], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.startsWith('blobs/'));
    // Two layers, two configurations, two manifests.
    expect(blobs).toHaveLength(6);
  });

  test('has the same bytes whenever it is made', () => {
    const entries = [file('a', Buffer.from('a')), folder('b')];
    expect(makeLayer(entries).digest).toBe(makeLayer(entries).digest);
  });
});
