import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';

/** Where Debian's package `chromium` puts it; `npm run test:browser` installs it. */
const executablePath = '/usr/bin/chromium';

/** Pictures of every stage, for people to look at; not kept in the repository. */
const picturesFolder = fileURLToPath(new URL('../../../test-artefacts/browser', import.meta.url));

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly page: Page;
  /** Addresses that pages asked for and that are not on loopback; each such request was refused. */
  readonly outside: string[];
  /** Keeps a picture of the page as it is now, in `test-artefacts/browser`. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

const isLoopback = (address: string): boolean => {
  const { protocol, hostname } = new URL(address);
  return ['data:', 'blob:', 'about:'].includes(protocol) || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
};

/** A browser with a profile of its own, that reaches loopback alone. */
export const openBrowser = async (): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), 'quorate-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    viewport: { width: 1_440, height: 1_000 },
  });
  const outside: string[] = [];
  await context.route(
    (url) => !isLoopback(url.href),
    (route) => {
      outside.push(route.request().url());
      return route.abort();
    },
  );
  context.setDefaultTimeout(30_000);
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    outside,
    picture: async (name) => {
      mkdirSync(picturesFolder, { recursive: true });
      await page.screenshot({ path: join(picturesFolder, `${name}.png`) });
    },
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
};
