import { join } from 'node:path';
import { Service } from '../support/service.ts';
import type { EngineCase } from './engine-case.ts';

export const SETTINGS_CASES: readonly EngineCase[] = [
  {
    name: 'a node that has other models in its settings than the others',
    provoke: async (stage) => {
      const dataDir = join(stage.folder, 'second');
      const other = await Service.start({
        dataDir,
        environment: {
          ...stage.environment,
          BUDAO_DATA_DIR: dataDir,
          BUDAO_NODE: 'second',
          BUDAO_MODEL_BASE_URL: 'http://127.0.0.1:9/v1',
          BUDAO_MODEL_NAME: 'other',
        },
      });
      return async () => {
        await other.stop();
      };
    },
    check: { kind: 'nodes', says: /Other settings than here are in force on: second\..*one budao\.yaml/ },
    asking: null,
    uploading: null,
    isReady: true,
    readiness: /\[-\]nodes failed \(not required\): Other settings than here are in force on: second/,
  },
];
