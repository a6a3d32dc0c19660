import { readLocal, writeLocal } from '../store/local.ts';
import { Observable } from '../store/observable.ts';
import { ApiError, errorFromBody, unreachable } from './api-error.ts';
import { noteReached, noteUnreachable } from './connectivity.ts';
import type { Account, Session, Workspace } from './types.ts';

export interface SessionState {
  /** 'expired': someone is at work and has to sign in again; the page stays as it is underneath. */
  status: 'starting' | 'unreachable' | 'signed-out' | 'signed-in' | 'expired';
  account: Account | null;
  workspaces: Workspace[];
  workspaceId: string | null;
  /** Grows with every sign-in, so that views load again what failed meanwhile. */
  generation: number;
}

export const session = new Observable<SessionState>({
  status: 'starting',
  account: null,
  workspaces: [],
  workspaceId: null,
  generation: 0,
});

/** Refreshed this long before it runs out, so that no request is sent twice without need. */
const renewBeforeMs = 15_000;

/** Kept in memory only: a script that reads localStorage finds no credentials. */
let accessToken: string | null = null;
let expiresAt = 0;
let refreshing: Promise<void> | null = null;

export function currentWorkspace(state: SessionState): Workspace | null {
  return state.workspaces.find((workspace) => workspace.id === state.workspaceId) ?? null;
}

/** Namespaces what is kept in the browser, so that two people on one machine never see each other's drafts. */
export function storageScope(): string {
  const { account, workspaceId } = session.get();
  return `${account?.id ?? 'nobody'}:${workspaceId ?? 'none'}`;
}

export async function startSession(): Promise<void> {
  session.update((state) => ({ ...state, status: 'starting' }));
  try {
    await refresh();
  } catch (error) {
    const isRefusal = error instanceof ApiError && !error.isPassing;
    session.update((state) => ({ ...state, status: isRefusal ? 'signed-out' : 'unreachable' }));
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  adopt(await authPost<Session>('/auth/sign-in', { username, password }), { isNew: true });
}

export async function signOut(): Promise<void> {
  await authPost('/auth/sign-out', {}).catch(() => undefined);
  accessToken = null;
  expiresAt = 0;
  session.update((state) => ({
    ...state,
    status: 'signed-out',
    account: null,
    workspaces: [],
    workspaceId: null,
  }));
}

export function notePasswordChanged(): void {
  session.update((state) => ({
    ...state,
    account: state.account && { ...state.account, must_change_password: false },
  }));
}

export function chooseWorkspace(workspaceId: string): void {
  writeLocal('workspace', workspaceId);
  session.update((state) => ({ ...state, workspaceId, generation: state.generation + 1 }));
}

/** Headers for one request; renews the token first when it is about to run out. */
export async function authorization(): Promise<Record<string, string>> {
  if (accessToken !== null && Date.now() > expiresAt - renewBeforeMs) await refresh().catch(() => undefined);
  const headers: Record<string, string> = {};
  if (accessToken !== null) headers['authorization'] = `Bearer ${accessToken}`;
  const { workspaceId } = session.get();
  if (workspaceId !== null) headers['x-budao-workspace'] = workspaceId;
  return headers;
}

/** After a 401: true when a new token was had. Otherwise the session is over and the sign-in opens. */
export async function recoverFromUnauthorized(usedHeader: string | undefined): Promise<boolean> {
  // Another request has renewed the token since this one was sent.
  if (accessToken !== null && usedHeader !== `Bearer ${accessToken}`) return true;
  try {
    await refresh();
    return true;
  } catch (error) {
    if (error instanceof ApiError && !error.isPassing) {
      accessToken = null;
      session.update((state) => ({
        ...state,
        status: state.status === 'signed-in' ? 'expired' : state.status,
      }));
    }
    return false;
  }
}

/** One refresh at a time, across tabs too: a refresh token that is used twice ends the session. */
function refresh(): Promise<void> {
  refreshing ??= withTabLock(async () => {
    adopt(await authPost<Session>('/auth/refresh', {}), { isNew: false });
  }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function withTabLock(work: () => Promise<void>): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return await work();
  await locks.request('budao-refresh', work);
}

function adopt(fresh: Session, { isNew }: { isNew: boolean }): void {
  accessToken = fresh.access_token;
  expiresAt = Date.now() + fresh.expires_in * 1000;
  const wanted = session.get().workspaceId ?? readLocal<string | null>('workspace', null);
  const workspace = fresh.workspaces.find(({ id }) => id === wanted) ?? fresh.workspaces[0];
  session.update((state) => ({
    status: 'signed-in',
    account: fresh.account,
    workspaces: fresh.workspaces,
    workspaceId: workspace?.id ?? null,
    generation: isNew || state.status !== 'signed-in' ? state.generation + 1 : state.generation,
  }));
}

async function authPost<T>(path: string, body: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch (error) {
    noteUnreachable();
    throw unreachable(error);
  }
  noteReached();
  const text = await answer.text();
  if (!answer.ok) throw errorFromBody(answer.status, text, answer.headers.get('x-request-id'));
  return (text === '' ? null : JSON.parse(text)) as T;
}
