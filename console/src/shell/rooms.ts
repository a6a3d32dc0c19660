import {
  AimOutlined,
  BookOutlined,
  HeartOutlined,
  MessageOutlined,
  SettingOutlined,
} from '@ant-design/icons';
import { type ComponentType, lazy } from 'react';
import type { Role } from '../api/types.ts';
import type { TextKey } from '../i18n/text.ts';

export interface Room {
  id: string;
  label: TextKey;
  icon: ComponentType;
  /** The least role that sees it. */
  role: Role;
  Component: ComponentType<{ id: string | null }>;
}

/** Each room is a bundle of its own, loaded when it is first entered. */
const rooms: readonly Room[] = [
  {
    id: 'chat',
    label: 'room.chat',
    icon: MessageOutlined,
    role: 'reader',
    Component: lazy(() => import('../chat/chat-room.tsx')),
  },
  {
    id: 'knowledge',
    label: 'room.knowledge',
    icon: BookOutlined,
    role: 'reader',
    Component: lazy(() => import('../knowledge/knowledge-room.tsx')),
  },
  {
    id: 'resilience',
    label: 'room.resilience',
    icon: HeartOutlined,
    role: 'editor',
    Component: lazy(() => import('../resilience/resilience-room.tsx')),
  },
  {
    id: 'quality',
    label: 'room.quality',
    icon: AimOutlined,
    role: 'editor',
    Component: lazy(() => import('../quality/quality-room.tsx')),
  },
  {
    id: 'administration',
    label: 'room.administration',
    icon: SettingOutlined,
    role: 'owner',
    Component: lazy(() => import('../administration/administration-room.tsx')),
  },
];

const ROLES: readonly Role[] = ['reader', 'editor', 'owner'];

/** Of somebody without a workspace nothing is known but that they may ask. */
export function roomsFor(role: Role | undefined): readonly Room[] {
  const rank = ROLES.indexOf(role ?? 'reader');
  return rooms.filter((room) => ROLES.indexOf(room.role) <= rank);
}
