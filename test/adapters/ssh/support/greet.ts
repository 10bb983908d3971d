import { execute } from '../../../../adapters/ssh/execute.js';
import { createHosts } from '../../../../adapters/ssh/hosts.js';
import { QuorateError } from '../../../../model/failures/failure.js';

/** What a command on the host `cp1` of a configuration prints, or the error by which it was not reached. */
export const greet = async (configFile: string, home: string): Promise<string | QuorateError> => {
  const hosts = createHosts({ configFile, environment: {}, home });
  try {
    return await execute(hosts.host('cp1'), 'greet', 'echo in');
  } catch (error) {
    if (error instanceof QuorateError) return error;
    throw error;
  } finally {
    await hosts.close();
  }
};
