import { ApiError, errorFromBody, unreachable } from './api-error.ts';
import { noteReached } from './connectivity.ts';
import { authorization, recoverFromUnauthorized } from './session.ts';
import type { KnowledgeDocument } from './types.ts';

export interface UploadOptions {
  knowledgeBaseId: string;
  file: File;
  /** The file id whose place the new one takes. */
  replaces?: string | null;
  /** 0 to 1. */
  onProgress: (fraction: number) => void;
  signal: AbortSignal;
}

/** Uploads with XMLHttpRequest, because fetch does not tell how much has been sent. @throws ApiError */
export async function uploadDocument(options: UploadOptions): Promise<KnowledgeDocument> {
  const headers = await authorization();
  try {
    return await post(options, headers);
  } catch (error) {
    const mayRetry = error instanceof ApiError && error.status === 401;
    if (!mayRetry || !(await recoverFromUnauthorized(headers['authorization']))) throw error;
    return await post(options, await authorization());
  }
}

function post(options: UploadOptions, headers: Record<string, string>): Promise<KnowledgeDocument> {
  const { knowledgeBaseId, file, replaces, onProgress, signal } = options;
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open('POST', `/v1/vector_stores/${knowledgeBaseId}/documents`);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    call.addEventListener('load', () => {
      noteReached();
      if (call.status >= 200 && call.status < 300) {
        resolve(JSON.parse(call.responseText) as KnowledgeDocument);
      } else {
        reject(errorFromBody(call.status, call.responseText, call.getResponseHeader('x-request-id')));
      }
    });
    call.addEventListener('error', () => reject(unreachable(null)));
    call.addEventListener('abort', () => reject(new DOMException('The upload was stopped.', 'AbortError')));
    signal.addEventListener('abort', () => call.abort(), { once: true });
    const form = new FormData();
    // Fields go before the file: a streaming parser reads them first.
    if (replaces) form.set('replaces', replaces);
    form.set('file', file, file.name);
    call.send(form);
  });
}
