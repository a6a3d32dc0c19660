import { BookOutlined, MessageOutlined, SettingOutlined } from '@ant-design/icons';
import { type ComponentType, lazy } from 'react';
import type { Role } from '../api/types.ts';
import type { TextKey } from '../i18n/text.ts';

export interface Room {
  id: string;
  label: TextKey;
  icon: ComponentType;
  /** Who sees it; null for everyone. */
  role: Role | null;
  Component: ComponentType<{ id: string | null }>;
}

/** Each room is a bundle of its own, loaded when it is first entered. */
export const rooms: readonly Room[] = [
  {
    id: 'chat',
    label: 'room.chat',
    icon: MessageOutlined,
    role: null,
    Component: lazy(() => import('../chat/chat-room.tsx')),
  },
  {
    id: 'knowledge',
    label: 'room.knowledge',
    icon: BookOutlined,
    role: null,
    Component: lazy(() => import('../knowledge/knowledge-room.tsx')),
  },
  {
    id: 'administration',
    label: 'room.administration',
    icon: SettingOutlined,
    role: 'owner',
    Component: lazy(() => import('../administration/administration-room.tsx')),
  },
];
