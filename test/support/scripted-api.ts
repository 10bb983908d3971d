import { startApiServer, type ApiServer } from './api-server.js';
import { startScriptedOperations, type ScriptedOperations } from './scripted-operations.js';

export interface ScriptedApi {
  readonly it: ScriptedOperations;
  readonly api: ApiServer;
  readonly stop: () => Promise<void>;
}

/** Scripted operations with a worker, and the HTTP API over them. */
export const startScriptedApi = async (): Promise<ScriptedApi> => {
  const it = await startScriptedOperations();
  await it.startWorker();
  const api = await startApiServer(it.client);
  const stop = async (): Promise<void> => {
    await api.stop();
    await it.stop();
  };
  return { it, api, stop };
};
