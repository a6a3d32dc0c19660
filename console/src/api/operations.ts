import type { AnswerMode, ModeReasonCode } from '../../../src/contract/answer.ts';
import { request } from './client.ts';
import type { ApiFailure, List } from './types.ts';

/** Times are seconds since 1970, by the server's clock. */
export interface SystemStatus {
  version: string;
  now: number;
  processes: ProcessState[];
}

export interface ProcessState {
  id: string;
  pid: number;
  role: string;
  version: string;
  started_at: number;
  seen_at: number;
  node: string | null;
  host: string | null;
  state: 'starting' | 'ready' | 'leaving' | 'silent';
  load: {
    cpu_cores: number | null;
    memory_bytes: number | null;
    loop_lag_seconds: number | null;
    workers_configured: number | null;
  } | null;
  run_count: number;
}

export interface Queue {
  kind: string;
  scope: 'workspace' | 'system' | 'other';
  workspace_id: string | null;
  workspace_name: string | null;
  running: number;
  waiting: number;
  deferred: number;
  later: number;
  longest_wait_seconds: number | null;
  longest_deferral_seconds: number | null;
}

export interface OpenRun {
  id: string;
  kind: string;
  created_at: number;
  deferral: {
    code: string;
    message: string;
    since: number;
    count: number;
    next_try_at: number | null;
  } | null;
}

export interface Modes {
  mode: AnswerMode | null;
  current: {
    mode: AnswerMode;
    mode_reason: string | null;
    mode_reason_code: ModeReasonCode | null;
    since: number | null;
    processes: number;
  }[];
  allowed_modes: AnswerMode[];
  deferred_answers: number;
}

export interface WorkspaceSettings {
  id: string;
  name: string;
  role?: string;
  allowed_modes: AnswerMode[];
}

export type Forcing = 'auto' | 'open' | 'closed';
export type CircuitCondition = 'closed' | 'half-open' | 'open';

export interface DependencyView {
  process_id: string;
  role: string;
  reported_at: number;
  condition: CircuitCondition;
  forced: Forcing;
  is_usable: boolean;
  changed_at: number;
  next_try_at: number | null;
  last_error: { code: string; message: string; at: number } | null;
  in_flight: number;
  waiting: number;
  p95_ms: number | null;
  calls: number;
  failures: number;
  refused: number;
}

export interface DependencyChange {
  version: number;
  name: string;
  forced: Forcing;
  note: string | null;
  actor: string | null;
  created_at: number;
}

export interface DependencyState {
  name: string;
  kind: string;
  forced: Forcing;
  override: DependencyChange | null;
  processes: DependencyView[];
}

export interface ModelEndpoint extends DependencyState {
  model: string;
  position: number;
}

export type Layer = 'machine' | 'service' | 'business';

interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Durations in seconds, ratios from 0 to 1. */
export type Signal = { name: string; layer: Layer } & (
  | { kind: 'counter'; total: number; points: number[] }
  | ({ kind: 'timing'; count: number; points: Quantiles[] } & Quantiles)
  | { kind: 'gauge'; values: Record<string, number>; points: (number | null)[] }
);

export interface Signals {
  seconds: number;
  point_seconds: number;
  covered_seconds: number;
  layers: Record<Layer, Signal[]>;
}

export type Severity = 'info' | 'warning' | 'critical';
type BothLanguages<T> = Record<'zh' | 'en', T>;
type RuleText = BothLanguages<{ title: string; advice: string }>;

export interface Alert {
  id: string;
  rule: string;
  subject: string;
  layer: Layer;
  severity: Severity;
  state: 'firing' | 'resolved';
  value: number | null;
  text: RuleText;
  fired_at: number;
  resolved_at: number | null;
  announced_at: number | null;
  acknowledged_at: number | null;
}

/** When a rule is broken. Which fields there are depends on its kind. */
export interface Condition {
  kind: 'ratio' | 'rise' | 'count' | 'quantile' | 'above' | 'below';
  of: string;
  to?: string[];
  seconds?: number;
  share?: number;
  threshold: number;
}

export interface AlertRule {
  id: string;
  layer: Layer;
  severity: Severity;
  condition: Condition;
  text: RuleText;
  silenced_until: number | null;
}

export type ChannelKind = 'webhook' | 'wecom' | 'dingtalk' | 'feishu' | 'email';
export type MailSecurity = 'tls' | 'starttls' | 'none';

