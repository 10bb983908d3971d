// The executables of the lab: Kubernetes and etcd as one ("labkube"), and CoreDNS. Taken from the cache or built from source.
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findArchive, findReady, keep, unpack, type CachedProgram } from './cache.js';
import { cacheFolders, programSource, writableCacheFolder } from '../paths.js';
import type { Progress } from '../progress.js';
import { describeFailure, run } from '../shell.js';
import { COREDNS_VERSION, type KubernetesVersion } from './versions.js';

/** Needs of the Go tool: the `go` line of the modules. */
export const GO_VERSION_NEEDED = '1.26';

const BUILD_TIMEOUT_MS = 60 * 60_000;

interface Program {
  name: string;
  /** Main package, and the folder with its go.mod and go.sum. */
  source: string;
  module: string;
  linkerFlags: string;
}

export const labkube = (version: KubernetesVersion): Program => ({
  name: `labkube-${version}-linux-amd64`,
  source: programSource('labkube', 'main.go'),
  module: programSource('labkube', version),
  linkerFlags: ['-s -w', ...kubernetesVersionFlags(version)].join(' '),
});

export const coredns = (): Program => ({
  name: `coredns-${COREDNS_VERSION}-linux-amd64`,
  source: programSource('coredns', 'main.go'),
  module: programSource('coredns'),
  linkerFlags: '-s -w',
});

/** Whether the program can be had without building it. */
export function isCached(program: Program): boolean {
  return (
    findReady(program.name, writableCacheFolder()) !== undefined ||
    findArchive(program.name, cacheFolders()) !== undefined
  );
}

export async function provideProgram(program: Program, progress: Progress): Promise<CachedProgram> {
  const writable = writableCacheFolder();
  const ready = findReady(program.name, writable);
  if (ready !== undefined) return ready;
  const archive = findArchive(program.name, cacheFolders());
  if (archive !== undefined) {
    progress(`unpacking ${program.name}`);
    return unpack(program.name, archive, writable);
  }
  return build(program, writable, progress);
}

async function build(program: Program, writable: string, progress: Progress): Promise<CachedProgram> {
  progress(`building ${program.name} from source (once; some 5 to 10 minutes and 6 GB of Go build cache on two cores)`);
  const folder = join(writable, `build-${program.name}.partial-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    for (const name of ['go.mod', 'go.sum']) await cp(join(program.module, name), join(folder, name));
    await cp(program.source, join(folder, 'main.go'));
    const started = Date.now();
    let packages = 0;
    let reported = Date.now();
    const outcome = await run(
      'go',
      [
        'build',
        '-C',
        folder,
        '-v',
        '-mod=readonly',
        '-trimpath',
        '-buildvcs=false',
        '-ldflags',
        program.linkerFlags,
        '-o',
        'program',
        '.',
      ],
      {
        timeoutMs: BUILD_TIMEOUT_MS,
        environment: { CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'amd64', GOFLAGS: '' },
        onLine: (line) => {
          if (!line.startsWith('go: ')) packages += 1;
          if (Date.now() - reported < 5_000) return;
          reported = Date.now();
          const seconds = Math.round((reported - started) / 1000);
          progress(`building ${program.name}: ${seconds} s, ${packages} packages, now ${line.trim()}`);
        },
      },
    );
    if (outcome.code !== 0) throw new Error(describeFailure(`go build of ${program.name}`, outcome));
    progress(`built ${program.name} in ${Math.round((Date.now() - started) / 1000)} s`);
    return await keep(program.name, join(folder, 'program'), writable);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the release builds of Kubernetes stamp into their executables; kubeadm decides by it. */
function kubernetesVersionFlags(version: KubernetesVersion): string[] {
  const [major, minor] = version.slice(1).split('.');
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((variables) =>
    Object.entries({
      gitVersion: version,
      gitMajor: major,
      gitMinor: minor,
      gitTreeState: 'clean',
      gitCommit: '0'.repeat(40),
      buildDate: '2026-01-01T00:00:00Z',
    }).map(([name, value]) => `-X ${variables}.${name}=${value}`),
  );
}
