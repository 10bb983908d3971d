// Writes an OCI image archive: many images in one file, layers shared between them, as `ctr image import` takes it.
import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { file, tar, type TarEntry } from './tar.js';

export interface Layer {
  compressed: Buffer;
  digest: string;
  /** Digest of the layer before compression, by which a runtime knows it. */
  diffId: string;
}

export interface Image {
  /** Full names, such as `registry.k8s.io/pause:3.10.2`. */
  names: readonly string[];
  layers: readonly Layer[];
  entrypoint: readonly string[];
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export function makeLayer(entries: Iterable<TarEntry>): Layer {
  const raw = Buffer.concat(tar(entries));
  const compressed = gzipSync(raw, { level: 1 });
  return { compressed, digest: digestOf(compressed), diffId: digestOf(raw) };
}

/** The entries of an archive with these images; `writeArchive` puts them in a file. */
function archiveEntries(images: readonly Image[]): TarEntry[] {
  const blobs = new Map<string, Buffer>();
  const put = (content: Buffer): { digest: string; size: number } => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { digest, size: content.length };
  };
  const manifests = images.flatMap((image) => {
    for (const layer of image.layers) blobs.set(layer.digest, layer.compressed);
    const config = put(
      json({
        architecture: 'amd64',
        os: 'linux',
        config: { Entrypoint: image.entrypoint, Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
        rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) },
      }),
    );
    const manifest = put(
      json({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: CONFIG, ...config },
        layers: image.layers.map((layer) => ({
          mediaType: LAYER,
          digest: layer.digest,
          size: layer.compressed.length,
        })),
      }),
    );
    return image.names.map((name) => ({
      mediaType: MANIFEST,
      ...manifest,
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      },
    }));
  });
  return [
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', json({ schemaVersion: 2, manifests })),
    ...[...blobs].map(([digest, content]) => file(`blobs/sha256/${digest.slice('sha256:'.length)}`, content)),
  ];
}

/** Writes the archive whole or not at all. */
export function writeArchive(path: string, images: readonly Image[]): void {
  const partial = `${path}.partial-${process.pid}`;
  const descriptor = openSync(partial, 'w');
  try {
    for (const part of tar(archiveEntries(images))) {
      for (let written = 0; written < part.length;) written += writeSync(descriptor, part, written);
    }
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, path);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
