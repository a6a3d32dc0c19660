import { Button, Input, Modal } from 'antd';
import { useState } from 'react';
import { deleteKnowledgeBase } from '../api/knowledge.ts';
import type { KnowledgeBase } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';

/** Deleting a knowledge base takes its name, typed. */
export function DeleteBase({
  base,
  onDeleted,
  onClose,
}: {
  base: KnowledgeBase;
  onDeleted: () => void;
  onClose: () => void;
}) {
  const t = useText();
  const name = inLanguage(useLanguage(), base.name);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isConfirmed = typed.trim() === name.trim();
  const remove = async () => {
    if (!isConfirmed || busy) return;
    setBusy(true);
    try {
      await deleteKnowledgeBase(base.id);
      onDeleted();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      centered
      title={t('knowledge.deleteTitle', { name })}
      footer={null}
      width={440}
      onCancel={onClose}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void remove();
        }}
      >
        <p className="muted">{t('knowledge.deleteText', { count: base.file_counts?.total ?? 0 })}</p>
        <label htmlFor="delete-base-name">{t('knowledge.deleteConfirm', { name })}</label>
        <Input
          id="delete-base-name"
          autoFocus
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {error !== null && <ErrorNotice error={error} />}
        <div className="row-end">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button danger type="primary" htmlType="submit" disabled={!isConfirmed} loading={busy}>
            {t('action.delete')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
