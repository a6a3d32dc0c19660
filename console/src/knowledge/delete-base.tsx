import { Input } from 'antd';
import { useId, useState } from 'react';
import { deleteKnowledgeBase } from '../api/knowledge.ts';
import type { KnowledgeBase } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';

export interface DeleteBaseProps {
  base: KnowledgeBase;
  onDeleted: () => void;
  onClose: () => void;
}

/** Deleting a knowledge base takes its name, typed. */
export function DeleteBase({ base, onDeleted, onClose }: DeleteBaseProps) {
  const t = useText();
  const id = useId();
  const name = inLanguage(useLanguage(), base.name);
  const [typed, setTyped] = useState('');
  const remove = async () => {
    await deleteKnowledgeBase(base.id);
    onDeleted();
  };
  return (
    <FormDialog
      title={t('knowledge.deleteTitle', { name })}
      action={t('action.delete')}
      danger
      isReady={typed.trim() === name.trim()}
      onSubmit={remove}
      onClose={onClose}
    >
      <p className="muted">{t('knowledge.deleteText', { count: base.file_counts?.total ?? 0 })}</p>
      <label htmlFor={id}>{t('knowledge.deleteConfirm', { name })}</label>
      <Input
        id={id}
        autoFocus
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </FormDialog>
  );
}
