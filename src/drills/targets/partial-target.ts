import { createHash } from 'node:crypto';
import type { ProbeKind, WriteKind } from '../log/facts.ts';
import { HttpClient, TargetError } from './http-client.ts';
import type {
  AcknowledgedWrite,
  AskOptions,
  DrillTarget,
  FollowedAnswer,
  FoundWrite,
  TargetSettings,
  WantedWrite,
} from './target.ts';

/** What a system offers nothing for is refused by name; `probes` and `writes` keep a drill from asking for it. */
export abstract class PartialTarget implements DrillTarget {
  abstract readonly probes: readonly ProbeKind[];
  abstract readonly writes: readonly WriteKind[];
  protected readonly settings: TargetSettings;
  protected readonly client: HttpClient;

  constructor(settings: TargetSettings) {
    this.settings = settings;
    const headers = settings.apiKey == null ? {} : { authorization: `Bearer ${settings.apiKey}` };
    this.client = new HttpClient(settings.urls, headers);
  }

  abstract signIn(signal: AbortSignal): Promise<void>;
  abstract ask(question: string, options: AskOptions): Promise<FollowedAnswer>;

  async prepare(_signal: AbortSignal): Promise<TargetSettings> {
    return this.settings;
  }

  async upload(
    _document: { name: string; text: string; key: string },
    _signal: AbortSignal,
  ): Promise<AcknowledgedWrite> {
    throw this.lacks('uploads');
  }

  async search(_query: string, _signal: AbortSignal): Promise<{ texts: string[]; mode: string | null }> {
    throw this.lacks('search');
  }

  async isSearchable(_uploadId: string, word: string, signal: AbortSignal): Promise<boolean> {
    const { texts } = await this.search(word, signal);
    return texts.some((text) => text.includes(word));
  }

  async write(
    kind: 'permission' | 'setting',
    _key: string,
    _signal: AbortSignal,
  ): Promise<AcknowledgedWrite> {
    throw this.lacks(`writing of a ${kind}`);
  }

  async find(kind: WriteKind, _wanted: WantedWrite, _signal: AbortSignal): Promise<FoundWrite> {
    throw this.lacks(`reading back of a ${kind}`);
  }

  async firingAlerts(_signal: AbortSignal): Promise<string[] | null> {
    return null;
  }

  protected lacks(what: string): TargetError {
    return new TargetError(`${this.settings.kind} offers no ${what} over HTTP`, null);
  }
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
