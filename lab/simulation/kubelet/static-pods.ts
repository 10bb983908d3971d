import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import type { Machine } from '../system/machine.js';
import { Container } from './container.js';
import type { PodSpec } from './container.js';

const folder = '/etc/kubernetes/manifests';

interface Manifest {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string;
      readonly image?: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes?: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[];
  };
}

/** The program of an image that names none in the manifest: by the image's name. */
const programOf = (image = ''): string => image.replace(/^.*\//, '').replace(/[:@].*$/, '');

/** The Pod in a manifest; undefined for what is none, such as a file that is being written. */
const readManifest = (text: string, host: string): PodSpec | undefined => {
  let manifest: Manifest | null;
  try {
    manifest = parse(text) as Manifest | null;
  } catch {
    return undefined;
  }
  const [container] = manifest?.spec?.containers ?? [];
  const name = manifest?.metadata?.name;
  if (container === undefined || name === undefined) return undefined;
  const { command = [programOf(container.image)], args = [], env = [], volumeMounts = [] } = container;
  const paths = new Map((manifest?.spec?.volumes ?? []).map((volume) => [volume.name, volume.hostPath?.path ?? '']));
  return {
    name: `${name}-${host}`,
    namespace: manifest?.metadata?.namespace ?? 'default',
    uid: createHash('md5').update(text).digest('hex'),
    container: container.name,
    command: [...command, ...args],
    environment: new Map(env.map((one) => [one.name, one.value ?? ''])),
    mounts: new Map(volumeMounts.map((mount) => [mount.mountPath, paths.get(mount.name) ?? ''])),
  };
};

/** Pods of a host: they are the runtime's, and go on while the kubelet does not run. */
export class StaticPods {
  readonly #containers = new Map<string, Container>();

  constructor(private readonly machine: Machine) {}

  all(): readonly Container[] {
    return [...this.#containers.values()];
  }

  named(container: string): Container | undefined {
    return this.all().find(({ pod }) => pod.container === container);
  }

  /** Brings what runs in line with the manifests; done by a kubelet that runs. */
  sync(nodeName: string): void {
    const { files } = this.machine;
    const wanted = new Map<string, PodSpec>();
    if (files.isDirectory(folder)) {
      for (const file of files.list(folder)) {
        // The kubelet passes over hidden files.
        if (file.startsWith('.')) continue;
        const pod = readManifest(files.readIfThere(`${folder}/${file}`) ?? '', nodeName);
        if (pod !== undefined) wanted.set(pod.uid, pod);
      }
    }
    for (const [uid, container] of this.#containers) {
      if (wanted.has(uid)) continue;
      container.stop();
      this.#containers.delete(uid);
    }
    for (const [uid, pod] of wanted) {
      const known = this.#containers.get(uid);
      if (known !== undefined) {
        // What ended while no kubelet ran.
        if (!known.isRunning && !known.isPending) known.start();
        continue;
      }
      const container = new Container(this.machine, pod);
      this.#containers.set(uid, container);
      container.start();
    }
  }

  /** What the runtime does when it is told to remove all Pods. */
  removeAll(): number {
    const count = this.#containers.size;
    for (const container of this.#containers.values()) container.stop();
    this.#containers.clear();
    return count;
  }

  /** The host went off: the runtime knows nothing of them afterwards. */
  forget(): void {
    this.removeAll();
  }
}

export const manifestFolder = folder;
