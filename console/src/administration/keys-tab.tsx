import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { deleteKey, listKeys } from '../api/administration.ts';
import { session } from '../api/session.ts';
import type { ApiKey } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { formatDate } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { DataTable } from '../shell/data-table.tsx';
import { Loading } from '../shell/loading.tsx';
import { useFeedback } from '../shell/use-feedback.ts';
import { useObservable } from '../store/observable.ts';
import { useLoad } from '../store/use-load.ts';
import { KeyForm } from './key-form.tsx';
import { SecretOnce } from './secret-once.tsx';

export function KeysTab() {
  const t = useText();
  const language = useLanguage();
  const { confirm, fail } = useFeedback();
  const { generation } = useObservable(session);
  const keys = useLoad(`keys:${generation}`, listKeys);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<ApiKey | null>(null);

  const active = (keys.value ?? []).filter((key) => !key.revoked_at);

  const remove = async (key: ApiKey) => {
    const text = t('keys.deleteText', { name: inLanguage(language, key.name) });
    if (!(await confirm({ title: t('keys.deleteTitle'), text, action: t('keys.revoke'), danger: true })))
      return;
    await deleteKey(key.id);
    await keys.reload();
  };

  return (
    <div className="documents">
      <div className="row-between">
        <p className="muted">{t('keys.intro')}</p>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
          {t('keys.create')}
        </Button>
      </div>
      <Loading of={keys} />
      {keys.value !== null && active.length === 0 && <p className="muted">{t('keys.none')}</p>}
      {active.length > 0 && (
        <DataTable columns={[t('keys.name'), t('users.role'), t('keys.expires'), t('keys.lastUsed')]}>
          {active.map((key) => (
            <tr key={key.id}>
              <td className="document-name">
                <div className="document-text-cell">
                  <strong>{inLanguage(language, key.name)}</strong>
                  {key.hint && <code className="muted small">{key.hint}</code>}
                </div>
              </td>
              <td data-label={t('users.role')}>{t(`role.${key.role}`)}</td>
              <td data-label={t('keys.expires')}>
                {key.expires_at ? formatDate(language, key.expires_at) : t('keys.never')}
              </td>
              <td data-label={t('keys.lastUsed')}>
                {key.last_used_at ? formatDate(language, key.last_used_at) : '–'}
              </td>
              <td className="document-menu">
                <Button
                  type="text"
                  danger
                  icon={<DeleteOutlined />}
                  aria-label={t('keys.delete', { name: inLanguage(language, key.name) })}
                  onClick={() => remove(key).catch(fail)}
                />
              </td>
            </tr>
          ))}
        </DataTable>
      )}
      {creating && (
        <KeyForm
          onClose={() => setCreating(false)}
          onCreated={(key) => {
            setCreating(false);
            setSecret(key);
            void keys.reload();
          }}
        />
      )}
      {secret?.key !== undefined && (
        <SecretOnce
          title={t('keys.keyOf', { name: secret.name })}
          secret={secret.key}
          onClose={() => setSecret(null)}
        />
      )}
    </div>
  );
}
