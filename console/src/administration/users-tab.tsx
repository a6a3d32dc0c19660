import { DeleteOutlined, KeyOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox } from 'antd';
import { useState } from 'react';
import { deleteUser, listUsers, updateUser } from '../api/administration.ts';
import { session } from '../api/session.ts';
import type { Role, User } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { DataTable } from '../shell/data-table.tsx';
import { Loading } from '../shell/loading.tsx';
import { useFeedback } from '../shell/use-feedback.ts';
import { useObservable } from '../store/observable.ts';
import { useLoad } from '../store/use-load.ts';
import { RoleSelect } from './role-select.tsx';
import { SecretOnce } from './secret-once.tsx';
import { UserForm } from './user-form.tsx';

export function UsersTab() {
  const t = useText();
  const { confirm, fail } = useFeedback();
  const { generation, account } = useObservable(session);
  const users = useLoad(`users:${generation}`, listUsers);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<{ name: string; password: string } | null>(null);

  const changeRole = async (user: User, role: Role) => {
    await updateUser(user.id, { role });
    await users.reload();
  };
  const changeOperator = async (user: User, operator: boolean) => {
    await updateUser(user.id, { operator });
    await users.reload();
  };
  const resetPassword = async (user: User) => {
    const text = t('users.resetText', { name: user.username });
    if (!(await confirm({ title: t('users.resetTitle'), text, action: t('users.reset') }))) return;
    const { password } = await updateUser(user.id, { reset_password: true });
    if (password !== undefined) setSecret({ name: user.username, password });
  };
  const remove = async (user: User) => {
    const text = t('users.deleteText', { name: user.username });
    if (!(await confirm({ title: t('users.deleteTitle'), text, action: t('action.delete'), danger: true })))
      return;
    await deleteUser(user.id);
    await users.reload();
  };

  return (
    <div className="documents">
      <div className="row-end">
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
          {t('users.create')}
        </Button>
      </div>
      <Loading of={users} />
      {users.value !== null && (
        <DataTable columns={[t('users.name'), t('users.role'), t('users.operator')]}>
          {users.value.map((user) => (
            <tr key={user.id}>
              <td className="document-name">
                <div className="document-text-cell">
                  <strong>{user.display_name || user.username}</strong>
                  {user.display_name !== '' && user.display_name !== user.username && (
                    <span className="muted small">{user.username}</span>
                  )}
                </div>
              </td>
              <td data-label={t('users.role')}>
                <RoleSelect
                  value={user.role}
                  disabled={user.id === account?.id}
                  label={t('users.roleOf', { name: user.username })}
                  onChange={(role) => changeRole(user, role).catch(fail)}
                />
              </td>
              <td data-label={t('users.operator')}>
                <Checkbox
                  checked={user.operator}
                  disabled={account?.operator !== true || user.id === account.id}
                  aria-label={t('users.operatorOf', { name: user.username })}
                  title={t('users.operatorText')}
                  onChange={({ target }) => changeOperator(user, target.checked).catch(fail)}
                />
              </td>
              <td className="document-menu">
                <Button
                  type="text"
                  icon={<KeyOutlined />}
                  disabled={user.id === account?.id}
                  aria-label={t('users.resetOf', { name: user.username })}
                  title={t('users.reset')}
                  onClick={() => resetPassword(user).catch(fail)}
                />
                <Button
                  type="text"
                  danger
                  icon={<DeleteOutlined />}
                  disabled={user.id === account?.id}
                  aria-label={t('users.delete', { name: user.username })}
                  onClick={() => remove(user).catch(fail)}
                />
              </td>
            </tr>
          ))}
        </DataTable>
      )}
      {creating && (
        <UserForm
          onClose={() => setCreating(false)}
          onCreated={(user) => {
            setCreating(false);
            if (user.password !== undefined) setSecret({ name: user.username, password: user.password });
            void users.reload();
          }}
        />
      )}
      {secret !== null && (
        <SecretOnce
          title={t('users.passwordOf', { name: secret.name })}
          secret={secret.password}
          onClose={() => setSecret(null)}
        />
      )}
    </div>
  );
}
