import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Bundles a module of workflows into one file. Loads webpack: some 150 MB that a worker should not keep. */
export const bundleWorkflows = async (entry: string, target: string): Promise<void> => {
  const quiet = () => {};
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger });
  await writeFile(target, code);
};
