import { Button, Input, Modal } from 'antd';
import { type FormEvent, useId, useState } from 'react';
import type { KnowledgeBase } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';

export interface BaseFormProps {
  title: string;
  base: KnowledgeBase | null;
  onSubmit: (name: string, description: string) => Promise<void>;
  onClose: () => void;
}

/** Name and description of a knowledge base. */
export function BaseForm({ title, base, onSubmit, onClose }: BaseFormProps) {
  const t = useText();
  const id = useId();
  const [name, setName] = useState(base?.name ?? '');
  const [description, setDescription] = useState(base?.description ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '' || busy) return;
    setBusy(true);
    setError(null);
    try {
      await onSubmit(name.trim(), description.trim());
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal open centered title={title} footer={null} width={440} onCancel={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <label htmlFor={`${id}-name`}>{t('knowledge.name')}</label>
        <Input
          id={`${id}-name`}
          autoFocus
          maxLength={120}
          value={name}
          placeholder={t('knowledge.namePlaceholder')}
          onChange={(event) => setName(event.target.value)}
        />
        <label htmlFor={`${id}-description`}>{t('knowledge.description')}</label>
        <Input.TextArea
          id={`${id}-description`}
          rows={3}
          maxLength={500}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
        {error !== null && <ErrorNotice error={error} />}
        <div className="row-end">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="primary" htmlType="submit" loading={busy} disabled={name.trim() === ''}>
            {t('action.save')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
