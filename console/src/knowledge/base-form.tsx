import { Input } from 'antd';
import { useId, useState } from 'react';
import type { KnowledgeBase } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';

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
  return (
    <FormDialog
      title={title}
      action={t('action.save')}
      isReady={name.trim() !== ''}
      onSubmit={() => onSubmit(name.trim(), description.trim())}
      onClose={onClose}
    >
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
    </FormDialog>
  );
}