export interface AlertChannel {
  id: string;
  kind: ChannelKind;
  name: string;
  min_severity: Severity;
  language: 'zh' | 'en';
  disabled: boolean;
  /** What may be shown; keys never come back. */
  settings: {
    address?: string;
    host?: string;
    port?: number;
    security?: MailSecurity;
    username?: string;
    from?: string;
    to?: string[];
  };
}

export interface AlertMessage {
  id: string;
  channel_id: string;
  is_test: boolean;
  alerts: { id: string; rule: string; subject: string; state: string }[];
  status: string;
  attempts: number;
  failure: ApiFailure | null;
  created_at: number;
}

const listOf = async <T>(path: string, signal?: AbortSignal, query = {}): Promise<T[]> =>
  (await request<List<T>>(path, { signal, query })).data;

export const readStatus = (signal: AbortSignal) => request<SystemStatus>('/ops/status', { signal });
export const listQueues = (signal: AbortSignal) => listOf<Queue>('/ops/queues', signal);
export const readModes = (signal: AbortSignal) => request<Modes>('/ops/modes', { signal });
export const listDependencies = (signal: AbortSignal) => listOf<DependencyState>('/ops/dependencies', signal);
export const listModels = (signal: AbortSignal) => listOf<ModelEndpoint>('/ops/models', signal);
export const listDependencyChanges = (signal: AbortSignal) =>
  listOf<DependencyChange>('/ops/dependencies/changes', signal);
export const listWorkspaces = (signal: AbortSignal) => listOf<WorkspaceSettings>('/ops/workspaces', signal);
export const listFiring = (signal: AbortSignal) =>
  listOf<Alert>('/ops/alerts', signal, { state: 'firing', limit: 100 });
export const listResolved = (signal: AbortSignal) =>
  listOf<Alert>('/ops/alerts', signal, { state: 'resolved', limit: 100 });
export const listRules = (signal: AbortSignal) => listOf<AlertRule>('/ops/alerts/rules', signal);
export const listChannels = (signal: AbortSignal) => listOf<AlertChannel>('/ops/alerts/channels', signal);
export const listMessages = (signal: AbortSignal) =>
  listOf<AlertMessage>('/ops/alerts/messages', signal, { limit: 10 });

/** Those of this workspace that wait for something to come back, the newest first. */
export async function listDeferred(signal: AbortSignal): Promise<OpenRun[]> {
  const queued = await listOf<OpenRun>('/ops/runs', signal, { status: 'queued', limit: 100 });
  return queued.filter(({ deferral }) => deferral !== null);
}

export function readSignals(seconds: number, signal: AbortSignal): Promise<Signals> {
  return request('/ops/signals', { query: { seconds }, signal });
}

export function forceDependency(name: string, forced: Forcing, note: string): Promise<unknown> {
  return request('/ops/dependencies', { method: 'POST', body: { name, forced, note: note || null } });
}

export function allowModes(workspaceId: string, modes: readonly AnswerMode[]): Promise<unknown> {
  return request(`/ops/workspaces/${workspaceId}`, { method: 'PATCH', body: { allowed_modes: modes } });
}

export function acknowledgeAlert(id: string): Promise<Alert> {
  return request(`/ops/alerts/${id}/acknowledge`, { method: 'POST' });
}

export function silenceRule(rule: string, seconds: number): Promise<unknown> {
  return request(`/ops/alerts/rules/${rule}/silence`, { method: 'POST', body: { seconds } });
}

export function endSilence(rule: string): Promise<unknown> {
  return request(`/ops/alerts/rules/${rule}/silence`, { method: 'DELETE' });
}

export function createChannel(body: object): Promise<AlertChannel> {
  return request('/ops/alerts/channels', { method: 'POST', body });
}

export function changeChannel(id: string, body: object): Promise<AlertChannel> {
  return request(`/ops/alerts/channels/${id}`, { method: 'PATCH', body });
}

export function deleteChannel(id: string): Promise<unknown> {
  return request(`/ops/alerts/channels/${id}`, { method: 'DELETE' });
}

/** Resolves with the outcome, up to twenty seconds later. */
export function testChannel(id: string): Promise<AlertMessage> {
  return request(`/ops/alerts/channels/${id}/test`, { method: 'POST' });
}
