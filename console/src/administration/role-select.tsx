import { Select } from 'antd';
import type { Role } from '../api/types.ts';
import { useText } from '../i18n/text.ts';

const ROLES: readonly Role[] = ['reader', 'editor', 'owner'];

export interface RoleSelectProps {
  id?: string;
  value: Role;
  disabled?: boolean;
  label: string;
  onChange: (role: Role) => void;
}

export function RoleSelect({ id, value, disabled = false, label, onChange }: RoleSelectProps) {
  const t = useText();
  return (
    <Select<Role>
      {...(id === undefined ? {} : { id })}
      value={value}
      disabled={disabled}
      aria-label={label}
      popupMatchSelectWidth={false}
      onChange={onChange}
      options={ROLES.map((role) => ({
        value: role,
        label: `${t(`role.${role}`)} · ${t(`role.${role}.text`)}`,
      }))}
      labelRender={({ value: role }) => t(`role.${role as Role}`)}
    />
  );
}
