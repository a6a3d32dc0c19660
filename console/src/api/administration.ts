import { request } from './client.ts';
import type { ApiKey, List, Role, User } from './types.ts';

export interface NewUser {
  username: string;
  display_name: string;
  role: Role;
  password?: string;
}

export async function listUsers(signal?: AbortSignal): Promise<User[]> {
  return rows(await request<List<User> | User[]>('/ops/users', { signal }));
}

export function createUser(user: NewUser): Promise<User> {
  return request('/ops/users', { method: 'POST', body: user });
}

export function updateUser(
  id: string,
  change: Partial<NewUser> & { reset_password?: true; operator?: boolean },
): Promise<User> {
  return request(`/ops/users/${id}`, { method: 'PATCH', body: change });
}

export function deleteUser(id: string): Promise<unknown> {
  return request(`/ops/users/${id}`, { method: 'DELETE' });
}

export async function listKeys(signal?: AbortSignal): Promise<ApiKey[]> {
  return rows(await request<List<ApiKey> | ApiKey[]>('/ops/keys', { signal }));
}

export function createKey(key: { name: string; role: Role; expires_in_days?: number }): Promise<ApiKey> {
  return request('/ops/keys', { method: 'POST', body: key });
}

export function deleteKey(id: string): Promise<unknown> {
  return request(`/ops/keys/${id}`, { method: 'DELETE' });
}

export function changePassword(currentPassword: string, newPassword: string): Promise<unknown> {
  return request('/auth/password', {
    method: 'POST',
    body: { current_password: currentPassword, new_password: newPassword },
  });
}

function rows<T>(answer: List<T> | T[]): T[] {
  return Array.isArray(answer) ? answer : answer.data;
}
