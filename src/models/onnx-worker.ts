// The thread in which a local model computes, so that streams in the same process go on meanwhile.

import { parentPort, workerData } from 'node:worker_threads';
import { type InferenceOptions, loadInference } from './onnx-inference.ts';

export interface OnnxJob {
  id: number;
  texts: readonly string[];
}

export type OnnxResult = { id: number; vectors: Float32Array[] } | { id: number; failure: string };

const inference = loadInference(workerData as InferenceOptions);
// Said to whoever asks first; nobody may have asked yet.
inference.catch(() => {});

parentPort!.on('message', (job: OnnxJob) => {
  inference
    .then((loaded) => loaded.run(job.texts))
    .then(
      (vectors): OnnxResult => ({ id: job.id, vectors }),
      (error: unknown): OnnxResult => ({ id: job.id, failure: String(error) }),
    )
    .then((result) => parentPort!.postMessage(result, buffersOf(result)))
    .catch((error: unknown) => {
      throw error;
    });
});

/** Handed over instead of copied. */
function buffersOf(result: OnnxResult): ArrayBuffer[] {
  return 'vectors' in result ? result.vectors.map((vector) => vector.buffer as ArrayBuffer) : [];
}
