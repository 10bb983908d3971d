import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const beside = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

/** The product's workflows with the interceptors of this suite. */
export const bundle = async (target: string): Promise<void> => {
  const quiet = () => {};
  const { code } = await bundleWorkflowCode({
    workflowsPath: beside('../../workflows/index'),
    workflowInterceptorModules: [beside('./heartbeats')],
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  await writeFile(target, code);
};
