import { uploadDocument } from '../api/upload.ts';
import { Observable } from '../store/observable.ts';

export interface Upload {
  key: number;
  knowledgeBaseId: string;
  file: File;
  replaces: string | null;
  status: 'waiting' | 'sending' | 'done' | 'failed';
  /** 0 to 1. */
  fraction: number;
  error: unknown;
}

/** Two at a time keep the line busy and leave connections free for the rest of the page. */
const concurrency = 2;

/** Uploads go on whichever room is open. */
export class Uploads {
  readonly state = new Observable<readonly Upload[]>([]);
  /** Called when a file has arrived. */
  onArrived: (upload: Upload) => void = () => {};
  readonly #send: typeof uploadDocument;
  readonly #controllers = new Map<number, AbortController>();
  #lastKey = 0;

  constructor(send: typeof uploadDocument = uploadDocument) {
    this.#send = send;
  }

  add(knowledgeBaseId: string, files: readonly File[], replaces: string | null = null): void {
    const fresh = files.map((file): Upload => {
      this.#lastKey += 1;
      const key = this.#lastKey;
      return { key, knowledgeBaseId, file, replaces, status: 'waiting', fraction: 0, error: null };
    });
    this.state.update((old) => [...old, ...fresh]);
    this.#pump();
  }

  retry(key: number): void {
    this.#change(key, { status: 'waiting', fraction: 0, error: null });
    this.#pump();
  }

  /** Stops it, if it is on its way, and takes it off the list. */
  dismiss(key: number): void {
    this.#controllers.get(key)?.abort();
    this.state.update((old) => old.filter((upload) => upload.key !== key));
    this.#pump();
  }

  #pump(): void {
    const uploads = this.state.get();
    let free = concurrency - uploads.filter(({ status }) => status === 'sending').length;
    for (const upload of uploads) {
      if (free <= 0) return;
      if (upload.status !== 'waiting') continue;
      free -= 1;
      void this.#run(upload);
    }
  }

  async #run(upload: Upload): Promise<void> {
    const { key, knowledgeBaseId, file, replaces } = upload;
    const controller = new AbortController();
    this.#controllers.set(key, controller);
    this.#change(key, { status: 'sending' });
    try {
      const onProgress = (fraction: number) => this.#change(key, { fraction });
      await this.#send({ knowledgeBaseId, file, replaces, onProgress, signal: controller.signal });
      this.state.update((old) => old.filter((other) => other.key !== key));
      this.onArrived(upload);
    } catch (error) {
      if (!controller.signal.aborted) this.#change(key, { status: 'failed', error });
    } finally {
      this.#controllers.delete(key);
      this.#pump();
    }
  }

  #change(key: number, change: Partial<Upload>): void {
    this.state.update((old) => old.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)));
  }
}

export const uploads = new Uploads();
